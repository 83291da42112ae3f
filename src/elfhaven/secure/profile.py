# SPDX-License-Identifier: BSD-2-Clause
"""How large a secure world is. The figures are those of two real builds of OP-TEE for QEMU's virt machine.

`permissive` is no build's: addresses of its TAs begin low, so that programs lie where they are linked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Profile:
    """Sizes in bytes. `core_ram` of the secure DRAM is the core's own; the rest holds TAs."""

    name: str
    tzdram_base: int
    tzdram_size: int
    core_ram: int
    user_base: int  # where the addresses of a TA begin
    user_size: int
    translation_tables: int  # PGT_CACHE_ENTRIES: 2 MiB each that one TA can map
    shm_space: int  # addresses that the core has for shared memory
    core_heap: int  # CFG_CORE_HEAP_SIZE
    threads: int = 2
    fixed: bool = False  # takes TAs that are linked for fixed addresses, which no OP-TEE does

    @property
    def ta_ram(self) -> int:
        return self.tzdram_size - self.core_ram


STOCK = Profile(  # Debian's binary of OP-TEE 4.5
    "stock", 0x0E10_0000, 15 * MIB, 2 * MIB, 0x4000_0000, 1 << 30, 8, 32 * MIB, 192 << 10
)
LARGE = Profile(  # the large-memory build of OP-TEE 4.10
    "large", 0xA000_0000, 512 * MIB, 4 * MIB, 0xC000_0000, 1 << 30, 400, 256 * MIB, 1 * MIB
)
PERMISSIVE = replace(LARGE, name="permissive", user_base=0x1_0000, fixed=True)  # what no OP-TEE can do
PROFILES = {profile.name: profile for profile in (STOCK, LARGE, PERMISSIVE)}
NORMAL_BASE = 0x4000_0000  # of the normal world's DRAM, physical
