# SPDX-License-Identifier: BSD-2-Clause
"""What results and origins mean, for people (Client API 1.0, clauses 4.4.2 and 4.4.3)."""

from __future__ import annotations

from typing import Final

from elfhaven.abi import gp
from elfhaven.errors import TeeError

_MEANINGS: Final = {
    gp.TEE_ERROR_GENERIC: ("a non-specific error", None),
    gp.TEE_ERROR_ACCESS_DENIED: (
        "access is denied",
        "the login method or the client is not one that the TA accepts",
    ),
    gp.TEE_ERROR_CANCEL: ("the operation was cancelled", None),
    gp.TEE_ERROR_ACCESS_CONFLICT: (
        "another user holds the object, or the image is older than one that ran before",
        "close the other user, or pack the image with a higher version",
    ),
    gp.TEE_ERROR_EXCESS_DATA: ("more data was given than the operation takes", None),
    gp.TEE_ERROR_BAD_FORMAT: ("the input data has the wrong format", None),
    gp.TEE_ERROR_BAD_PARAMETERS: (
        "the parameters are wrong",
        "compare the number, types and sizes of the parameters with what the TA expects",
    ),
    gp.TEE_ERROR_BAD_STATE: ("the operation is not valid in the present state", None),
    gp.TEE_ERROR_ITEM_NOT_FOUND: (
        "what was asked for is not there",
        "for a session: no directory of the supplicant holds <uuid>.ta",
    ),
    gp.TEE_ERROR_NOT_IMPLEMENTED: ("the operation is not implemented", None),
    gp.TEE_ERROR_NOT_SUPPORTED: ("the operation is not supported", None),
    gp.TEE_ERROR_NO_DATA: ("data was expected and none came", None),
    gp.TEE_ERROR_OUT_OF_MEMORY: (
        "the secure world has not enough memory",
        "close other sessions, share less, lower [memory] in elfhaven.toml, or take a large layout",
    ),
    gp.TEE_ERROR_BUSY: ("the TA or the TEE is busy", "wait for the other session, or close it"),
    gp.TEE_ERROR_COMMUNICATION: ("the TEE cannot be reached", "see whether the target still runs"),
    gp.TEE_ERROR_SECURITY: (
        "a security check failed",
        "for a session: the image is not signed by a key that the device trusts, or was changed",
    ),
    gp.TEE_ERROR_SHORT_BUFFER: (
        "a buffer is too small for the output",
        "ask again with the size that came back",
    ),
    gp.TEE_ERROR_EXTERNAL_CANCEL: ("something outside the TEE cancelled the operation", None),
    gp.TEE_ERROR_OVERFLOW: ("a number overflowed", None),
    gp.TEE_ERROR_TARGET_DEAD: (
        "the TA died: it panicked, or a fault ended it",
        "the secure console says where; open a new session to try again",
    ),
    gp.TEE_ERROR_STORAGE_NO_SPACE: ("the secure storage is full", None),
    gp.TEE_ERROR_CORRUPT_OBJECT: ("a stored object is damaged and was removed", None),
    gp.TEE_ERROR_STORAGE_NOT_AVAILABLE: ("the secure storage cannot be reached", None),
    gp.TEE_ERROR_MAC_INVALID: ("a MAC does not hold", None),
    gp.TEE_ERROR_SIGNATURE_INVALID: ("a signature does not hold", None),
    gp.TEE_ERROR_TIME_NOT_SET: ("the time was never set", None),
    gp.TEE_ERROR_TIME_NEEDS_RESET: ("the stored time cannot be trusted any more", None),
}

_ORIGINS: Final = {
    gp.TEE_ORIGIN_API: "the client API",
    gp.TEE_ORIGIN_COMMS: "the way to the TEE",
    gp.TEE_ORIGIN_TEE: "the TEE",
    gp.TEE_ORIGIN_TRUSTED_APP: "the trusted application",
}


def meaning(code: int) -> str:
    """One phrase for a TEE_Result."""
    return _MEANINGS.get(code, ("an error of the TA's own", None))[0]


def origin_name(origin: int) -> str:
    """Where a result comes from, in words."""
    return _ORIGINS.get(origin, f"origin {origin}")


class ShortBuffer(TeeError):
    """TEE_ERROR_SHORT_BUFFER; `sizes` has for each parameter the bytes it needs, None for others."""

    def __init__(self, origin: int, cause: str, fix: str | None, sizes: tuple[int | None, ...]) -> None:
        super().__init__(gp.TEE_ERROR_SHORT_BUFFER, origin, cause, fix)
        self.sizes = sizes


def tee_error(code: int, origin: int, doing: str, sizes: tuple[int | None, ...] = ()) -> TeeError:
    """The exception for a result, e.g. `doing` = "cannot open a session with <uuid>"."""
    fix = _MEANINGS.get(code, (None, None))[1]
    cause = f"{doing}: {meaning(code)} ({gp.result_name(code)} {code:#010x}, from {origin_name(origin)})"
    if code == gp.TEE_ERROR_SHORT_BUFFER:
        return ShortBuffer(origin, cause, fix, sizes)
    return TeeError(code, origin, cause, fix)
