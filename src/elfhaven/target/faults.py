# SPDX-License-Identifier: BSD-2-Clause
"""What killed a TA: OP-TEE's abort report on the secure console, made into one line.

The report is the one that OP-TEE's core prints for a user TA (abort.c, user_ta.c, ldelf): the same lines come
from the emulator, from QEMU's second serial port and from a board.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_ABORT = re.compile(r"User (?:mode|TA) (\S+)-abort at address (0x[0-9a-fA-F]+)(?: \(([^)]*)\))?")
_PANIC = re.compile(r"TA panicked with code (0x[0-9a-fA-F]+|\d+)")
_ELR = re.compile(r"\belr\s+(?:0x)?([0-9a-fA-F]+)")
_LOADED = re.compile(r"\[0\]\s+([0-9a-fA-F-]{36}) @ (0x[0-9a-fA-F]+)")
_NULL_RANGE = 4096


@dataclass(frozen=True, slots=True)
class Fault:
    """One abort. `kind` is OP-TEE's word (data, prefetch, undef, panic); addresses are virtual ones."""

    kind: str
    address: int
    reason: str = ""
    pc: int | None = None
    load: int | None = None
    uuid: str = ""

    @property
    def offset(self) -> int | None:
        """Where the program counter stood, as an offset into the TA's image."""
        return None if self.pc is None or self.load is None or self.pc < self.load else self.pc - self.load


@dataclass(frozen=True, slots=True)
class Symbols:
    """Functions of one image of a TA: (offset in the TA, size, name), sorted; `span` is what it covers."""

    image: str
    start: int
    span: int
    functions: tuple[tuple[int, int, str], ...] = ()

    def name(self, offset: int) -> str | None:
        """`image`, or `function+0x12 of image`; None for an offset outside."""
        if not self.start <= offset < self.start + self.span:
            return None
        for start, size, function in reversed(self.functions):
            if start <= offset < start + max(size, 4):
                return f"{function}+{offset - start:#x} of {self.image}"
        return f"{offset - self.start:#x} of {self.image}"


def read_report(lines: Iterable[str]) -> Fault | None:
    """The last fault that the console tells of; None if it tells of none.

    A panic stands: the abort that OP-TEE reports behind it is an earlier one's, left in its memory.
    """
    fault: Fault | None = None
    for line in lines:
        if fault and fault.kind == "panic":
            return fault
        if abort := _ABORT.search(line):
            fault = Fault(abort[1], int(abort[2], 16), abort[3] or "")
        elif panic := _PANIC.search(line):
            fault = Fault("panic", int(panic[1], 0))
        elif fault and fault.pc is None and (elr := _ELR.search(line)):
            fault = replace(fault, pc=int(elr[1], 16))
        elif fault and (loaded := _LOADED.search(line)):
            fault = replace(fault, uuid=loaded[1], load=int(loaded[2], 16))
    return fault


def describe(fault: Fault, images: Iterable[Symbols] = ()) -> str:
    """One line: what happened and where."""
    return f"{_what(fault)}{_where(fault, tuple(images))}"


def _what(fault: Fault) -> str:
    if fault.kind == "panic":
        return f"the program's runtime gave up (panic {fault.address:#x})"
    if fault.kind == "undef":
        return "an instruction that the processor refuses at this level"
    reason = f", {fault.reason}" if fault.reason else ""
    if fault.kind == "prefetch":
        return f"a jump to {fault.address:#x}, where there is no code{reason}"
    if fault.address < _NULL_RANGE:
        return f"a null pointer used (address {fault.address:#x}{reason})"
    return f"an access to memory that is not the program's (address {fault.address:#x}{reason})"


def _where(fault: Fault, images: tuple[Symbols, ...]) -> str:
    offset = fault.offset
    if offset is None:
        return "" if fault.pc is None else f" at {fault.pc:#x}"
    named = (image.name(offset) for image in images)
    return f" at {next(filter(None, named), f'{offset:#x} of the image')}"
