# SPDX-License-Identifier: BSD-2-Clause
"""Declaring rows of the Linux table: shorthands, and the sets of errors that calls share.

The errors of a delegated row are an allow-list: an answer from the normal world with another errno reaches
the program as EPERM. Sources: the manual pages of section 2 and what Linux 6.1 returns.
"""

from __future__ import annotations

from elfhaven.calls.row import Result, Row, Served, parse_args

PATH = "EACCES ELOOP ENAMETOOLONG ENOENT ENOTDIR ENOMEM EIO EPERM EINVAL"
MAKE = PATH + " EEXIST EROFS ENOSPC EDQUOT EMLINK EBUSY"
DATA = "EIO EINTR EAGAIN EINVAL EISDIR EBADF ENOMEM"
STORE = DATA + " ENOSPC EDQUOT EFBIG EPERM EPIPE"


def inside(
    number: int, name: str, args: str = "", result: Result = Result.ZERO, reason: str = "", errors: str = ""
) -> Row:
    """A call that never leaves the TEE."""
    return Row(
        number,
        name,
        Served.INSIDE,
        parse_args(args),
        result,
        frozenset(errors.split()),
        reason=reason or "state of the program, kept in the runtime",
    )


def delegated(
    number: int,
    name: str,
    args: str,
    wire: str,
    *,
    errors: str,
    policy: str,
    reason: str,
    result: Result = Result.ZERO,
) -> Row:
    """A call that the agent performs, after the policy allowed it inside."""
    return Row(
        number,
        name,
        Served.DELEGATED,
        parse_args(args),
        result,
        frozenset(errors.split()),
        parse_args(wire),
        policy,
        reason=reason,
    )


def refused(number: int, name: str, errno: str, reason: str, args: str = "") -> Row:
    """A call that is answered with `errno` on purpose."""
    return Row(number, name, Served.REFUSED, parse_args(args), refusal=errno, reason=reason)
