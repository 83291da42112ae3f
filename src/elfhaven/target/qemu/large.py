# SPDX-License-Identifier: BSD-2-Clause
"""The large layout: OP-TEE with 512 MiB of secure memory, built from Debian's source without a patch.

The source in the archive is that of 4.10, pinned; Debian's binary of the stock layout is 4.5. A TA meets the
same system calls (0-54 and 70), the same rules of ldelf and the same system PTA in both. What differs:
    memory      heaps up to 507 MiB and shared memory of 128 MiB, against 13056 KiB and 8 MiB
    addresses   a TA is mapped from 0xc0000000 on, not from 0x40000000
    console     the core logs at level 2: no debug lines
Images are verified with the key of Debian's development kit, as the stock binary does: one file runs on both.

The memory lies in ordinary DRAM at 0xa0000000. QEMU does not keep the normal world out of it: nothing in this
layout is secret.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from elfhaven.target.qemu import parts
from elfhaven.target.qemu.cache import digest, make_once
from elfhaven.target.qemu.firmware import OpteeBinaries, SecureDram, run_make
from elfhaven.target.qemu.parts import Report

DRAM: Final = SecureDram(0xA0000000, 512 << 20)
KIT: Final = "usr/lib/optee-os-dev/vexpress-qemu_armv8a"
_FORMAT: Final = "1"
_OPTIONS: Final = (
    "PLATFORM=vexpress-qemu_armv8a",
    "CFG_ARM_GICV3=y",
    "CFG_ARM64_core=y",
    "CFG_USER_TA_TARGETS=ta_arm64",
    f"CFG_TZDRAM_START={DRAM.base:#x}",
    f"CFG_TZDRAM_SIZE={DRAM.size:#x}",
    "CFG_PGT_CACHE_ENTRIES=400",  # translation tables enough for a TA of that size
    "CFG_TEE_RAM_VA_SIZE=0x00800000",
    "CFG_CORE_HEAP_SIZE=1048576",
    "CFG_TEE_CORE_LOG_LEVEL=2",
    "CFG_BUILD_IN_TREE_TA=n",
    "CROSS_COMPILE_core=aarch64-linux-gnu-",
    "CROSS_COMPILE_ta_arm64=aarch64-linux-gnu-",
)


def large_optee(guest: Path, report: Report) -> OpteeBinaries:
    """The binaries; built at first use."""
    key_file = guest / KIT / "keys/default.pem"
    key = digest(_FORMAT, *parts.OPTEE, *_OPTIONS, key_file.read_bytes())

    def make(directory: Path) -> None:
        source, tools = parts.source(parts.OPTEE, report), parts.compiler(report)
        report("building OP-TEE with 512 MiB of secure memory")
        tree, output = directory / "source", directory / "build"
        shutil.copytree(source, tree, symlinks=True)
        named = [f"TA_SIGN_KEY={key_file}", f"PYTHON3={sys.executable}", f"O={output}"]
        run_make(tree, [*_OPTIONS, *named], tools, "OP-TEE")
        for file in OpteeBinaries.in_directory(output / "core").files:
            shutil.copy(file, directory / file.name)
        shutil.rmtree(tree)
        shutil.rmtree(output)

    return OpteeBinaries.in_directory(make_once("optee", key, make), DRAM)
