# SPDX-License-Identifier: BSD-2-Clause
"""Time, waiting and cancellation (clauses 4.10 and 7)."""

from __future__ import annotations

from typing import NamedTuple

from elfhaven.abi.utee import TIME
from elfhaven.ta.system import Out, current

_SYSTEM, _TA, _REE = 0, 1, 2


class Time(NamedTuple):
    """TEE_Time."""

    seconds: int
    millis: int


def _time(category: int) -> Time:
    out = Out(TIME.size)
    current().call("get_time", category, out)
    return Time(*TIME.unpack(out.data))


def system_time() -> Time:
    """From an arbitrary start; it never runs backwards (TEE_GetSystemTime)."""
    return _time(_SYSTEM)


def ree_time() -> Time:
    """What the normal world says that it is (TEE_GetREETime)."""
    return _time(_REE)


def ta_time() -> Time:
    """The TA's own clock; TimeNotSet before it was set (TEE_GetTAPersistentTime)."""
    return _time(_TA)


def set_ta_time(time: Time) -> None:
    """TEE_SetTAPersistentTime."""
    current().call("set_ta_time", TIME.pack(*time))


def wait(milliseconds: int) -> None:
    """Cancelled if the client asks for it, and cancellation is unmasked (TEE_Wait)."""
    current().call("wait", milliseconds)


def is_cancelled() -> bool:
    """Whether cancellation was asked for, and is unmasked (TEE_GetCancellationFlag)."""
    return _flag("get_cancellation_flag")


def mask_cancellation() -> bool:
    """Whether it was masked before (TEE_MaskCancellation)."""
    return _flag("mask_cancellation")


def unmask_cancellation() -> bool:
    """Whether it was masked before; it is at the start of every call (TEE_UnmaskCancellation)."""
    return _flag("unmask_cancellation")


def _flag(name: str) -> bool:
    out = Out(4)
    current().call(name, out)
    return bool(out.number)
