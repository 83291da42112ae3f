# SPDX-License-Identifier: BSD-2-Clause
"""Replay protected memory blocks of an eMMC (JESD84-B51, clause 6.6.22), and how OP-TEE hands frames on."""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

BLOCK: Final = 256
FRAME: Final = struct.Struct(">196x32s256s16sIHHHH")
REQUEST: Final = struct.Struct("<HHH")  # command, device, blocks to read; frames follow
DEVICE_INFO: Final = struct.Struct("<16sBBB")  # CID, size in 128 KiB, reliable write sectors, 0 for good
DATA_REQUEST: Final = 0  # commands of REQUEST
GET_DEVICE_INFO: Final = 1
SIZE_UNIT: Final = 128 << 10
CID_SIZE: Final = 16
KEY_SIZE: Final = 32
NONCE_SIZE: Final = 16
_AUTHENTICATED: Final = 228  # where in a frame that begins which the MAC is over


class Message(IntEnum):
    """Types of frames; an answer's is its request's shifted by 8."""

    PROGRAM_KEY = 1
    READ_COUNTER = 2
    WRITE = 3
    READ = 4
    READ_RESULT = 5

    @property
    def answer(self) -> int:
        return self << 8


class Result(IntEnum):
    OK = 0
    GENERAL_FAILURE = 1
    AUTHENTICATION_FAILURE = 2
    COUNTER_FAILURE = 3
    ADDRESS_FAILURE = 4
    NO_KEY = 7


@dataclass(slots=True)
class Frame:
    """One frame. In frames to program the key, the key stands in place of the MAC."""

    type: int
    data: bytes = bytes(BLOCK)
    nonce: bytes = bytes(NONCE_SIZE)
    counter: int = 0
    address: int = 0
    count: int = 0
    result: int = 0
    mac: bytes = bytes(KEY_SIZE)

    def pack(self) -> bytes:
        return FRAME.pack(
            self.mac, self.data, self.nonce, self.counter, self.address, self.count, self.result, self.type
        )

    @classmethod
    def unpack(cls, raw: bytes) -> Frame:
        mac, data, nonce, counter, address, count, result, kind = FRAME.unpack(raw)
        return cls(kind, data, nonce, counter, address, count, result, mac)


def unpack(raw: bytes) -> list[Frame]:
    """All whole frames."""
    whole = len(raw) // FRAME.size * FRAME.size
    return [Frame.unpack(raw[at : at + FRAME.size]) for at in range(0, whole, FRAME.size)]


def mac_of(key: bytes, frames: Iterable[Frame]) -> bytes:
    """What stands in the last of the frames: HMAC-SHA256 over the authenticated part of them all."""
    return hmac.digest(key, b"".join(frame.pack()[_AUTHENTICATED:] for frame in frames), "sha256")
