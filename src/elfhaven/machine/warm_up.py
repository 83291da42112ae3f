# SPDX-License-Identifier: BSD-2-Clause
"""A little guest program that touches many pages, so that Unicorn enlarges its TLB.

It lies in pages of the engine's own, above all physical memory: code, data, and tables of its own that
map 16 MiB to the one data page.
"""

from __future__ import annotations

import struct

from elfhaven.machine.pagetable import Protection, leaf

BASE = 1 << 38  # physical
SIZE = 6 * 4096
ROOT = BASE + 2 * 4096  # of its translation tables
CODE = 0x0FE0_0000  # where its code is mapped
ROUNDS = (256, 512, 1024, 2048)  # pages to touch: as many as the TLB has entries, which doubles it
_TABLE = 3


def pages() -> bytes:
    """Six pages: code that loads from x2 pages at x0, data, and tables mapping 16 MiB at 0 to the data
    page."""
    # 1: ldr x1,[x0]; add x0,x0,#4096; sub x2,x2,#1; cbnz x2,1b; svc #0
    code = struct.pack("<5I", 0xF9400001, 0x91400400, 0xD1000442, 0xB5FFFFA2, 0xD4000001)
    level1 = struct.pack("<Q", (BASE + 3 * 4096) | _TABLE)
    level2 = struct.pack("<8Q", *[(BASE + 4 * 4096) | _TABLE] * 8)
    level2 = level2.ljust(8 * (CODE >> 21), b"\0") + struct.pack("<Q", (BASE + 5 * 4096) | _TABLE)
    data = struct.pack("<Q", leaf(BASE + 4096, Protection.READ)) * 512
    text = struct.pack("<Q", leaf(BASE, Protection.READ | Protection.EXECUTE))
    made = (code, b"", level1, level2, data, text)
    return b"".join(page.ljust(4096, b"\0") for page in made)
