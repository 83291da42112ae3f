# SPDX-License-Identifier: BSD-2-Clause
"""Trusted Applications in Python.

from elfhaven.ta import TrustedApplication, ValueInout, command

class HelloWorld(TrustedApplication):
    uuid = "8aaaf200-2450-11e4-abe2-0002a5d5c51b"

    @command(0)
    def increment(self, value: ValueInout) -> None:
        value.a += 1
"""

from elfhaven.ta.application import Session, TrustedApplication, command
from elfhaven.ta.identity import Identity
from elfhaven.ta.params import (
    Kind,
    MemrefInout,
    MemrefInput,
    MemrefOutput,
    Params,
    ValueInout,
    ValueInput,
    ValueOutput,
)
from elfhaven.ta.program import PythonTa, python_ta
from elfhaven.ta.properties import client_identity
from elfhaven.ta.trace import panic, trace
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
    "BadFormat",
    "BadParameters",
    "BadState",
    "Busy",
    "Cancelled",
    "CiphertextInvalid",
    "CommunicationFailed",
    "CorruptObject",
    "ExcessData",
    "ExternalCancel",
    "Generic",
    "Identity",
    "ItemNotFound",
    "Kind",
    "MacInvalid",
    "MemrefInout",
    "MemrefInput",
    "MemrefOutput",
    "NoData",
    "NotImplementedByTee",
    "NotSupported",
    "NumberOverflow",
    "OutOfMemory",
    "OwnError",
    "Params",
    "PythonTa",
    "SecurityViolation",
    "Session",
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
    "TeeResultError",
    "TimeNeedsReset",
    "TimeNotSet",
    "TrustedApplication",
    "ValueInout",
    "ValueInput",
    "ValueOutput",
    "client_identity",
    "command",
    "panic",
    "python_ta",
    "trace",
]
