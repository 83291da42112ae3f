# SPDX-License-Identifier: BSD-2-Clause
"""An exception that a TA did not mean, in words for the secure console."""

from __future__ import annotations

import traceback
from types import TracebackType


def described(error: Exception) -> str:
    """Its traceback, in lines."""
    return "".join(traceback.format_exception(error.with_traceback(_own(error.__traceback__))))


def _own(trace: TracebackType | None) -> TracebackType | None:
    """A traceback from where the TA's own code begins."""
    found = trace
    while found is not None and found.tb_frame.f_globals.get("__name__", "").startswith("elfhaven.ta."):
        found = found.tb_next
    return found or trace
