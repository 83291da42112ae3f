# SPDX-License-Identifier: BSD-2-Clause
"""Words on the secure console, and the end of a TA (clause 4.8; trace is OP-TEE's own)."""

from __future__ import annotations

from typing import NoReturn

from elfhaven.ta.system import current

_LINE = 1024


def trace(text: str) -> None:
    """Lines for the secure console."""
    for line in text.rstrip("\n").split("\n"):
        data = f"D/TA:  {line}".encode()[:_LINE] + b"\n"
        current().call("log", data, len(data))


def panic(code: int) -> NoReturn:
    """Ends the TA: every session of the instance gives TARGET_DEAD (TEE_Panic)."""
    current().call("panic", code & 0xFFFFFFFF)
    raise AssertionError("a core does not return from a panic")
