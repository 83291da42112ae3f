# SPDX-License-Identifier: BSD-2-Clause
"""The TEE Client API for people's own programs, on every target.

    from elfhaven.client import Context, Value

    with Context("emulator", tas=[HelloWorld]) as tee, tee.open_session(HelloWorld.uuid) as session:
        (value,) = session.invoke(0, Value.inout(41))

The same program talks to a real OP-TEE with Context("qemu"), Context("ssh:user@board") or, on a board,
Context("device"). Every GlobalPlatform code is an error class of its own.
"""

from elfhaven.client.asynchronous import (
    AsyncContext,
    AsyncSession,
)
from elfhaven.client.context import (
    Context,
)
from elfhaven.client.fake import (
    FakeTransport,
)
from elfhaven.client.pool import (
    SessionPool,
)
from elfhaven.errors import (
    ElfhavenError,
    TargetError,
    TeeError,
    UsageError,
)
from elfhaven.normal.client import (
    Direction,
    Login,
    MemRef,
    Operation,
    Result,
    Session,
    SharedMemory,
    Value,
)
from elfhaven.normal.transport import (
    Parameter,
    Transport,
)
from elfhaven.tee_errors import (
    AccessConflict,
    AccessDenied,
    BadFormat,
    BadParameters,
    BadState,
    Busy,
    Cancelled,
    CiphertextInvalid,
    CommunicationFailed,
    CorruptObject,
    ExcessData,
    ExternalCancel,
    Generic,
    ItemNotFound,
    MacInvalid,
    NoData,
    NotImplementedByTee,
    NotSupported,
    NumberOverflow,
    OutOfMemory,
    OwnError,
    SecurityViolation,
    ShortBuffer,
    SignatureInvalid,
    SocketHostname,
    SocketLargeBuffer,
    SocketOutOfResources,
    SocketProtocolError,
    SocketProtocolWarning,
    SocketRemoteClosed,
    SocketTimeout,
    StorageNoSpace,
    StorageNotAvailable,
    TargetDead,
    TeeResultError,
    TimeNeedsReset,
    TimeNotSet,
)

__all__ = [
    "AccessConflict",
    "AccessDenied",
    "AsyncContext",
    "AsyncSession",
    "BadFormat",
    "BadParameters",
    "BadState",
    "Busy",
    "Cancelled",
    "CiphertextInvalid",
    "CommunicationFailed",
    "Context",
    "CorruptObject",
    "Direction",
    "ElfhavenError",
    "ExcessData",
    "ExternalCancel",
    "FakeTransport",
    "Generic",
    "ItemNotFound",
    "Login",
    "MacInvalid",
    "MemRef",
    "NoData",
    "NotImplementedByTee",
    "NotSupported",
    "NumberOverflow",
    "Operation",
    "OutOfMemory",
    "OwnError",
    "Parameter",
    "Result",
    "SecurityViolation",
    "Session",
    "SessionPool",
    "SharedMemory",
    "ShortBuffer",
    "SignatureInvalid",
    "SocketHostname",
    "SocketLargeBuffer",
    "SocketOutOfResources",
    "SocketProtocolError",
    "SocketProtocolWarning",
    "SocketRemoteClosed",
    "SocketTimeout",
    "StorageNoSpace",
    "StorageNotAvailable",
    "TargetDead",
    "TargetError",
    "TeeError",
    "TeeResultError",
    "TimeNeedsReset",
    "TimeNotSet",
    "Transport",
    "UsageError",
    "Value",
]
