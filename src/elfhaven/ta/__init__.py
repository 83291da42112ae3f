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
from elfhaven.ta.ciphers import AsymmetricCipher, AuthenticatedCipher, Cipher, Signature
from elfhaven.ta.client import INFINITE, Room, TaSession
from elfhaven.ta.clock import (
    Time,
    is_cancelled,
    mask_cancellation,
    ree_time,
    set_ta_time,
    system_time,
    ta_time,
    unmask_cancellation,
    wait,
)
from elfhaven.ta.identity import Identity
from elfhaven.ta.memory import same
from elfhaven.ta.objects import Attribute, ObjectHandle, ObjectInfo, TransientObject
from elfhaven.ta.operations import (
    Digest,
    KeyDerivation,
    Mac,
    Operation,
    OperationInfo,
    is_algorithm_supported,
)
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
from elfhaven.ta.properties import Properties, client_identity
from elfhaven.ta.random import random_bytes
from elfhaven.ta.services import call_plugin, unique_key
from elfhaven.ta.sockets import TcpStream, UdpSocket
from elfhaven.ta.storage import Access, ObjectEnumerator, PersistentObject, Storage, Whence
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
    "INFINITE",
    "Access",
    "AccessConflict",
    "AccessDenied",
    "AsymmetricCipher",
    "Attribute",
    "AuthenticatedCipher",
    "BadFormat",
    "BadParameters",
    "BadState",
    "Busy",
    "Cancelled",
    "Cipher",
    "CiphertextInvalid",
    "CommunicationFailed",
    "CorruptObject",
    "Digest",
    "ExcessData",
    "ExternalCancel",
    "Generic",
    "Identity",
    "ItemNotFound",
    "KeyDerivation",
    "Kind",
    "Mac",
    "MacInvalid",
    "MemrefInout",
    "MemrefInput",
    "MemrefOutput",
    "NoData",
    "NotImplementedByTee",
    "NotSupported",
    "NumberOverflow",
    "ObjectEnumerator",
    "ObjectHandle",
    "ObjectInfo",
    "Operation",
    "OperationInfo",
    "OutOfMemory",
    "OwnError",
    "Params",
    "PersistentObject",
    "Properties",
    "PythonTa",
    "Room",
    "SecurityViolation",
    "Session",
    "ShortBuffer",
    "Signature",
    "SignatureInvalid",
    "SocketHostname",
    "SocketLargeBuffer",
    "SocketOutOfResources",
    "SocketProtocolError",
    "SocketProtocolWarning",
    "SocketRemoteClosed",
    "SocketTimeout",
    "Storage",
    "StorageNoSpace",
    "StorageNotAvailable",
    "TaSession",
    "TargetDead",
    "TcpStream",
    "TeeResultError",
    "Time",
    "TimeNeedsReset",
    "TimeNotSet",
    "TransientObject",
    "TrustedApplication",
    "UdpSocket",
    "ValueInout",
    "ValueInput",
    "ValueOutput",
    "Whence",
    "call_plugin",
    "client_identity",
    "command",
    "is_algorithm_supported",
    "is_cancelled",
    "mask_cancellation",
    "panic",
    "python_ta",
    "random_bytes",
    "ree_time",
    "same",
    "set_ta_time",
    "system_time",
    "ta_time",
    "trace",
    "unique_key",
    "unmask_cancellation",
    "wait",
]
