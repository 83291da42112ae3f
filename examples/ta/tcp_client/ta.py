# SPDX-License-Identifier: BSD-2-Clause
"""Sends a request and reads until the server is done."""

from proto import ASK, UUID

from elfhaven.ta import MemrefOutput, TcpStream, TrustedApplication, ValueInput, command

PATIENCE = 5000  # ms


class TcpClient(TrustedApplication):
    uuid = UUID

    @command(ASK)
    def ask(self, host: bytes, port: ValueInput, request: bytes, out: MemrefOutput) -> None:
        answer = b""
        with TcpStream(host.decode(), port.a) as stream:
            stream.send_all(request)
            while piece := stream.receive(4096, PATIENCE):
                answer += piece
        out.write(answer)
