# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""smtpscope as a process: start, stop, being killed, bad input, bad circumstances."""
import json
import shutil
import signal
import stat
import subprocess
from pathlib import Path

from lib import LAB, SMTPSCOPE, Dialogue, Smtpscope, connect, inside, output, ports, wait_for
from sessions import HELLO, QUIT

DEVICES = ("eth0", "br0")
WATCHED = ("-i", "eth0", "-i", "br0")


def cgroup_programs():
    root = next(line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()
                if line.split()[2] == "cgroup2")
    listed = subprocess.run(["bpftool", "-j", "cgroup", "show", root], text=True, check=False,
                            capture_output=True).stdout
    return {program["id"] for program in json.loads(listed.strip() or "[]")}


def attached():
    """Programs on the server's devices: by TCX, by clsact."""
    tcx = sum(int(output("server", "/usr/bin/python3", Path(__file__).with_name("tcx.py"),
                         device)) for device in DEVICES)
    clsact = sum(output("server", "tc", "filter", "show", "dev", device, way).count("handle")
                 for device in DEVICES for way in ("ingress", "egress"))
    return {"tcx": tcx, "clsact": clsact}


def one_session(scope):
    port = next(ports)
    Dialogue(connect("plain.test", 25, 4, port)).speak(HELLO + QUIT)
    return scope.session(port)


def detaches(mode, number):
    other = {"tcx": "clsact", "clsact": "tcx"}[mode]
    before = cgroup_programs()
    with Smtpscope(*WATCHED, "--attach", mode) as scope:
        while_up = attached()
        assert while_up[mode] >= 2 * len(DEVICES) and not while_up[other], while_up
        one_session(scope)
        code = scope.stop(number)
        assert code == 0, f"exit {code}: {scope.said()}"
        assert attached() == {"tcx": 0, "clsact": 0}, attached()
        assert "clsact" not in output("server", "tc", "qdisc", "show"), "a qdisc was left"
        assert cgroup_programs() <= before, "programs were left at the cgroup root"
        said = scope.said()
        assert "192.0.2.10" in said and "no_mail" in said, f"no summary: {said}"


def others_stay():
    """A qdisc and a filter that somebody else made."""
    output("server", "tc", "qdisc", "add", "dev", "eth0", "clsact")
    try:
        output("server", "tc", "filter", "add", "dev", "eth0", "ingress", "prio", "7",
               "protocol", "ip", "u32", "match", "u32", "0", "0", "flowid", "1:1")
        with Smtpscope(*WATCHED, "--attach", "clsact") as scope:
            one_session(scope)
            scope.stop()
        left = output("server", "tc", "filter", "show", "dev", "eth0", "ingress")
        assert "pref 7 u32" in left and "bpf" not in left, left
    finally:
        output("server", "tc", "qdisc", "del", "dev", "eth0", "clsact")


def second_start_after_kill(mode):
    with Smtpscope(*WATCHED, "--attach", mode) as scope:
        one_session(scope)
        scope.stop(signal.SIGKILL)
    with Smtpscope(*WATCHED, "--attach", mode) as scope:
        one_session(scope)
        up = attached()
        assert up[mode] == 2 * len(DEVICES), up
        code = scope.stop()
        assert code == 0, f"exit {code}: {scope.said()}"
    assert attached() == {"tcx": 0, "clsact": 0}, attached()
    for device in DEVICES:
        subprocess.run(inside("server", "tc", "qdisc", "del", "dev", device, "clsact"),
                       capture_output=True, check=False)


def open_sessions_are_told_at_the_stop():
    port = next(ports)
    with Smtpscope(*WATCHED) as scope:
        dialogue = Dialogue(connect("plain.test", 25, 4, port))
        dialogue.speak("220 | EHLO client.test | 250")
        scope.stop()
        assert scope.session(port)["smtp.outcome"] == "no_mail"
        dialogue.speak(QUIT)


def table_on_sigusr1():
    with Smtpscope(*WATCHED) as scope:
        one_session(scope)
        scope.process.send_signal(signal.SIGUSR1)
        wait_for("the table of hosts", lambda: "192.0.2.10" in scope.said())
        assert scope.healthy("healthy")


def log_reopens_on_sighup():
    with Smtpscope(*WATCHED) as scope:
        one_session(scope)
        mode = stat.S_IMODE(scope.log.stat().st_mode)
        assert mode == 0o600, f"mode {mode:o}"
        scope.log.rename(scope.log.with_suffix(".old"))
        scope.process.send_signal(signal.SIGHUP)
        wait_for("the new log", scope.log.exists)
        one_session(scope)


def default_devices():
    with Smtpscope() as scope:
        said = scope.said()
        assert all(name in said for name in ("eth0", "eth1", "br0")), said
        assert "lo," not in said and " lo " not in said, said


def watch_beside_run():
    with Smtpscope(*WATCHED) as scope, \
            subprocess.Popen(inside("server", SMTPSCOPE, "watch", *WATCHED), text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert "watching" in watch.stderr.readline()
        port = one_session(scope)["source.port"]
        line = watch.stdout.readline()
        while line and "session" not in line:
            line = watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        rest = watch.communicate(timeout=10)
        assert f":{port}" in line and "no_mail" in line, (line, rest)
        assert watch.returncode == 0, rest
        one_session(scope)


def refused(code, words, *args, command="run", wrap=(), program=None):
    """Exits with the code, and one line that says the words."""
    done = subprocess.run(inside("server", *wrap, program or SMTPSCOPE, command, *args),
                          text=True, capture_output=True, timeout=10, check=False)
    said = done.stderr.strip()
    problems = []
    if done.returncode != code:
        problems.append(f"exit {done.returncode}, not {code}")
    if len(said.splitlines()) != 1:
        problems.append("not one line")
    problems += [f"{word!r} is missing" for word in words if word not in said]
    return problems + [said] if problems else []


def second_instance():
    with Smtpscope(*WATCHED) as scope:
        problems = refused(1, [str(scope.process.pid)], *WATCHED)
        one_session(scope)
        return problems


def without(capabilities):
    """As nobody, from where nobody can reach it, with some capabilities or none."""
    program = shutil.copy(SMTPSCOPE, LAB / "smtpscope")
    wanted = ",".join(["-all", *("+" + name for name in capabilities)])
    return {"program": program,
            "wrap": ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                     "--inh-caps", wanted, "--ambient-caps", wanted]}


def doctor_blames_privileges_alone():
    """What cannot be asked without privileges is not told as missing."""
    how = without([])
    done = subprocess.run(inside("server", *how["wrap"], how["program"], "doctor"), text=True,
                          capture_output=True, timeout=10, check=False)
    wrong = [line for line in done.stdout.splitlines() if line.startswith("  NO")
             and "CAP_" not in line]
    return [done.returncode, *wrong] if done.returncode != 4 or wrong else []


def runs_with_three_capabilities():
    with Smtpscope(*WATCHED, **without(["bpf", "net_admin", "perfmon"])) as scope:
        one_session(scope)


BAD_INPUT = (
    ("unknown device", 2, ["nosuch0"], ["-i", "nosuch0"]),
    ("port out of range", 2, ["70000"], ["-p", "70000"]),
    ("port that is no number", 2, ["smtp?"], ["-p", "smtp?"]),
    ("port with an unknown role", 2, ["sideways"], ["-p", "25:sideways"]),
    ("more than 16 ports", 2, ["16"], [arg for port in range(3000, 3014)
                                       for arg in ("-p", str(port))]),
    ("unknown output format", 2, ["xml"], ["-o", "xml"]),
    ("unknown option", 2, ["--nosuch"], ["--nosuch"]),
    ("argument too many", 2, ["surplus"], ["surplus"]),
    ("busy listen address", 1, ["192.0.2.10:25"], ["--web.listen-address", "192.0.2.10:25"]),
    ("listen address that is none", 2, ["nowhere"], ["--web.listen-address", "nowhere"]),
    ("unwritable log file", 1, ["/nonexistent/log"], ["--log-file", "/nonexistent/log"]),
)


def run(tap):
    for mode in ("tcx", "clsact"):
        for number in (signal.SIGINT, signal.SIGTERM):
            tap.run(f"{mode} {number.name} detaches everything", detaches, mode, number)
        tap.run(f"{mode} second start after kill -9", second_start_after_kill, mode)
    tap.run("qdisc and filters of others stay", others_stay)
    for test in (runs_with_three_capabilities, open_sessions_are_told_at_the_stop, table_on_sigusr1,
                 log_reopens_on_sighup, default_devices, watch_beside_run, second_instance):
        tap.run(test.__name__.replace("_", " "), test)
    for name, code, words, args in BAD_INPUT:
        tap.run(name, refused, code, words, *args)
    tap.run("unknown subcommand", lambda: refused(2, ["dance"], command="dance"))
    tap.run("kernel too old", lambda: refused(5, ["too old", "5.10"],
                                              wrap=["setarch", "--uname-2.6"]))
    tap.run("doctor blames privileges alone", doctor_blames_privileges_alone)
    tap.run("no privileges", lambda: refused(4, ["CAP_"], **without([])))
    tap.run("no CAP_NET_ADMIN", lambda: refused(4, ["CAP_NET_ADMIN"],
                                                **without(["bpf", "perfmon"])))
