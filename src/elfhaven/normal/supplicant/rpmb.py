# SPDX-License-Identifier: BSD-2-Clause
"""An emulated eMMC's RPMB partition, and RPC_CMD_RPMB on it, as tee-supplicant's own emulation serves it.

Size and identification are those of that emulation; unlike it, this one keeps what is written, in a file that
is replaced at every write, and refuses a write whose counter is not the device's. One process at a time may
use the file.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable
from pathlib import Path

from elfhaven.abi import gp, rpmb
from elfhaven.abi import optee_msg as msg
from elfhaven.abi.rpmb import BLOCK, Frame, Message, Result
from elfhaven.world.message import Param

CID = bytes.fromhex("fe014e4d4d4330344742c8f6552a6115")
SIZE_UNITS = 2  # of 128 KiB
SIZE = SIZE_UNITS * rpmb.SIZE_UNIT
_RELIABLE_SECTORS = 1
_STATE = struct.Struct("<B32sI")  # behind the blocks: whether there is a key, the key, the write counter
FILE_SIZE = SIZE + _STATE.size
Room = Callable[[Param], memoryview]


class Partition:
    """The partition in a file; an empty file is a device as it leaves the factory."""

    def __init__(self, path: Path, replace: Callable[[Path, bytes], None]) -> None:
        self._path = path
        self._replace = replace
        self._answer = Frame(0)

    def request(self, frames: list[Frame], count: int) -> list[Frame] | None:
        """What the device answers with, `count` frames if it is asked to read; None for no request."""
        try:
            kind = Message(frames[0].type)
        except (ValueError, IndexError):
            return None
        blocks, key, counter = self._load()
        if kind is Message.PROGRAM_KEY:
            return [Frame(kind.answer, result=self._program(blocks, key, counter, frames[0].mac))]
        if key is None:
            return [Frame(kind.answer, result=Result.NO_KEY)]
        if kind is Message.READ_COUNTER:
            answers = [Frame(kind.answer, nonce=frames[0].nonce, counter=counter)]
        elif kind is Message.READ:
            answers = _read(blocks, frames[0], count)
        elif kind is Message.WRITE:
            answers = [self._write(blocks, key, counter, frames)]
        else:
            return None
        answers[-1].mac = rpmb.mac_of(key, answers)
        return answers

    def _program(self, blocks: bytearray, old: bytes | None, counter: int, key: bytes) -> int:
        if old is not None:
            return Result.GENERAL_FAILURE
        self._save(blocks, key, counter)
        return Result.OK

    def _write(self, blocks: bytearray, key: bytes, counter: int, frames: list[Frame]) -> Frame:
        start = frames[0].address * BLOCK
        answer = Frame(Message.WRITE.answer, counter=counter, address=frames[0].address)
        if not hmac.compare_digest(rpmb.mac_of(key, frames), frames[-1].mac):
            answer.result = Result.AUTHENTICATION_FAILURE
        elif frames[0].counter != counter:
            answer.result = Result.COUNTER_FAILURE
        elif start + len(frames) * BLOCK > SIZE:
            answer.result = Result.ADDRESS_FAILURE
        else:
            blocks[start : start + len(frames) * BLOCK] = b"".join(frame.data for frame in frames)
            answer.counter = counter + 1
            self._save(blocks, key, counter + 1)
        return answer

    def _load(self) -> tuple[bytearray, bytes | None, int]:
        raw = self._path.read_bytes() if self._path.exists() else b""
        if len(raw) != FILE_SIZE:
            return bytearray(SIZE), None, 0
        programmed, key, counter = _STATE.unpack_from(raw, SIZE)
        return bytearray(raw[:SIZE]), key if programmed else None, counter

    def _save(self, blocks: bytearray, key: bytes, counter: int) -> None:
        self._replace(self._path, bytes(blocks) + _STATE.pack(1, key, counter))


def _read(blocks: bytearray, asked: Frame, count: int) -> list[Frame]:
    start = asked.address * BLOCK
    if start + count * BLOCK > SIZE or not count:
        return [
            Frame(
                Message.READ.answer, nonce=asked.nonce, address=asked.address, result=Result.ADDRESS_FAILURE
            )
        ]
    pieces = [bytes(blocks[at : at + BLOCK]) for at in range(start, start + count * BLOCK, BLOCK)]
    return [
        Frame(Message.READ.answer, data, asked.nonce, address=asked.address, count=count) for data in pieces
    ]


class RpmbService:
    """Serves RPC_CMD_RPMB."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition

    def serve(self, params: list[Param], room: Room) -> int:
        """One request, answered in the memory of its second parameter; a TEE_Result."""
        if len(params) != 2 or params[0].kind not in _IN or params[1].kind not in _OUT:
            return gp.TEE_ERROR_BAD_PARAMETERS
        place = room(params[1])
        code, data = answer(self._partition, bytes(room(params[0])), len(place))
        place[: len(data)] = data
        return code


def answer(partition: Partition, request: bytes, room: int) -> tuple[int, bytes]:
    """(TEE_Result, answer) to a request with its header; the answer has at most `room` bytes."""
    if len(request) < rpmb.REQUEST.size:
        return gp.TEE_ERROR_BAD_PARAMETERS, b""
    command, _, _ = rpmb.REQUEST.unpack_from(request)
    raw = b""
    if command == rpmb.GET_DEVICE_INFO:
        raw = rpmb.DEVICE_INFO.pack(CID, SIZE_UNITS, _RELIABLE_SECTORS, 0)
    elif command == rpmb.DATA_REQUEST:
        frames = rpmb.unpack(request[rpmb.REQUEST.size :])
        if frames and all(frame.type == frames[0].type for frame in frames):
            try:
                answers = partition.request(frames, room // rpmb.FRAME.size)
            except OSError:
                return gp.TEE_ERROR_GENERIC, b""
            raw = b"".join(frame.pack() for frame in answers or [])
    if not raw or len(raw) > room:
        return gp.TEE_ERROR_BAD_PARAMETERS, b""
    return gp.TEE_SUCCESS, raw


_IN = (msg.ATTR_RMEM_INPUT, msg.ATTR_TMEM_INPUT)
_OUT = (msg.ATTR_RMEM_OUTPUT, msg.ATTR_TMEM_OUTPUT)
