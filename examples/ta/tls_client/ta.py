# SPDX-License-Identifier: BSD-2-Clause
"""Asks servers whose certificates hold."""

import ssl

from proto import ASK, TRUST, UUID
from records import TlsStream

from elfhaven.ta import (
    BadFormat,
    MemrefOutput,
    PersistentObject,
    SecurityViolation,
    TcpStream,
    TrustedApplication,
    ValueInput,
    command,
)
from elfhaven.ta.storage import ALL

AUTHORITIES = b"authorities"
PATIENCE = 5000  # ms


class TlsClient(TrustedApplication):
    uuid = UUID

    @command(TRUST)
    def trust(self, authorities: bytes) -> None:
        """AccessConflict when some were given before."""
        self._context(authorities)
        PersistentObject.create(AUTHORITIES, authorities, ALL).close()

    def _context(self, authorities: bytes) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cadata=authorities.decode("ascii", "replace"))
        except (ssl.SSLError, ValueError) as error:
            raise BadFormat(f"no certificates in PEM: {error}") from None
        return context

    @command(ASK)
    def ask(self, name: bytes, port: ValueInput, request: bytes, out: MemrefOutput) -> None:
        with PersistentObject.open(AUTHORITIES) as found:
            context = self._context(found.read())
        answer = b""
        with TcpStream(name.decode(), port.a) as stream:
            try:
                tls = TlsStream(context, stream, name.decode(), PATIENCE)
                tls.send(request)
                while piece := tls.receive():
                    answer += piece
            except ssl.SSLError as error:
                raise SecurityViolation(str(error)) from None
        out.write(answer)
