# SPDX-License-Identifier: BSD-2-Clause
"""Answers each line that comes over TLS."""

import ssl
from dataclasses import dataclass, field

from identity import context, identity, public
from proto import CERTIFICATE, NAME, PASS, UUID

from elfhaven.ta import (
    MemrefOutput,
    Params,
    SecurityViolation,
    Session,
    TrustedApplication,
    ValueOutput,
    command,
)

PIECE = 16 << 10


def answer(line: bytes) -> bytes:
    """The service itself."""
    return b"you said: " + line + b"\n"


@dataclass
class Connection:
    tls: ssl.SSLObject
    arrived: ssl.MemoryBIO
    leaving: ssl.MemoryBIO
    greeted: bool = False
    text: bytes = field(default=b"", repr=False)
    waiting: bytes = field(default=b"", repr=False)  # records that did not fit yet

    def take(self, records: bytes) -> bool:
        """Works on what arrived; whether the client is done."""
        self.arrived.write(records)
        try:
            if not self.greeted:
                self.tls.do_handshake()
                self.greeted = True
            while piece := self.tls.read(PIECE):
                self._serve(piece)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError:
            pass
        finally:
            self.waiting += self.leaving.read()
        return True

    def _serve(self, piece: bytes) -> None:
        *lines, self.text = (self.text + piece).split(b"\n")
        for line in lines:
            self.tls.write(answer(line))


class TlsServer(TrustedApplication):
    uuid = UUID

    def create(self) -> None:
        self.pem = identity(NAME)
        self.context = context(self.pem)

    def open_session(self, session: Session, params: Params) -> None:
        arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        session.state = Connection(self.context.wrap_bio(arrived, leaving, True), arrived, leaving)

    @command(CERTIFICATE)
    def certificate(self, out: MemrefOutput) -> None:
        out.write(public(self.pem))

    @command(PASS)
    def take(self, session: Session, records: bytes, out: MemrefOutput, state: ValueOutput) -> None:
        connection: Connection = session.state
        try:
            state.a = connection.take(records)
        except ssl.SSLError as error:
            raise SecurityViolation(str(error)) from None
        out.write(connection.waiting[: out.size])
        connection.waiting = connection.waiting[out.size :]
        state.b = len(connection.waiting)
