# SPDX-License-Identifier: BSD-2-Clause
"""The table of the RPMB FS, and where in the partition there is room: numbers only."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from elfhaven.abi.rpmb import BLOCK
from elfhaven.secure.storage.pobj import PersistentObject

MAGIC = 0x52504D42
VERSION = 2
PARTITION = struct.Struct("<4I112x")  # magic, version, write counter (0), where the table begins
FAT_START = 512
FAT_ENTRY = struct.Struct("<4I16s224s")  # start, size, flags, 0, encrypted FEK, name
ACTIVE, LAST = 1, 2


@dataclass(slots=True)
class FatEntry:
    """A file; `at` is where in the partition its entry lies."""

    at: int
    start: int = 0
    size: int = 0
    flags: int = 0
    fek: bytes = bytes(16)
    name: bytes = b""

    def pack(self) -> bytes:
        return FAT_ENTRY.pack(self.start, self.size, self.flags, 0, self.fek, self.name)

    @classmethod
    def unpack(cls, at: int, data: bytes) -> FatEntry:
        start, size, flags, _, fek, name = FAT_ENTRY.unpack(data)
        return cls(at, start, size, flags, fek, name.partition(b"\0")[0])


def room_for(entries: Sequence[FatEntry], size: int, top: int) -> int | None:
    """Where a file of that size can lie, below `top`: at the end of the highest gap that is large enough."""
    wanted = -(-size // BLOCK) * BLOCK
    used = [(e.start, e.start + e.size) for e in entries if e.flags & ACTIVE and e.size]
    used.append((0, entries[-1].at + FAT_ENTRY.size))
    high = top
    for start, end in sorted(used, reverse=True):
        if high - -(-end // BLOCK) * BLOCK >= wanted:
            return high - wanted
        high = min(high, start)
    return None


def file_name(pobj: PersistentObject, mark: bytes = b"") -> bytes:
    """The owner and the id in hexadecimal; `mark` tells a file that is being made."""
    owner, object_id = pobj.owner.hex().upper(), pobj.object_id.hex().upper()
    return b"/" + owner.encode() + b"/" + mark + object_id.encode()


def id_of(name: bytes) -> bytes:
    """The id in a name; empty for a file that is being made."""
    try:
        return bytes.fromhex(name.decode("ascii"))
    except ValueError:
        return b""
