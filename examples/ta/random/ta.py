# SPDX-License-Identifier: BSD-2-Clause
"""Random bytes and UUIDs."""

from proto import BYTES, MAKE_UUID, UUID

from elfhaven.ta import MemrefOutput, TrustedApplication, command, random_bytes


class Random(TrustedApplication):
    uuid = UUID

    @command(BYTES)
    def fill(self, out: MemrefOutput) -> None:
        out.write(random_bytes(out.size))

    @command(MAKE_UUID)
    def make_uuid(self, out: MemrefOutput) -> None:
        made = bytearray(random_bytes(16))
        made[6] = made[6] & 0x0F | 0x40
        made[8] = made[8] & 0x3F | 0x80
        out.write(bytes(made))
