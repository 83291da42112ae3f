# SPDX-License-Identifier: BSD-2-Clause
"""Asks a server by datagrams."""

from proto import ASK, UUID

from elfhaven.ta import MemrefOutput, SocketTimeout, TrustedApplication, UdpSocket, ValueInput, command

PATIENCE = 200  # ms for one answer
LARGEST = 2048


class Udp(TrustedApplication):
    uuid = UUID

    @command(ASK)
    def ask(self, host: bytes, where: ValueInput, request: bytes, out: MemrefOutput) -> None:
        with UdpSocket(host.decode(), where.a) as udp:
            for _ in range(where.b):
                udp.send(request)
                try:
                    out.write(udp.receive(LARGEST, PATIENCE))
                except SocketTimeout:
                    continue
                return
        raise SocketTimeout(f"no answer to {where.b} requests")
