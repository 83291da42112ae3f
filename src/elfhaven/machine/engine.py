# SPDX-License-Identifier: BSD-2-Clause
"""What executes guest code at EL0, as a narrow seam with a fake."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

X8, X30, SP, PC = 8, 30, 31, 32  # indices into Engine.registers; 0..30 are x0..x30


class FaultKind(Enum):
    DATA = "data"
    PREFETCH = "prefetch"
    UNDEFINED = "undef"


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception that the guest took: ESR_ELx, FAR_ELx (valid for aborts), and the PC."""

    kind: FaultKind
    syndrome: int
    address: int
    pc: int
    pstate: int = 0


class Stop(Enum):
    """Why `enter` came back without a fault."""

    LEFT = "left"  # on_svc said so
    INTERRUPTED = "interrupted"  # by interrupt()


class Translation(Protocol):
    """The part of an address space that an engine needs."""

    @property
    def root(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def mapped(self) -> int: ...


Exit = Fault | Stop
OnSvc = Callable[[], bool]  # True: go on after the svc; False: leave


class Engine(Protocol):
    """One virtual CPU. Not re-entrant: code that on_svc runs must enter another engine."""

    @property
    def registers(self) -> Any:
        """A mutable sequence of 33 ints, live while in on_svc."""
        ...

    def enter(
        self, space: Translation, code_epoch: int, pc: int, sp: int, arguments: Sequence[int], on_svc: OnSvc
    ) -> Exit:
        """Run at EL0 from `pc` with x0.. = arguments, all other general and FP registers zero, until a fault,
        until `on_svc` returns False, or until interrupted. What on_svc raises comes out of here."""
        ...

    def interrupt(self) -> None:
        """Stop the running `enter`, or the next one if none runs yet, until `rearm`. From any thread."""
        ...

    def forget_code(self) -> None:
        """Drop translations: code was loaded into pages that may have held other code. In on_svc too."""
        ...

    def rearm(self) -> None:
        """Forget an interruption: what comes next is not meant by it."""
        ...

    @property
    def thread_pointer(self) -> int:
        """TPIDR_EL0. `enter` leaves it alone."""
        ...

    @thread_pointer.setter
    def thread_pointer(self, value: int) -> None: ...

    def close(self) -> None: ...


class FakeEngine:
    """Runs a Python function in place of guest code: `program(registers, svc)`, where svc() makes a
    system call with the registers as they stand and returns False when the call left. It may return a
    Fault."""

    def __init__(self, program: Callable[[MutableSequence[int], OnSvc], Exit | None]) -> None:
        self.registers: MutableSequence[int] = [0] * 33
        self.thread_pointer = 0
        self.entered: list[tuple[int, int]] = []  # (root, epoch) of each entry
        self._program = program

    def enter(
        self, space: Translation, code_epoch: int, pc: int, sp: int, arguments: Sequence[int], on_svc: OnSvc
    ) -> Exit:
        self.entered.append((space.root, space.epoch))
        self.registers[:] = [*arguments, *[0] * (31 - len(arguments)), sp, pc]
        return self._program(self.registers, on_svc) or Stop.LEFT

    def interrupt(self) -> None:
        """Nothing runs beside the caller."""

    def forget_code(self) -> None:
        """Nothing is translated."""

    def rearm(self) -> None:
        """Nothing was interrupted."""

    def close(self) -> None:
        """Nothing to give back."""
