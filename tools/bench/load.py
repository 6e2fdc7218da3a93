#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Traffic for the bench: load.py serve | (short|bulk|other) ADDRESS SECONDS.

A load says how many connections it opened.
"""

import socket
import sys
import threading
import time

MAIL_PORT = 25
OTHER_PORT = 2525
LINE = b"The quick brown fox jumps over the lazy dog, and then it jumps once more.\r\n"
END = b"\r\n.\r\n"


def read_body(stream):
    tail = b""
    while tail != END:
        read = stream.read1(1 << 20)
        if not read:
            return
        tail = (tail + read)[-len(END) :]


def serve_mail(sock):
    stream = sock.makefile("rb", buffering=1 << 20)
    sock.sendall(b"220 bench.test ESMTP\r\n")
    for line in stream:
        verb = line[:4].upper()
        if verb == b"DATA":
            sock.sendall(b"354 go on\r\n")
            read_body(stream)
        if verb == b"QUIT":
            sock.sendall(b"221 bye\r\n")
            break
        if verb == b"EHLO":
            sock.sendall(b"250-bench.test\r\n250-PIPELINING\r\n250 SIZE\r\n")
        else:
            sock.sendall(b"250 ok\r\n")


def serve_other(sock):
    buffer = bytearray(1 << 20)
    while sock.recv_into(buffer):
        pass


def serve_one(handler, sock):
    with sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handler(sock)


def accept_all(port, handler):
    with socket.create_server(("", port), backlog=256) as listener:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=serve_one, args=(handler, sock), daemon=True).start()


def serve():
    threading.Thread(target=accept_all, args=(OTHER_PORT, serve_other), daemon=True).start()
    accept_all(MAIL_PORT, serve_mail)


class Client:
    """Says a line, reads the answer."""

    def __init__(self, address):
        self.sock = socket.create_connection((address, MAIL_PORT))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.sock.makefile("rb")
        self.answer()
        self.say(b"EHLO client.test\r\n")

    def answer(self):
        while self.stream.readline()[3:4] == b"-":
            pass

    def say(self, line):
        self.sock.sendall(line)
        self.answer()

    def mail(self, body):
        self.say(b"MAIL FROM:<alice@client.test>\r\n")
        self.say(b"RCPT TO:<bob@bench.test>\r\n")
        self.say(b"DATA\r\n")
        self.say(body)

    def quit(self):
        self.say(b"QUIT\r\n")
        self.stream.close()
        self.sock.close()


def short(address, end):
    """Sessions of one small mail."""
    body = LINE * 20 + END[2:]
    sessions = 0
    while time.monotonic() < end:
        client = Client(address)
        client.mail(body)
        client.quit()
        sessions += 1
    return sessions


def bulk(address, end):
    """Mails of several megabytes."""
    body = LINE * (8 * 1024 * 1024 // len(LINE)) + END[2:]
    client = Client(address)
    while time.monotonic() < end:
        client.mail(body)
    client.quit()
    return 1


def other(address, end):
    """What is not mail."""
    block = bytes(1 << 20)
    with socket.create_connection((address, OTHER_PORT)) as sock:
        while time.monotonic() < end:
            sock.sendall(block)
    return 0


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        load = {"short": short, "bulk": bulk, "other": other}[sys.argv[1]]
        print(load(sys.argv[2], time.monotonic() + float(sys.argv[3])))
