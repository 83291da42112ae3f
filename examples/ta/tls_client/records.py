# SPDX-License-Identifier: BSD-2-Clause
"""TLS over a socket of the TEE: the library makes and reads records in memory, the socket carries them."""

import ssl

from elfhaven.ta import TcpStream

PIECE = 16 << 10


class TlsStream:
    """A connection to `name`, whose certificate is checked. Raises ssl.SSLError."""

    def __init__(self, context: ssl.SSLContext, stream: TcpStream, name: str, patience: int) -> None:
        self._stream, self._patience = stream, patience
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_hostname=name)
        self._until_done(self._tls.do_handshake)

    def _until_done(self, step, *arguments):
        """Takes a step of the library; carries records while it asks for more."""
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                self._send()
                if data := self._stream.receive(PIECE, self._patience):
                    self._arrived.write(data)
                else:
                    self._arrived.write_eof()
            finally:
                self._send()

    def _send(self) -> None:
        if self._leaving.pending:
            self._stream.send_all(self._leaving.read())

    def send(self, data: bytes) -> None:
        self._until_done(self._tls.write, data)

    def receive(self) -> bytes:
        """What arrived; b"" when the server has said that it is done."""
        try:
            return self._until_done(self._tls.read, PIECE)
        except ssl.SSLZeroReturnError:
            return b""
