# SPDX-License-Identifier: BSD-2-Clause
"""A thread of a process, and what it may wait for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from elfhaven.machine.user_engine import Registers

WORD = 0xFFFF_FFFF_FFFF_FFFF


@dataclass(slots=True, eq=False)
class Wait:
    """What a call waits for. When a file of `files` is ready or the `deadline` has come (nanoseconds of the
    monotonic clock), `again` gives the call's result or what to wait for next; without both, somebody wakes
    the thread. `leave` is called when a signal ends the wait; with `restart` the call begins anew after a
    handler that wants it so. `firm`: no signal ends it (a call into the TEE)."""

    again: Callable[[], Outcome] = lambda: 0
    files: Sequence[tuple[int, int]] = ()  # (host descriptor, poll events)
    deadline: int | None = None
    leave: Callable[[], None] = lambda: None
    restart: bool = True
    firm: bool = False


Outcome = int | Wait | None  # None: the handler has set all registers itself


@dataclass(slots=True)
class SignalInfo:
    """What siginfo_t tells of a signal."""

    number: int
    code: int = 0
    pid: int = 0
    uid: int = 0
    address: int = 0
    value: int = 0


@dataclass(slots=True, eq=False)
class Thread:
    """`saved` holds its registers while another thread has the engine."""

    number: int
    saved: Registers | None = field(repr=False)
    mask: int = 0  # blocked signals, bit n - 1 for signal n
    pending: list[SignalInfo] = field(default_factory=list)
    wait: Wait | None = None
    result: int | None = None  # for x0, when it runs next
    restarting: bool = False  # a signal ended its call, which may begin anew
    clear_tid: int = 0
    robust_list: int = 0
    alternate_stack: tuple[int, int, int] = (0, 2, 0)  # sp, flags (SS_DISABLE), size
    mask_to_restore: int | None = None  # of rt_sigsuspend and ppoll
    name: bytes = b""
    dead: bool = False
