# SPDX-License-Identifier: BSD-2-Clause
"""Reads digits."""

import struct

from network import scores
from proto import CLASSIFY, SIDE, UUID

from elfhaven.ta import BadParameters, MemrefOutput, TrustedApplication, ValueOutput, command


class Mnist(TrustedApplication):
    uuid = UUID

    @command(CLASSIFY)
    def classify(self, picture: bytes, digit: ValueOutput, out: MemrefOutput) -> None:
        if len(picture) != SIDE * SIDE:
            raise BadParameters(f"a picture has {SIDE * SIDE} bytes, and this one {len(picture)}")
        found = scores(picture)
        digit.a = found.index(max(found))
        out.write(struct.pack("<10i", *found))
