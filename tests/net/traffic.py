# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the table of sessions cannot say: bulk, timing, direction, owner, joining late."""
import os
import subprocess
from collections import Counter

from lib import (FAMILIES, Dialogue, Smtpscope, connect, inside, output, ports, wait_for)
from sessions import BODY, CASES, HELLO, MAIL, QUIT, STARTTLS, SWAKS, differences, play

LINE = b"RCPT TO:<user%05d@plain.test>\r\n"
LINES = 10_000
# Packets of 32 kB. With more replies than this under way the lab's wire, whose queue takes
# 1,000 packets, would lose some when the machine is busy.
LINES_AT_ONCE = 1_000


def must_say(scope, source_port, **names):
    line = scope.session(source_port)
    problems = list(differences(line, {name.replace("__", "."): value
                                       for name, value in names.items()}))
    return problems + [line] if problems else []


def pipelined(scope, family):
    """Big writes over a wire with segmentation offload: packets of 32 kB."""
    port = next(ports)
    features = output("client", "ethtool", "-k", "eth0")
    assert "tcp-segmentation-offload: on" in features, features
    sock = connect("plain.test", 25, family, port)
    dialogue = Dialogue(sock)
    dialogue.speak(HELLO + MAIL.removesuffix(" | "))
    for first in range(0, LINES, LINES_AT_ONCE):
        sock.sendall(b"".join(LINE % i for i in range(first, first + LINES_AT_ONCE)))
        replies = 0
        while replies < LINES_AT_ONCE:
            replies += sock.recv(65536).count(b"\n")
    dialogue.speak(QUIT)
    around = len("EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nQUIT\r\n")
    return must_say(scope, port, smtp__outcome="plaintext", smtp__rcpt_count=LINES,
                    smtp__mail_count=1, smtp__last_reply_code=221,
                    smtp__evidence__gap_bytes=0,
                    source__bytes=around + LINES * len(LINE % 0))


def told_at_once(scope, family):
    """The finding is in the log while the session is open, the session is not."""
    port = next(ports)
    dialogue = Dialogue(connect("plain.test", 25, family, port))
    dialogue.speak(HELLO + MAIL.removesuffix(" | "))
    wait_for("the finding line", lambda: {"plaintext-mail", "starttls-not-offered"} == {
        line["event.action"] for line in scope.lines("alert", port)})
    assert not scope.lines("event", port), "the session line came before its end"
    dialogue.speak(BODY + QUIT)
    return must_say(scope, port, smtp__outcome="plaintext", smtp__accepted_count=1)


def joined_late(scope, family, port, dialogue):
    """Connected and greeted before smtpscope started."""
    dialogue.speak(QUIT)
    return must_say(scope, port, smtp__outcome="undetermined", smtp__evidence__cause="midstream",
                    smtp__evidence__midstream=True, source__ip=FAMILIES[family] + "1")


def agreement(scope):
    """Lines, metrics and the kernel's counters tell the same story, and nothing is lost."""
    lines = [line for port in range(10000, next(ports)) for line in scope.lines("event", port)]
    in_lines = Counter(line["smtp.outcome"] for line in lines)
    in_metrics = Counter()
    metrics = scope.metrics()
    for name, value in metrics.items():
        if name.startswith("smtpscope_sessions_total{") and value:
            in_metrics[name.split('outcome="')[1].split('"')[0]] += int(value)
    problems = []
    if in_lines != in_metrics:
        problems.append(f"lines say {in_lines}, metrics {in_metrics}")
    problems += [f"{name} is {value}" for name, value in metrics.items()
                 if ("_lost_" in name or "_dropped_" in name) and value]
    missing = {case.outcome for case in CASES} - set(in_lines)
    if missing:
        problems.append(f"outcomes without a session: {missing}")
    return problems


def each_packet_counts_once(scope):
    metrics = scope.metrics()
    twice = [value for name, value in metrics.items() if "duplicate" in name]
    assert twice and twice[0] > 0, f"no packet was seen on a second device: {twice}"


def promtool_is_content(scope):
    for accept in ("text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"):
        body = output("server", "curl", "-sS", "-H", f"Accept: {accept}",
                      "http://127.0.0.1:10093/metrics")
        assert body.endswith("# EOF\n") == ("openmetrics" in accept), f"{accept}: {body[-80:]}"
        if "openmetrics" not in accept:
            done = subprocess.run(["promtool", "check", "metrics"], input=body, text=True,
                                  capture_output=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


def idle_or_one_sided(tap):
    """Nothing but silence ends these. To the client's address 2 the server's replies leave
    by eth1, which is not watched."""
    with Smtpscope("-i", "br0", "-i", "eth0", "--idle-timeout", "10") as scope:
        opened = [(family, source, next(ports)) for family in FAMILIES for source in (1, 2)]
        dialogues = [Dialogue(connect("plain.test", 25, family, port, source))
                     for family, source, port in opened]
        for dialogue in dialogues:
            dialogue.speak("220 | EHLO client.test | 250")
        for family, source, port in opened:
            wait_for("the sweep", lambda p=port: scope.lines("event", p), 20)
            name, outcome, cause = ("idle", "no_mail", None) if source == 1 else \
                ("one direction unseen", "undetermined", "one_sided")
            tap.run(f"ipv{family} {name}", lambda p=port, o=outcome, c=cause: must_say(
                scope, p, smtp__outcome=o, smtp__evidence__cause=c,
                smtp__evidence__one_sided=bool(c)))


def egress_and_its_owner(family):
    """On the client's side, the process that connected is known."""
    port, real = next(ports), next(ports)
    case = next(case for case in CASES if case.client == SWAKS + "-tls")
    with Smtpscope("-i", "eth0", namespace="client") as scope:
        Dialogue(connect("plain.test", 25, family, port)).speak(HELLO + QUIT)
        play(case, family, real)
        return must_say(scope, port, network__direction="egress", smtp__outcome="no_mail",
                        process__pid=os.getpid(), process__name="python3",
                        process__user__id="0") + \
            must_say(scope, real, network__direction="egress", smtp__outcome="starttls",
                     process__name="swaks", tls__established=True)


LISTENER = """
import socket
sock = socket.create_server(("192.0.2.40", 25))
print(flush=True)
peer = sock.accept()[0]
peer.sendall(b"220 here\\r\\n")
peer.recv(100)
"""


def ingress_and_its_owner():
    """On the server's side, the process that bound is known, if it bound since."""
    port = next(ports)
    with Smtpscope("-i", "br0") as scope, \
            subprocess.Popen(inside("server", "/usr/bin/python3", "-c", LISTENER),
                             stdout=subprocess.PIPE) as server:
        server.stdout.readline()
        Dialogue(connect("closed.test", 25, 4, port)).speak("220 | CLOSE")
        return must_say(scope, port, network__direction="ingress", process__pid=server.pid,
                        process__name="python3")


def loopback(family):
    """Both ends are here: lo carries each packet out and in."""
    port = next(ports)
    with Smtpscope("-i", "any") as scope:
        command = STARTTLS.format(host="modern.test", port=25, family=family, local=port,
                                  bind=f"[{FAMILIES[family]}11]")
        subprocess.run(inside("server", *command.split()), stdin=subprocess.DEVNULL, check=True,
                       capture_output=True, timeout=15)
        problems = must_say(scope, port, network__direction="local", smtp__outcome="starttls",
                            source__ip=FAMILIES[family] + "11", process__name="openssl")
        assert len(scope.lines("event", port)) == 1, "told twice"
        return problems


def run(tap, scope, label):
    for family in FAMILIES:
        tap.run(f"{label} ipv{family} {LINES} pipelined lines are counted exactly", pipelined,
                scope, family)
        tap.run(f"{label} ipv{family} findings are told at once", told_at_once, scope, family)
    tap.run(f"{label} lines and metrics agree, nothing is lost", agreement, scope)
    tap.run(f"{label} a packet on two devices counts once", each_packet_counts_once, scope)
    tap.run(f"{label} promtool accepts the metrics", promtool_is_content, scope)


def run_alone(tap):
    tap.run("idle sessions are told", idle_or_one_sided, tap)
    for family in FAMILIES:
        tap.run(f"ipv{family} egress and its owner", egress_and_its_owner, family)
        tap.run(f"ipv{family} loopback counts once", loopback, family)
    tap.run("ingress and its owner", ingress_and_its_owner)
