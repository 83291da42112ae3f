# SPDX-License-Identifier: BSD-2-Clause
"""The probe TA: built once a test run, signed afresh for each use."""

from __future__ import annotations

import struct
import subprocess
import sys
from enum import IntEnum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa

from elfhaven.abi.elf import EHDR, PHDR
from elfhaven.abi.utee import TA_HEAD
from elfhaven.image import ta

HERE = Path(__file__).parent
FLAGS = "-O1 -g0 -fPIC -ffreestanding -fno-stack-protector -fno-sanitize=all -nostdlib -static"
LINK = "-Wl,-z,max-page-size=4096 -Wl,--build-id=none -Wl,--no-gc-sections"


class Probe(IntEnum):
    """Commands of probe.c."""

    ECHO = 0
    SVC = 1
    LOAD = 2
    STORE = 3
    JUMP = 4
    SPIN = 5
    OVERRUN = 6
    THREAD_POINTER = 7
    COUNTERS = 8
    WATCH = 9
    VECTOR = 10
    SCRATCH = 11
    TRAP = 12
    COPY = 13
    TWICE = 14
    MANY = 15


SHARED = 9 << 60  # an argument that is an offset into the shared buffer
PRIVATE = 10 << 60  # an offset into the TA's scratch memory
CODE = 11 << 60  # an offset from ta_head

# the instructions of TRAP, in order; those that kill a TA on stock OP-TEE come first
DEADLY = (
    *("ctr_el0", "cntvct", "cntpct", "cntfrq", "zva", "cvau", "civac", "cvac", "ivau", "wfi", "midr", "isar"),
    *("pfr", "brk", "hvc", "smc", "udf", "daifset", "eret", "hlt", "pmccntr", "cas", "tpidrro"),
)
HARMLESS = ("dczid", "tpidrro-read", "isb", "yield", "fpcr", "unaligned", "ldxr", "aese")


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def elf() -> bytes:
    """The probe as an ET_DYN that ldelf takes."""
    with TemporaryDirectory() as directory:
        out = Path(directory) / "probe.elf"
        target = ["-target", "aarch64-freestanding-none", "-mcpu=generic"]
        script = ["-T", str(HERE / "probe.lds"), "-o", str(out), str(HERE / "probe.c")]
        command = [sys.executable, "-m", "ziglang", "cc", *target, *FLAGS.split(), *LINK.split(), *script]
        subprocess.run(command, check=True, capture_output=True)
        raw = bytearray(out.read_bytes())
    struct.pack_into("<H", raw, 16, 3)
    return bytes(raw)


def image(
    uuid: UUID, *, flags: int = 0, heap: int = 0, stack: int = 16384, base: bytes | None = None
) -> bytes:
    """The probe's ELF with another head and `heap` more bytes of bss."""
    raw = bytearray(base or elf())
    phoff, phnum = EHDR.unpack_from(raw)[5], EHDR.unpack_from(raw)[10]
    headers = [list(PHDR.unpack_from(raw, phoff + 56 * i)) for i in range(phnum)]
    headers[-1][6] += heap
    for i, header in enumerate(headers):
        PHDR.pack_into(raw, phoff + 56 * i, *header)
    head = TA_HEAD.pack(*struct.unpack("<IHH8s", uuid.bytes_le), stack, flags, (1 << 64) - 1)
    first = headers[0][2]
    raw[first : first + len(head)] = head
    return bytes(raw)


def signed(uuid: UUID, *, version: int = 0, **options: int) -> bytes:
    return ta.sign(image(uuid, **options), uuid, key(), ta_version=version)  # type: ignore[arg-type]
