# SPDX-License-Identifier: BSD-2-Clause
"""C programs of this directory: built for aarch64 and for this host, run in the emulated normal world."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support import zig

from elfhaven.machine.memory import PhysicalMemory
from elfhaven.normal.driver import Driver
from elfhaven.normal.ree.process import Process
from elfhaven.normal.supplicant import Images
from elfhaven.world.shared_memory import NormalMemory

PROGRAMS = Path(__file__).parent / "programs"
STATIC = ("-static", "-O1", "-w", "-fno-sanitize=all")


@dataclass(frozen=True)
class Ended:
    """What a program printed, and its status."""

    output: str
    status: int
    notes: tuple[str, ...] = ()


class NoTee:
    """A secure world that takes no call: for programs that need none."""

    def smc(self, registers: object) -> tuple[int, int, int, int]:
        return 0, 1 << 2, 0, 0  # EXCHANGE_CAPABILITIES: DYNAMIC_SHM


def build(name: str, *, native: bool = False, flags: tuple[str, ...] = STATIC) -> Path:
    """A program of programs/, for aarch64 or for this host."""
    target = f"{platform.machine()}-linux-musl" if native else zig.AARCH64
    return zig.compile_program((PROGRAMS / f"{name}.c").read_text(), target=target, flags=flags)


def memory() -> NormalMemory:
    return NormalMemory(PhysicalMemory([("normal", 0x4000_0000, 1 << 30)]).region("normal"))


def run(
    program: Path,
    *arguments: str,
    env: dict[str, str] | None = None,
    normal: NormalMemory | None = None,
    driver: Driver | None = None,
    started: Callable[[Process], None] | None = None,
) -> Ended:
    """Runs a program to its end; nothing of the normal world's memory may be held then (what the driver of a
    TEE keeps for its next call apart)."""
    alone, normal = driver is None, normal or memory()
    driver = driver or Driver(NoTee(), normal, Images())
    before = normal.free_bytes
    out, notes = bytearray(), []
    process = Process(driver, normal, stdout=out.extend, stderr=out.extend, note=notes.append)
    if started is not None:
        started(process)
    status = process.run(program, [str(program), *arguments], env if env is not None else dict(os.environ))
    assert not alone or normal.free_bytes == before, "pages are left"
    return Ended(out.decode(), status, tuple(notes))
