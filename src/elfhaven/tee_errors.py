# SPDX-License-Identifier: BSD-2-Clause
"""The one table of GlobalPlatform errors: a class for each code of abi/gp.py, with its meaning and its fix.

Both sides use them: a client catches `ItemNotFound`, a TA raises it. `TeeError` catches them all.

    TeeError
    `-- TeeResultError     code, origin, name, meaning, cause, fix
        |-- ItemNotFound, AccessDenied, TargetDead, ShortBuffer ...
        `-- OwnError       a code that has no name: the TA's own
"""

from __future__ import annotations

from typing import ClassVar, Final

from elfhaven.abi import gp
from elfhaven.errors import TeeError

_ORIGINS: Final = {
    gp.TEE_ORIGIN_API: "the client API",
    gp.TEE_ORIGIN_COMMS: "the way to the TEE",
    gp.TEE_ORIGIN_TEE: "the TEE",
    gp.TEE_ORIGIN_TRUSTED_APP: "the trusted application",
}


def origin_name(origin: int) -> str:
    """Where a result comes from, in words (Client API 1.0, clause 4.4.2)."""
    return _ORIGINS.get(origin, f"origin {origin}")


class TeeResultError(TeeError):
    """A TEE_Result as an exception. Raise a subclass in a TA: its code is what the client gets.

    `MEANING` is one phrase, `FIX` what to do, where that is known.
    """

    CODE: ClassVar[int] = gp.TEE_ERROR_GENERIC
    MEANING: ClassVar[str] = "an error of the TA's own"
    FIX: ClassVar[str | None] = None

    def __init__(
        self, cause: str = "", fix: str | None = None, *, origin: int = gp.TEE_ORIGIN_TRUSTED_APP
    ) -> None:
        super().__init__(self.CODE, origin, cause or self.MEANING, fix or self.FIX)

    @property
    def name(self) -> str:
        """The constant's name, e.g. TEE_ERROR_ITEM_NOT_FOUND."""
        return gp.result_name(self.code)

    @property
    def meaning(self) -> str:
        return self.MEANING

    @property
    def origin_name(self) -> str:
        return origin_name(self.origin)


class OwnError(TeeResultError):
    """A code that no standard names."""

    def __init__(
        self,
        code: int,
        cause: str = "",
        fix: str | None = None,
        *,
        origin: int = gp.TEE_ORIGIN_TRUSTED_APP,
    ) -> None:
        super().__init__(cause, fix, origin=origin)
        self.code = code & 0xFFFFFFFF


class ShortBuffer(TeeResultError):
    """TEE_ERROR_SHORT_BUFFER; `sizes` has for each parameter the bytes it needs, None for others."""

    CODE = gp.TEE_ERROR_SHORT_BUFFER
    MEANING = "a buffer is too small for the output"
    FIX = "ask again with the size that came back"

    def __init__(
        self,
        cause: str = "",
        fix: str | None = None,
        *,
        origin: int = gp.TEE_ORIGIN_TRUSTED_APP,
        sizes: tuple[int | None, ...] = (),
    ) -> None:
        super().__init__(cause, fix, origin=origin)
        self.sizes = sizes


class Generic(TeeResultError):
    """TEE_ERROR_GENERIC."""

    CODE = gp.TEE_ERROR_GENERIC
    MEANING = "a non-specific error"


class AccessDenied(TeeResultError):
    """TEE_ERROR_ACCESS_DENIED."""

    CODE = gp.TEE_ERROR_ACCESS_DENIED
    MEANING = "access is denied"
    FIX = "the login method or the client is not one that the TA accepts"


class Cancelled(TeeResultError):
    """TEE_ERROR_CANCEL."""

    CODE = gp.TEE_ERROR_CANCEL
    MEANING = "the operation was cancelled"


class AccessConflict(TeeResultError):
    """TEE_ERROR_ACCESS_CONFLICT."""

    CODE = gp.TEE_ERROR_ACCESS_CONFLICT
    MEANING = "another user holds the object, or the image is older than one that ran before"
    FIX = "close the other user, or pack the image with a higher version"


class ExcessData(TeeResultError):
    """TEE_ERROR_EXCESS_DATA."""

    CODE = gp.TEE_ERROR_EXCESS_DATA
    MEANING = "more data was given than the operation takes"


class BadFormat(TeeResultError):
    """TEE_ERROR_BAD_FORMAT."""

    CODE = gp.TEE_ERROR_BAD_FORMAT
    MEANING = "the input data has the wrong format"


class BadParameters(TeeResultError):
    """TEE_ERROR_BAD_PARAMETERS."""

    CODE = gp.TEE_ERROR_BAD_PARAMETERS
    MEANING = "the parameters are wrong"
    FIX = "compare the number, types and sizes of the parameters with what the TA expects"


class BadState(TeeResultError):
    """TEE_ERROR_BAD_STATE."""

    CODE = gp.TEE_ERROR_BAD_STATE
    MEANING = "the operation is not valid in the present state"


class ItemNotFound(TeeResultError):
    """TEE_ERROR_ITEM_NOT_FOUND."""

    CODE = gp.TEE_ERROR_ITEM_NOT_FOUND
    MEANING = "what was asked for is not there"
    FIX = "for a session: no directory of the supplicant holds <uuid>.ta"


class NotImplementedByTee(TeeResultError):
    """TEE_ERROR_NOT_IMPLEMENTED."""

    CODE = gp.TEE_ERROR_NOT_IMPLEMENTED
    MEANING = "the operation is not implemented"


class NotSupported(TeeResultError):
    """TEE_ERROR_NOT_SUPPORTED."""

    CODE = gp.TEE_ERROR_NOT_SUPPORTED
    MEANING = "the operation is not supported"


class NoData(TeeResultError):
    """TEE_ERROR_NO_DATA."""

    CODE = gp.TEE_ERROR_NO_DATA
    MEANING = "data was expected and none came"


class OutOfMemory(TeeResultError):
    """TEE_ERROR_OUT_OF_MEMORY."""

    CODE = gp.TEE_ERROR_OUT_OF_MEMORY
    MEANING = "the secure world has not enough memory"
    FIX = "close other sessions, share less, lower [memory] in elfhaven.toml, or take a large layout"


class Busy(TeeResultError):
    """TEE_ERROR_BUSY."""

    CODE = gp.TEE_ERROR_BUSY
    MEANING = "the TA or the TEE is busy"
    FIX = "wait for the other session, or close it"


class CommunicationFailed(TeeResultError):
    """TEE_ERROR_COMMUNICATION."""

    CODE = gp.TEE_ERROR_COMMUNICATION
    MEANING = "the TEE cannot be reached"
    FIX = "see whether the target still runs"


class SecurityViolation(TeeResultError):
    """TEE_ERROR_SECURITY."""

    CODE = gp.TEE_ERROR_SECURITY
    MEANING = "a security check failed"
    FIX = "for a session: the image is not signed by a key that the device trusts, or was changed"


class ExternalCancel(TeeResultError):
    """TEE_ERROR_EXTERNAL_CANCEL."""

    CODE = gp.TEE_ERROR_EXTERNAL_CANCEL
    MEANING = "something outside the TEE cancelled the operation"


class NumberOverflow(TeeResultError):
    """TEE_ERROR_OVERFLOW."""

    CODE = gp.TEE_ERROR_OVERFLOW
    MEANING = "a number overflowed"


class TargetDead(TeeResultError):
    """TEE_ERROR_TARGET_DEAD."""

    CODE = gp.TEE_ERROR_TARGET_DEAD
    MEANING = "the TA died: it panicked, or a fault ended it"
    FIX = "the secure console says where; open a new session to try again"


class StorageNoSpace(TeeResultError):
    """TEE_ERROR_STORAGE_NO_SPACE."""

    CODE = gp.TEE_ERROR_STORAGE_NO_SPACE
    MEANING = "the secure storage is full"


class CorruptObject(TeeResultError):
    """TEE_ERROR_CORRUPT_OBJECT."""

    CODE = gp.TEE_ERROR_CORRUPT_OBJECT
    MEANING = "a stored object is damaged and was removed"


class StorageNotAvailable(TeeResultError):
    """TEE_ERROR_STORAGE_NOT_AVAILABLE."""

    CODE = gp.TEE_ERROR_STORAGE_NOT_AVAILABLE
    MEANING = "the secure storage cannot be reached"


class CiphertextInvalid(TeeResultError):
    """TEE_ERROR_CIPHERTEXT_INVALID."""

    CODE = gp.TEE_ERROR_CIPHERTEXT_INVALID
    MEANING = "a ciphertext does not decrypt under this key"


class MacInvalid(TeeResultError):
    """TEE_ERROR_MAC_INVALID."""

    CODE = gp.TEE_ERROR_MAC_INVALID
    MEANING = "a MAC does not hold"


class SignatureInvalid(TeeResultError):
    """TEE_ERROR_SIGNATURE_INVALID."""

    CODE = gp.TEE_ERROR_SIGNATURE_INVALID
    MEANING = "a signature does not hold"


class TimeNotSet(TeeResultError):
    """TEE_ERROR_TIME_NOT_SET."""

    CODE = gp.TEE_ERROR_TIME_NOT_SET
    MEANING = "the time was never set"


class TimeNeedsReset(TeeResultError):
    """TEE_ERROR_TIME_NEEDS_RESET."""

    CODE = gp.TEE_ERROR_TIME_NEEDS_RESET
    MEANING = "the stored time cannot be trusted any more"


class SocketProtocolError(TeeResultError):
    """TEE_ISOCKET_ERROR_PROTOCOL."""

    CODE = gp.TEE_ISOCKET_ERROR_PROTOCOL
    MEANING = "the socket's protocol failed"


class SocketRemoteClosed(TeeResultError):
    """TEE_ISOCKET_ERROR_REMOTE_CLOSED."""

    CODE = gp.TEE_ISOCKET_ERROR_REMOTE_CLOSED
    MEANING = "the other side closed the connection"


class SocketTimeout(TeeResultError):
    """TEE_ISOCKET_ERROR_TIMEOUT."""

    CODE = gp.TEE_ISOCKET_ERROR_TIMEOUT
    MEANING = "the socket's time limit is up"


class SocketOutOfResources(TeeResultError):
    """TEE_ISOCKET_ERROR_OUT_OF_RESOURCES."""

    CODE = gp.TEE_ISOCKET_ERROR_OUT_OF_RESOURCES
    MEANING = "no more sockets can be had"


class SocketLargeBuffer(TeeResultError):
    """TEE_ISOCKET_ERROR_LARGE_BUFFER."""

    CODE = gp.TEE_ISOCKET_ERROR_LARGE_BUFFER
    MEANING = "the buffer is too large for the socket"


class SocketProtocolWarning(TeeResultError):
    """TEE_ISOCKET_WARNING_PROTOCOL."""

    CODE = gp.TEE_ISOCKET_WARNING_PROTOCOL
    MEANING = "the protocol has a warning, see its own error"


class SocketHostname(TeeResultError):
    """TEE_ISOCKET_ERROR_HOSTNAME."""

    CODE = gp.TEE_ISOCKET_ERROR_HOSTNAME
    MEANING = "the host's name cannot be resolved"


ERRORS: Final[dict[int, type[TeeResultError]]] = {
    kind.CODE: kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, TeeResultError) and kind not in (TeeResultError, OwnError)
}


def meaning(code: int) -> str:
    """One phrase for a TEE_Result."""
    return ERRORS.get(code, OwnError).MEANING


def error_of(
    code: int,
    cause: str = "",
    *,
    origin: int = gp.TEE_ORIGIN_TRUSTED_APP,
    sizes: tuple[int | None, ...] = (),
) -> TeeResultError:
    """The exception for a code other than TEE_SUCCESS; `sizes` are those of a SHORT_BUFFER."""
    if code == gp.TEE_ERROR_SHORT_BUFFER:
        return ShortBuffer(cause, origin=origin, sizes=sizes)
    kind = ERRORS.get(code)
    return OwnError(code, cause, origin=origin) if kind is None else kind(cause, origin=origin)
