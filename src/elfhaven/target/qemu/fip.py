# SPDX-License-Identifier: BSD-2-Clause
"""The flash image that TF-A boots from: BL1, and behind it a firmware image package (FIP).

A FIP is a table of contents and the images it names (TF-A, "Firmware Design", "Firmware Image Package"): a
header {u32 name, u32 serial, u64 flags}, entries {uuid, u64 offset, u64 size, u64 flags}, closed by an entry
of zeros whose offset is the size of the whole.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from elfhaven.errors import TargetError

FIP_AT: Final = 256 << 10  # offset in the flash, plat/qemu's PLAT_QEMU_FIP_BASE
BL2: Final = UUID("5ff9ec0b-4d22-3e4d-a544-c39d81c73f0a")
BL31: Final = UUID("47d4086d-4cfe-9846-9b95-2950cbbd5a00")
BL32: Final = UUID("05d0e189-53dc-1347-8d2b-500a4b7a3e38")
BL32_EXTRA1: Final = UUID("0b70c29b-2a5a-7840-9f65-0a5682738288")
BL32_EXTRA2: Final = UUID("8ea87bb1-cfa2-3f4d-85fd-e7bba50220d9")

_HEADER: Final = struct.Struct("<IIQ")
_ENTRY: Final = struct.Struct("<16sQQQ")
_NAME: Final = 0xAA640001
_SERIAL: Final = 0x12345678


def fip(images: Sequence[tuple[UUID, bytes]]) -> bytes:
    """A firmware image package of `images`, in their order."""
    offset = _HEADER.size + _ENTRY.size * (len(images) + 1)
    table = [_HEADER.pack(_NAME, _SERIAL, 0)]
    for uuid, data in images:
        table.append(_ENTRY.pack(uuid.bytes, offset, len(data), 0))
        offset += len(data)
    table.append(_ENTRY.pack(bytes(16), offset, 0, 0))
    return b"".join([*table, *(data for _, data in images)])


def flash(bl1: bytes, images: Sequence[tuple[UUID, bytes]]) -> bytes:
    """The content of the flash from which the machine starts."""
    if len(bl1) > FIP_AT:
        raise TargetError(f"BL1 has {len(bl1)} bytes and not at most {FIP_AT}")
    return bl1.ljust(FIP_AT, b"\0") + fip(images)
