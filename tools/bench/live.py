#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a packet costs on a wire, smtpscope and an empty program in turn.

live.py BENCH SMTPSCOPE, in the lab. Both are told by the kernel's own clock.
"""

import pathlib
import re
import statistics
import subprocess
import sys
import time

ROUNDS = 5
LOAD_SECONDS = 0.8
ADDRESS = "192.0.2.10"
DEVICE = "eth0"
LOG = pathlib.Path("/run/lab/bench.log")
LOAD = pathlib.Path(__file__).with_name("load.py")
# The load, what it is, and times an empty program at most.
LOADS = [("short", "short sessions", 4), ("bulk", "bulk mail", 2.2), ("other", "other traffic", 1.25)]
SCHED_CLS = "3"


def start(namespace, *command):
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "nsenter", f"--net=/run/netns/{namespace}", "--", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def timed(process):
    """Nanoseconds and packets so far of the TC programs that the process holds."""
    programs = {}
    for file in pathlib.Path(f"/proc/{process.pid}/fdinfo").iterdir():
        fields = dict(re.findall(r"^(\w+):\t(\d+)$", file.read_text(), re.M))
        if fields.get("prog_type") == SCHED_CLS:
            programs[fields["prog_id"]] = (int(fields["run_time_ns"]), int(fields["run_cnt"]))
    return tuple(map(sum, zip(*programs.values())))


def run_load(name):
    client = start("client", str(LOAD), name, ADDRESS, str(LOAD_SECONDS))
    output, _ = client.communicate()
    if client.returncode:
        sys.exit(f"live: load {name} failed: {output}")
    return int(output)


def run_loads(namespace, *command):
    """Nanoseconds a packet for each load, with the command's programs attached."""
    process = start(namespace, *command)
    first = process.stdout.readline()
    if process.poll() is not None:
        sys.exit(f"live: {command[0]}: {first}")
    figures, sessions = {}, 0
    for name, _, _ in LOADS:
        before = timed(process)
        sessions += run_load(name)
        ns, packets = (b - a for a, b in zip(before, timed(process)))
        figures[name] = (ns / packets, packets)
    process.terminate()
    process.communicate()
    return figures, sessions


def run_scope(program):
    LOG.unlink(missing_ok=True)
    figures, sessions = run_loads(
        "server", program, "run", "-i", DEVICE, "--log-file", str(LOG), "--web.listen-address", "none"
    )
    seen = len(re.findall(r" session outcome=plaintext ", LOG.read_text()))
    if seen != sessions:
        sys.exit(f"live: {sessions} sessions, of which smtpscope saw {seen}")
    return figures


def wait_for_server():
    while subprocess.run(
        ["nsenter", "--net=/run/netns/client", "--", str(LOAD), "other", ADDRESS, "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=10,
    ).returncode:
        time.sleep(0.05)


def main():
    bench, scope = sys.argv[1:]
    server = start("server", str(LOAD), "serve")
    clock = start("server", bench, "hold")
    clock.stdout.readline()
    wait_for_server()
    rounds = []
    for _ in range(ROUNDS):
        empty, _ = run_loads("server", bench, "hold", DEVICE)
        rounds.append((empty, run_scope(scope)))
    print(f"{'load, live':<24} {'packets':>9} {'empty ns':>9} {'ns':>9} {'x empty':>9} {'budget':>9}")
    for name, title, budget in LOADS:
        empty = statistics.median(e[name][0] for e, _ in rounds)
        ns = statistics.median(s[name][0] for _, s in rounds)
        ratio = statistics.median(s[name][0] / e[name][0] for e, s in rounds)
        packets = sum(s[name][1] for _, s in rounds)
        over = "  over" if ratio > budget else ""
        print(f"{title:<24} {packets:9} {empty:9.1f} {ns:9.1f} {ratio:9.2f} {budget:9}{over}")
    for process in (clock, server):
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
