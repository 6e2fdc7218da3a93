#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The lab's mail servers, good and bad: one host each, on 192.0.2.N and 2001:db8::N."""
import asyncio
import ssl
import sys
import warnings
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

# Old TLS is what some hosts are for.
warnings.simplefilter("ignore", DeprecationWarning)

FAMILIES = ("192.0.2.%d", "2001:db8::%d")


class Sink:
    """Takes every mail for everybody but nobody@, and forgets it."""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, _envelope):
        return "250 OK"

    async def auth_CRAM__MD5(self, server, _args):
        await server.challenge_auth("<1896.697170952@lab>")
        return AuthResult(success=True)


class Masked(Sink):
    """Behind a firewall that overwrites the keyword, as old Cisco "fixup" did."""

    async def handle_EHLO(self, _server, session, _envelope, hostname, responses):
        session.host_name = hostname
        return [line.replace("STARTTLS", "XXXXXXXA") for line in responses]


def authenticate(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data.password == b"right", handled=False)


class Refusing(SMTP):
    async def smtp_STARTTLS(self, arg):
        await self.push("454 4.7.0 TLS not available due to local problem")


class Closing(SMTP):
    async def smtp_STARTTLS(self, arg):
        await self.push("220 2.0.0 Ready to start TLS")
        self.transport.close()


class Resetting(SMTP):
    async def smtp_STARTTLS(self, arg):
        await self.push("220 2.0.0 Ready to start TLS")
        linger_none = b"\1\0\0\0\0\0\0\0"
        self.transport.get_extra_info("socket").setsockopt(1, 13, linger_none)
        self.transport.abort()


class Forgetful(SMTP):
    """Accepts STARTTLS and goes on in clear."""

    async def smtp_STARTTLS(self, arg):
        await self.push("220 2.0.0 Ready to start TLS")


class Ancient(SMTP):
    async def smtp_EHLO(self, arg):
        await self.push("500 5.5.1 Command unrecognized")


class Edited(SMTP):
    """Says something else where STARTTLS is accepted."""

    accepted = b""

    async def push(self, status):
        if status == "220 Ready to start TLS":
            status = self.accepted
        await super().push(status)


class Injected(Edited):
    accepted = b"220 2.0.0 Ready to start TLS\r\n250-planted\r\n250 AUTH PLAIN"


class Wordy(Edited):
    accepted = b"220-2.0.0 Ready\r\n220 2.0.0 to start TLS"


class Sloppy(Edited):
    accepted = b"250 2.0.0 OK"


def says(greeting, answer=b""):
    """A host that greets, answers the first bytes that come and closes."""

    async def serve(reader, writer):
        writer.write(greeting)
        if answer and await reader.read(4096):
            writer.write(answer)
            writer.write_eof()
        await reader.read()
        writer.close()

    return serve


def tls(directory, *, weak=False, curve=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if weak:
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    if curve:
        context.set_ecdh_curve(curve)
    return context


def mail(kind=SMTP, sink=Sink, *, implicit=None, **options):
    """A listener that speaks SMTP: its protocol factory and its TLS context."""
    options = {"auth_require_tls": False, "authenticator": authenticate, **options}
    return lambda name: kind(sink(), hostname=name, **options), implicit


def other(serve):
    """A listener that speaks something else."""

    def protocol(_name):
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), serve)

    return protocol, None


def hosts(directory):
    """Number, name and listeners by port of every host; some have none."""
    good, old = tls(directory), tls(directory, weak=True)
    offers = {"tls_context": good}
    http = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
    return (
        (10, "plain", {25: mail(), 587: mail(), 465: mail()}),
        (11, "modern", {
            25: mail(**offers), 2525: mail(**offers), 465: mail(implicit=good),
            587: mail(require_starttls=True, auth_require_tls=True, tls_context=good)}),
        (12, "lax", {587: mail(**offers)}),
        (13, "refusing", {25: mail(Refusing, **offers)}),
        (14, "masked", {25: mail(sink=Masked, **offers)}),
        (15, "closing", {25: mail(Closing, **offers)}),
        (16, "resetting", {25: mail(Resetting, **offers)}),
        (17, "forgetful", {25: mail(Forgetful, **offers)}),
        (18, "injected", {25: mail(Injected, **offers)}),
        (19, "wordy", {25: mail(Wordy, **offers)}),
        (20, "sloppy", {25: mail(Sloppy, **offers)}),
        (21, "ancient", {25: mail(Ancient)}),
        (22, "old", {25: mail(tls_context=old), 465: mail(implicit=old)}),
        (23, "retry", {25: mail(tls_context=tls(directory, curve="secp384r1"))}),
        (24, "full", {25: other(says(b"554 5.7.1 no service here\r\n"))}),
        (25, "silent", {25: other(says(b""))}),
        (26, "web", {25: other(says(b"", http)), 465: other(says(b"", http))}),
        (27, "ssh", {25: other(says(b"SSH-2.0-OpenSSH_9.2p1\r\n"))}),
        (40, "closed", {}),
        (50, "absent", {}),
        (51, "unreachable", {}),
    )


async def serve(directory):
    loop = asyncio.get_running_loop()
    for number, name, listeners in hosts(directory):
        for port, (protocol, context) in listeners.items():
            for family in FAMILIES:
                await loop.create_server(lambda p=protocol, n=name: p(n + ".test"),
                                         family % number, port, ssl=context)
    (directory / "ready").touch()
    await asyncio.Event().wait()


def main():
    command, directory = sys.argv[1], Path(sys.argv[2])
    if command == "hosts":
        for number, name, _ in hosts(directory):
            print(number, name)
    else:
        asyncio.run(serve(directory))


main()
