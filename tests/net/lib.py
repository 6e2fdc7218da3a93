# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the live tests share: smtpscope as a process, waiting, clients, TAP."""
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import traceback
from itertools import count
from pathlib import Path

LAB = Path("/run/lab")
SMTPSCOPE = Path(os.environ["SMTPSCOPE"])
FAMILIES = {4: "192.0.2.", 6: "2001:db8::"}
# Below the ephemeral range, and each used once, so that a port tells a session.
ports = count(10000)


class Tap:
    """Runs tests, tells the results, counts them."""

    def __init__(self):
        self.told = self.failed = 0

    def tell(self, name, problems):
        self.told += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.told} - {name}")
        for problem in problems:
            for line in str(problem).splitlines():
                print("#  ", line)
        print(end="", flush=True)

    def run(self, name, test, *args):
        """A test is a function that raises, or returns, what is wrong."""
        try:
            problems = test(*args) or []
        except AssertionError as error:
            problems = [error or traceback.format_exc()]
        except (OSError, ValueError, KeyError, subprocess.SubprocessError):
            problems = [traceback.format_exc()]
        self.tell(name, problems)

    def end(self):
        print(f"1..{self.told}")
        print(f"# {self.told - self.failed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def wait_for(what, condition, seconds=10):
    """Polls until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def inside(namespace, *command):
    return ["nsenter", f"--net=/run/netns/{namespace}", "--", *map(str, command)]


def output(namespace, *command):
    return subprocess.run(inside(namespace, *command), check=True, text=True,
                          capture_output=True, timeout=20).stdout


class Smtpscope:
    """smtpscope run in a namespace, its lines in a file of its own."""

    numbers = count(1)

    def __init__(self, *args, namespace="server", log="json", wrap=(), program=SMTPSCOPE):
        number = next(self.numbers)
        self.namespace = namespace
        self.log = LAB / f"log.{number}"
        self.diagnostics = LAB / f"stderr.{number}"
        command = [*wrap, program, "run", "--log-file", self.log, "-o", log, *args]
        if wrap:  # then it is nobody's program
            self.log.touch()
            shutil.chown(self.log, 65534)
        with open(self.diagnostics, "wb") as stderr:
            self.process = subprocess.Popen(inside(namespace, *command), stderr=stderr,
                                            stdout=stderr, stdin=subprocess.DEVNULL)

    def __enter__(self):
        def ready():
            assert self.process.poll() is None, f"exit {self.process.returncode}: {self.said()}"
            return self.healthy("ready")

        try:
            wait_for("smtpscope to be ready", ready)
        except AssertionError:
            self.process.kill()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self):
        return self.diagnostics.read_text(errors="replace")

    def get(self, path):
        command = inside(self.namespace, "curl", "-sS", "-m", "5", "-w", "\n%{http_code}",
                         "http://127.0.0.1:10093" + path)
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def healthy(self, how):
        return self.get("/-/" + how)[0] == 200

    def metrics(self):
        """Every sample of /metrics, by its name with labels."""
        status, body = self.get("/metrics")
        assert status == 200, f"/metrics: {status}"
        samples = re.findall(r"^([a-z_]+(?:\{.*\})?) (\S+)$", body, re.M)
        return {name: float(value) for name, value in samples}

    def lines(self, kind, source_port):
        """The session lines (event) or finding lines (alert) of a client's port."""
        whole = self.log.read_text() if self.log.exists() else ""
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line.get("event.kind") == kind
                and line.get("source.port") == source_port]

    def session(self, source_port, seconds=10):
        return wait_for(f"the session of port {source_port}",
                        lambda: self.lines("event", source_port), seconds)[0]

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(10)


def connect(host, port, family, source_port, source=1):
    """A connection from the client's namespace, where the tests run."""
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    sock = socket.socket(kind)
    sock.settimeout(10)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((FAMILIES[family] + str(source), source_port))
    sock.connect(socket.getaddrinfo(host, port, kind, socket.SOCK_STREAM)[0][4])
    return sock


class Dialogue:
    """Speaks a dialogue: "220 | EHLO a | 250 | TLS": codes are awaited, lines sent.

    TLS shakes hands, CLOSE and RST end the connection, "a\\r\\nb" is one segment.
    """

    def __init__(self, sock):
        self.sock = sock
        self.unread = b""

    def reply(self):
        while not re.search(rb"^\d{3}( .*)?\r\n", self.unread, re.M):
            received = self.sock.recv(65536)
            assert received, f"closed after {self.unread!r}"
            self.unread += received
        end = re.search(rb"^(\d{3})( .*)?\r\n", self.unread, re.M)
        self.unread = self.unread[end.end():]
        return end[1].decode()

    def shake_hands(self):
        context = ssl._create_unverified_context()
        self.sock = context.wrap_socket(self.sock, server_hostname="modern.test")

    def end(self, how):
        if how == "RST":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def speak(self, dialogue):
        for step in dialogue.split(" | "):
            if re.fullmatch(r"\d{3}", step):
                code = self.reply()
                assert code == step, f"{dialogue}: {code} came for {step}"
            elif step == "TLS":
                self.shake_hands()
            elif step in ("CLOSE", "RST"):
                self.end(step)
            else:
                self.sock.sendall(step.encode("latin-1") + b"\r\n")
