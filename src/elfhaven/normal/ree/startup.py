# SPDX-License-Identifier: BSD-2-Clause
"""The stack on which a program starts: strings, argv, envp and the auxiliary vector (as Linux on arm64)."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from typing import Final

from elfhaven.normal.ree.executable import Loaded

STACK_TOP: Final = 0x7F_FFFF_0000
STACK_SIZE: Final = 8 << 20

_AT = {
    "PHDR": 3, "PHENT": 4, "PHNUM": 5, "PAGESZ": 6, "BASE": 7, "FLAGS": 8, "ENTRY": 9, "UID": 11, "EUID": 12,
    "GID": 13, "EGID": 14, "PLATFORM": 15, "HWCAP": 16, "CLKTCK": 17, "SECURE": 23, "RANDOM": 25,
    "HWCAP2": 26, "EXECFN": 31, "MINSIGSTKSZ": 51,
}  # fmt: skip
# what the engine executes: fp asimd aes pmull sha1 sha2 crc32 atomics asimdrdm jscvt fcma asimddp
HWCAP: Final = sum(1 << bit for bit in (0, 1, 3, 4, 5, 6, 7, 8, 12, 13, 14, 20))
_SIGNAL_STACK: Final = 4720  # bytes of a signal frame, as the kernel says for a CPU without SVE


def initial_stack(
    argv: Sequence[bytes],
    env: Mapping[bytes, bytes],
    program: Loaded,
    interpreter: Loaded | None,
    name: bytes,
) -> tuple[int, bytes]:
    """(stack pointer, the bytes from it up to STACK_TOP)."""
    blob = bytearray(16)  # at the very top, zero

    def put(data: bytes) -> int:
        blob[:0] = data
        return STACK_TOP - len(blob)

    file_name, platform, random = put(name + b"\0"), put(b"aarch64\0"), put(os.urandom(16))
    variables = [put(key + b"=" + value + b"\0") for key, value in reversed(list(env.items()))][::-1]
    arguments = [put(argument + b"\0") for argument in reversed(argv)][::-1]
    auxiliary = {
        "PHDR": program.headers, "PHENT": 56, "PHNUM": program.header_count, "PAGESZ": 4096,
        "BASE": interpreter.base if interpreter else 0, "FLAGS": 0, "ENTRY": program.entry,
        "UID": os.getuid(), "EUID": os.geteuid(), "GID": os.getgid(), "EGID": os.getegid(),
        "SECURE": 0, "RANDOM": random, "PLATFORM": platform, "HWCAP": HWCAP, "HWCAP2": 0, "CLKTCK": 100,
        "EXECFN": file_name, "MINSIGSTKSZ": _SIGNAL_STACK,
    }  # fmt: skip
    words = [len(arguments), *arguments, 0, *variables, 0]
    for key, value in auxiliary.items():
        words += [_AT[key], value]
    words += [0, 0]
    sp = (STACK_TOP - len(blob) - 8 * len(words)) & -16
    packed = struct.pack(f"<{len(words)}Q", *words)
    return sp, packed.ljust(STACK_TOP - len(blob) - sp, b"\0") + bytes(blob)
