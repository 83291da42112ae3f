# SPDX-License-Identifier: BSD-2-Clause
"""How a row of the utee table is written."""

from __future__ import annotations

from elfhaven.calls.row import Result, Row, Served, parse_args

_COMMON = "ACCESS_DENIED BAD_PARAMETERS"
IO = "source:in(length) length:size destination:out(destination_length) destination_length:ptr"


def served(number: int, name: str, args: str, errors: str = "", result: Result = Result.ZERO) -> Row:
    """A call that the core serves; `errors` are its own, without TEE_ERROR_."""
    names = frozenset(f"TEE_ERROR_{error}" for error in f"{_COMMON} {errors}".split())
    return Row(number, name, Served.INSIDE, parse_args(args), result, names, reason="the core's own")


def absent(number: int, name: str, args: str, reason: str) -> Row:
    """A call that the core does not serve yet: a TA gets TEE_ERROR_NOT_IMPLEMENTED."""
    return Row(number, name, Served.ABSENT, parse_args(args), reason=reason)
