# SPDX-License-Identifier: BSD-2-Clause
"""A packed program as it lies in the emulator's memory: where, its threads, its stacks.

Offsets into the runtime's context of a thread are those of struct eh_context (runtime/rt.h).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from elfhaven.abi import elf as abi
from elfhaven.abi.container import CONFIG, CONFIG_MAGIC, VERSION
from elfhaven.image.reader import Elf
from elfhaven.image.sections import read_sections, read_symbols
from elfhaven.image.ta import parse
from elfhaven.machine.address_space import GuestFault
from elfhaven.packing import PackedTa, PlacedImage, read_contents

_SP, _NZCV, _TPIDR, _TID, _FP_SAVED, _FP = 248, 256, 264, 288, 292, 320
_NEXT, _STATE = 848, 856
_DEAD = 2
_MOST = 4096  # threads, and frames: a broken ring or chain ends the walk
_B, _B_MASK = 0x14000000, 0xFC000000
FRAMES = 64


class Guest(Protocol):
    """Guest memory; GuestFault where the guest could not read."""

    def read(self, address: int, size: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Context:
    """One thread of the program. `words`: x0..x30, sp, pc as they were at the call that it is in."""

    tid: int
    running: bool
    words: tuple[int, ...]
    nzcv: int
    vectors: bytes  # q0..q31, FPSR, FPCR; empty where the thread's are in the processor


class Inside:
    """What is known of a packed program before it runs, and where it lies once it does."""

    def __init__(self, packed: PackedTa) -> None:
        ta = parse(packed.path.read_bytes(), str(packed.path))
        contents = read_contents(ta)
        self.images: tuple[PlacedImage, ...] = contents.images if contents else ()
        self.end = max((image.end for image in self.images), default=1 << 20)
        elf = Elf.parse(ta.image, str(packed.path))
        self._entry = elf.entry - elf.loads[0].address
        self._uuid = packed.uuid.bytes_le
        self.start = _start(ta.image)  # offset of the first instruction of the program, or of its interpreter
        runtime = Elf.parse((files("elfhaven") / "runtime.elf").read_bytes(), "runtime.elf")
        symbols = read_symbols(runtime, read_sections(runtime), abi.SHT_SYMTAB)
        self._current = next((symbol.value for symbol in symbols if symbol.name == "eh_current"), None)

    @property
    def runtime_end(self) -> int:
        """Offset at which the runtime ends and the program begins."""
        return self.images[0].begin if self.images else self.end

    def find(self, guest: Guest, pc: int) -> int | None:
        """Where the image lies, told by the address at which the TA is entered; None for another TA's
        entry."""
        base = pc - self._entry
        try:
            return base if guest.read(base, 16) == self._uuid else None
        except GuestFault:
            return None

    def threads(self, guest: Guest, base: int) -> tuple[Context, ...]:
        """All threads that live, the running one first; none before the program has begun."""
        if self._current is None:
            return ()
        try:
            return tuple(self._ring(guest, base + self._current))
        except GuestFault:
            return ()

    def _ring(self, guest: Guest, pointer: int) -> Iterator[Context]:
        first = at = _word(guest, pointer)
        for _ in range(_MOST):
            if not at:
                return
            raw = guest.read(at, _STATE + 4)
            if struct.unpack_from("<I", raw, _STATE)[0] != _DEAD:
                yield _context(guest, raw, at == first)
            at = struct.unpack_from("<Q", raw, _NEXT)[0]
            if at == first:
                return

    def stack(self, guest: Guest, base: int, words: tuple[int, ...]) -> list[int]:
        """Addresses along the frame pointers, innermost first; from the runtime on into the program's
        call."""
        found = list(frames(guest, words[32], words[29]))
        if not base <= words[32] < base + self.runtime_end:
            return found
        running = next(iter(self.threads(guest, base)), None)
        if running is not None and running.words[32]:
            found += frames(guest, running.words[32], running.words[29])
        return found


def _start(image: bytes) -> int:
    at = image.find(struct.pack("<Q", CONFIG_MAGIC) + struct.pack("<I", VERSION))
    return struct.unpack_from("<Q", image, at + CONFIG.offset("entry"))[0] if at >= 0 else 0


def frames(guest: Guest, pc: int, frame: int) -> Iterator[int]:
    """The PC, and the return addresses along the frame pointers (AAPCS64, 6.4.6)."""
    yield pc
    for _ in range(FRAMES):
        if not frame or frame % 8:
            return
        try:
            following, back = struct.unpack("<QQ", guest.read(frame, 16))
        except GuestFault:
            return
        if not back:
            return
        yield back
        if following <= frame:
            return
        frame = following


def _word(guest: Guest, address: int) -> int:
    return int.from_bytes(guest.read(address, 8), "little")


def _context(guest: Guest, raw: bytes, running: bool) -> Context:
    """The stub of a call has pushed x17 and x30, and ends with a branch to where the program goes on."""
    words = list(struct.unpack_from("<31Q", raw, 0))
    (sp,) = struct.unpack_from("<Q", raw, _SP)
    tid, saved = struct.unpack_from("<2I", raw, _TID)
    pc = words[30]
    try:
        words[17], words[30] = struct.unpack("<QQ", guest.read(sp, 16))
        pc, sp = _target(guest, pc + 4), sp + 16
    except GuestFault:
        pass
    vectors = raw[_FP : _FP + 528] if saved else b""
    return Context(tid, running, (*words, sp, pc), struct.unpack_from("<Q", raw, _NZCV)[0], vectors)


def _target(guest: Guest, at: int) -> int:
    """Where the `b` at an address leads; the address itself where there is none."""
    instruction = int.from_bytes(guest.read(at, 4), "little")
    if instruction & _B_MASK != _B:
        return at
    offset = instruction & 0x03FF_FFFF
    return at + 4 * (offset - (1 << 26) if offset >> 25 else offset)
