# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""All live tests, in the client's namespace; run.sh begins here."""
import sys

import lifecycle
import sessions
import traffic
from lib import FAMILIES, Dialogue, Smtpscope, Tap, connect, ports


def attached_by(tap, mode):
    early = [(family, port, Dialogue(connect("plain.test", 25, family, port)))
             for family, port in zip(FAMILIES, ports)]
    for _, _, dialogue in early:
        dialogue.speak("220 | EHLO client.test | 250")
    with Smtpscope(*lifecycle.WATCHED, "--attach", mode, "-p", "2525:submission",
                   "--syn-timeout", "2") as scope:
        for family, port, dialogue in early:
            tap.run(f"{mode} ipv{family} joined late", traffic.joined_late, scope, family, port,
                    dialogue)
        sessions.run(tap, scope, mode)
        traffic.run(tap, scope, mode)


def main():
    tap = Tap()
    for mode in ("tcx", "clsact"):
        tap.run(f"{mode} as a whole", attached_by, tap, mode)
    traffic.run_alone(tap)
    lifecycle.run(tap)
    return tap.end()


sys.exit(main())
