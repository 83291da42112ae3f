# SPDX-License-Identifier: BSD-2-Clause
"""Results of the TEE as exceptions of the client (Client API 1.0, clauses 4.4.2 and 4.4.3)."""

from __future__ import annotations

from elfhaven.abi import gp
from elfhaven.tee_errors import ShortBuffer, TeeResultError, error_of, meaning, origin_name

__all__ = ["ShortBuffer", "meaning", "origin_name", "tee_error"]


def tee_error(code: int, origin: int, doing: str, sizes: tuple[int | None, ...] = ()) -> TeeResultError:
    """The exception for a result, e.g. `doing` = "cannot open a session with <uuid>"."""
    cause = f"{doing}: {meaning(code)} ({gp.result_name(code)} {code:#010x}, from {origin_name(origin)})"
    return error_of(code, cause, origin=origin, sizes=sizes)
