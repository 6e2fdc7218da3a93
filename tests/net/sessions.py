# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Real and hand-made clients against the lab's servers: one table, every outcome."""
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from lib import FAMILIES, LAB, Dialogue, connect, ports

SWAKS = ("swaks --server {host} --port {port} -{family} --local-port {local} "
         "--helo client.test --from a@client.test --to b@{host} --silent 3 ")
CURL = "curl -sS -k -m 10 -{family} --local-port {local} "
CURL_MAIL = CURL + "--mail-from a@client.test --mail-rcpt b@{host} -T {mail} "
OPENSSL = "openssl s_client -{family} -connect {host}:{port} -bind {bind}:{local} "
STARTTLS = OPENSSL + "-starttls smtp "
WEAK = "-cipher ALL:@SECLEVEL=0 "

HELLO = "220 | EHLO client.test | 250 | "
MAIL = "MAIL FROM:<a@client.test> | 250 | "
BODY = "RCPT TO:<b@x.test> | 250 | DATA | 354 | Subject: test\r\n\r\nhello\r\n. | 250 | "
QUIT = "QUIT | 221 | CLOSE"
# "\0user\0right" and "\0user\0wrong"
PLAIN, PLAIN_WRONG = "AUTH PLAIN AHVzZXIAcmlnaHQ= | 235 | ", "AUTH PLAIN AHVzZXIAd3Jvbmc= | 535 | "
LOGIN = "AUTH LOGIN | 334 | dXNlcg== | 334 | cmlnaHQ= | 235 | "

ABSENT = None
ROLES = {25: "relay", 465: "implicit", 587: "submission", 2525: "submission"}


@dataclass
class Case:
    """A client, who it talks to, and what its session line must say."""

    name: str
    host: str
    port: int
    client: str  # a command line of SWAKS, CURL or OPENSSL, or a Dialogue
    outcome: str
    expected: dict = field(default_factory=dict)


def expect(reason=ABSENT, findings=(), cause=ABSENT, **names):
    """smtp_x__y stands for smtp.x.y; ABSENT: the line must not have it."""
    expected = {"smtp.reason": reason, "smtp.findings": set(findings),
                "smtp.evidence.cause": cause, "smtp.evidence.gap_bytes": 0,
                "smtp.evidence.midstream": False}
    for name, value in names.items():
        expected[name.replace("__", ".")] = value
    return expected


def tls(version, **names):
    return expect(tls__established=True, tls__version=version, smtp__mail_count=ABSENT, **names)


CLEAR = {"smtp__mail_count": 1, "smtp__rcpt_count": 1, "smtp__accepted_count": 1,
         "smtp__last_reply_code": 221, "tls__established": False}
NOT_OFFERED = {"smtp__starttls__offered": "no", "smtp__starttls__requested": False}
ASKED = {"smtp__starttls__offered": "yes", "smtp__starttls__requested": True,
         "smtp__starttls__verb": "STARTTLS"}
TLS13 = {"tls__cipher": "TLS_AES_256_GCM_SHA384"}

CASES = (
    Case("curl_smtps", "modern", 465, CURL_MAIL + "smtps://{host}:{port}", "implicit_tls",
         tls("1.3", tls__client__server_name="modern.test", **TLS13)),
    Case("openssl_implicit_tls_12", "modern", 465, OPENSSL + "-tls1_2 -noservername",
         "implicit_tls", tls("1.2", tls__client__server_name=ABSENT,
                             tls__cipher="TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")),
    Case("implicit_tls_10_is_weak", "old", 465, OPENSSL + WEAK, "implicit_tls",
         tls("1.0", findings=["weak-tls"])),

    Case("swaks_starttls", "modern", 25, SWAKS + "-tls", "starttls",
         tls("1.3", smtp__starttls__reply_code=220, **ASKED, **TLS13)),
    Case("curl_starttls", "modern", 25, CURL_MAIL + "--ssl-reqd smtp://{host}:{port}", "starttls",
         tls("1.3", **ASKED)),
    Case("openssl_starttls_12", "modern", 25, STARTTLS + "-tls1_2 -servername sni.test",
         "starttls", tls("1.2", tls__client__server_name="sni.test", **ASKED)),
    Case("starttls_on_an_added_port", "modern", 2525, STARTTLS, "starttls",
         tls("1.3", **ASKED)),
    Case("auth_inside_tls_is_not_exposed", "modern", 587,
         SWAKS + "-tls --auth PLAIN --auth-user user --auth-password right", "starttls",
         tls("1.3", smtp__auth__mechanism=ABSENT)),
    Case("hello_retry_request", "retry", 25, STARTTLS + "-groups P-256:P-384", "starttls",
         tls("1.3")),
    Case("starttls_tls_10_is_weak", "old", 25, STARTTLS + WEAK, "starttls",
         tls("1.0", findings=["weak-tls"])),
    Case("multi_line_220", "wordy", 25, STARTTLS, "starttls",
         tls("1.3", smtp__starttls__reply_code=220)),
    Case("starttls_answered_250", "sloppy", 25, HELLO + "STARTTLS | 250 | TLS | EHLO client.test"
         " | 250 | " + QUIT, "starttls", tls("1.3", smtp__starttls__reply_code=250)),
    Case("commands_injected_behind_starttls", "modern", 25,
         HELLO + "STARTTLS\r\nNOOP | 220 | CLOSE", "starttls_failed",
         expect(findings=["starttls-injection", "tls-handshake-failed"], **ASKED)),
    Case("replies_injected_before_tls", "injected", 25, HELLO + "STARTTLS | 220 | 250 | TLS | "
         + QUIT, "starttls", tls("1.3", findings=["response-injection"])),
    Case("mail_refused_530_then_starttls", "modern", 587, HELLO + "MAIL FROM:<a@x.test> | 530 | "
         "STARTTLS | 220 | TLS | " + QUIT, "starttls", tls("1.3", **ASKED)),

    Case("swaks_to_plain", "plain", 25, SWAKS, "plaintext",
         expect("not_offered", ["plaintext-mail", "starttls-not-offered"], **NOT_OFFERED,
                **CLEAR)),
    Case("curl_to_plain", "plain", 25, CURL_MAIL + "smtp://{host}:{port}", "plaintext",
         expect("not_offered", ["plaintext-mail", "starttls-not-offered"], **NOT_OFFERED,
                **CLEAR)),
    Case("offered_not_requested", "modern", 25, SWAKS, "plaintext",
         expect("not_requested", ["plaintext-mail"], smtp__starttls__offered="yes",
                smtp__starttls__requested=False, **CLEAR)),
    Case("only_helo", "plain", 25, SWAKS + "--protocol SMTP", "plaintext",
         expect("helo", ["plaintext-mail"], smtp__starttls__offered="unknown", **CLEAR)),
    Case("ehlo_500_then_helo", "ancient", 25, "220 | EHLO client.test | 500 | HELO client.test | "
         "250 | " + MAIL + BODY + QUIT, "plaintext",
         expect("helo", ["plaintext-mail"], **CLEAR)),
    Case("keyword_masked", "masked", 25, SWAKS + "--tls-optional", "plaintext",
         expect("masked", ["plaintext-mail", "starttls-masked"], **CLEAR)),
    Case("starttls_refused_then_mail", "refusing", 25, SWAKS + "--tls-optional", "plaintext",
         expect("refused", ["plaintext-mail", "starttls-refused"], smtp__starttls__reply_code=454,
                **ASKED, **CLEAR)),
    Case("mail_in_clear_after_220", "forgetful", 25, HELLO + "STARTTLS | 220 | " + MAIL + BODY
         + QUIT, "plaintext",
         expect("handshake_failed", ["plaintext-mail", "tls-handshake-failed"], **ASKED,
                **CLEAR)),
    Case("auth_before_tls", "lax", 587, HELLO + PLAIN + "STARTTLS | 220 | TLS | " + QUIT,
         "plaintext", expect("before_tls", ["plaintext-auth"], tls__established=True,
                             smtp__auth__exposed=True, smtp__auth__reply_code=235, **ASKED)),
    Case("swaks_auth_plain_in_clear", "lax", 587,
         SWAKS + "--auth PLAIN --auth-user user --auth-password right", "plaintext",
         expect("not_requested", ["plaintext-mail", "plaintext-auth"],
                smtp__auth__mechanism="PLAIN", smtp__auth__exposed=True,
                smtp__auth__reply_code=235, **CLEAR)),
    Case("auth_login_in_clear", "lax", 587, HELLO + LOGIN + QUIT, "plaintext",
         expect("not_requested", ["plaintext-auth"], smtp__auth__mechanism="LOGIN",
                smtp__auth__exposed=True, smtp__mail_count=0)),
    Case("wrong_password_is_exposed_too", "plain", 587, HELLO + PLAIN_WRONG + QUIT, "plaintext",
         expect("not_offered", ["plaintext-auth", "starttls-not-offered"],
                smtp__auth__exposed=True, smtp__auth__reply_code=535)),
    Case("plaintext_on_465", "plain", 465, SWAKS, "plaintext",
         expect("not_offered", ["plaintext-mail", "starttls-not-offered",
                                "implicit-port-plaintext"], **CLEAR)),
    Case("verbs_in_a_body_are_text", "plain", 25, HELLO + MAIL + "RCPT TO:<b@x.test> | 250 | DATA"
         " | 354 | STARTTLS\r\nMAIL FROM:<x@y>\r\nRCPT TO:<z@y>\r\nAUTH PLAIN AHgAeA==\r\n."
         " | 250 | " + QUIT, "plaintext",
         expect("not_offered", ["plaintext-mail", "starttls-not-offered"], **NOT_OFFERED,
                smtp__auth__mechanism=ABSENT, **CLEAR)),
    Case("reset_by_client", "plain", 25, HELLO + MAIL + "RST", "plaintext",
         expect("not_offered", ["plaintext-mail", "starttls-not-offered"],
                smtp__mail_count=1, smtp__rcpt_count=0)),

    Case("cram_md5_keeps_the_secret", "lax", 587, HELLO + "AUTH CRAM-MD5 | 334 | dXNlciBkaWdlc3Q="
         " | 235 | " + QUIT, "no_mail",
         expect(smtp__auth__mechanism="CRAM-MD5", smtp__auth__exposed=False)),
    Case("greeted_and_gone", "modern", 25, "220 | QUIT | 221 | CLOSE", "no_mail",
         expect(smtp__starttls__offered="unknown", smtp__mail_count=0)),
    Case("greeted_554", "full", 25, "554 | CLOSE", "no_mail", expect(smtp__last_reply_code=554)),
    Case("mail_refused_530", "modern", 587, HELLO + "MAIL FROM:<a@x.test> | 530 | " + QUIT,
         "no_mail", expect(smtp__mail_count=1, smtp__accepted_count=0)),
    Case("tls_client_meets_plaintext", "plain", 25, OPENSSL, "no_mail",
         expect(findings=["tls-handshake-failed"], tls__established=False)),

    Case("closed_after_220", "closing", 25, STARTTLS, "starttls_failed",
         expect(findings=["tls-handshake-failed"], smtp__starttls__reply_code=220, **ASKED)),
    Case("reset_after_220", "resetting", 25, HELLO + "STARTTLS | 220 | CLOSE", "starttls_failed",
         expect(findings=["tls-handshake-failed"], **ASKED)),
    Case("no_version_in_common", "modern", 25, STARTTLS + "-tls1_1 " + WEAK, "starttls_failed",
         expect(findings=["tls-handshake-failed"], **ASKED)),
    Case("starttls_refused_then_quit", "refusing", 25, HELLO + "STARTTLS | 454 | " + QUIT,
         "starttls_failed", expect(findings=["starttls-refused"], smtp__starttls__reply_code=454)),

    Case("nobody_speaks", "silent", 25, "CLOSE", "silent", expect()),
    Case("http_on_25", "web", 25, CURL + "http://{host}:{port}/", "not_smtp", expect()),
    Case("http_on_465", "web", 465, CURL + "http://{host}:{port}/", "not_smtp", expect()),
    Case("ssh_on_25", "ssh", 25, "SSH-2.0-client | CLOSE", "not_smtp", expect()),

    Case("no_answer_to_the_syn", "absent", 25, CURL + "-m 1 http://{host}:{port}/", "unanswered",
         expect(smtp__last_reply_code=ABSENT)),
    Case("syn_refused_by_rst", "closed", 25, CURL + "http://{host}:{port}/", "refused", expect()),
    Case("syn_refused_by_icmp", "unreachable", 25, CURL + "http://{host}:{port}/", "refused",
         expect()),

    Case("tls_failed_on_465", "modern", 465, OPENSSL + "-tls1_1 " + WEAK, "undetermined",
         expect(cause="tls_failed", findings=["tls-handshake-failed"])),
)


def play(case, family, source_port):
    """Runs a case's client to its end. Real ones may fail: the line is judged."""
    host = case.host + ".test"
    if case.client.split(" ")[0] in ("swaks", "curl", "openssl"):
        command = case.client.format(
            host=host, port=case.port, family=family, local=source_port,
            bind={4: "0.0.0.0", 6: "[::]"}[family], mail=LAB / "mail")
        done = subprocess.run(shlex.split(command), stdin=subprocess.DEVNULL, timeout=15,
                              capture_output=True, check=False)
        return done.returncode
    dialogue = Dialogue(connect(host, case.port, family, source_port))
    dialogue.speak(case.client)
    return 0


def differences(line, expected):
    for name, value in expected.items():
        got = line.get(name)
        if isinstance(value, set) and got is not None:
            got = set(got)
        if got != value:
            yield f"{name} is {got!r}, not {value!r}"


def judge(case, family, source_port, scope, direction, future):
    future.result()
    line = scope.session(source_port)
    expected = {
        "event.action": "session", "network.direction": direction,
        "source.ip": FAMILIES[family] + "1", "destination.port": case.port,
        "smtp.role": ROLES[case.port],
        "smtp.outcome": case.outcome, **case.expected}
    problems = list(differences(line, expected))
    told = {alert["event.action"] for alert in scope.lines("alert", source_port)}
    if told != case.expected["smtp.findings"]:
        problems.append(f"finding lines are {told}, not {case.expected['smtp.findings']}")
    return problems + [line] if problems else []


def run(tap, scope, label, direction="ingress", cases=CASES):
    """All cases over both families, some at a time; then the lines are judged."""
    (LAB / "mail").write_text("Subject: test\r\n\r\nhello\r\n")
    with ThreadPoolExecutor(4) as pool:
        jobs = [(case, family, port, pool.submit(play, case, family, port))
                for family in FAMILIES for case, port in zip(cases, ports)]
    for case, family, port, future in jobs:
        tap.run(f"{label} ipv{family} {case.name}", judge, case, family, port, scope,
                direction, future)
