# SPDX-License-Identifier: BSD-2-Clause
"""The core's end of an RPMB partition: authenticated reads and writes of blocks, by RPC.

The key is derived from the device's own and the eMMC's identification; an eMMC without a key is given it
(CFG_RPMB_WRITE_KEY). Whatever the normal world answers is held against MAC, nonce, address and counter.
"""

from __future__ import annotations

import hmac
from typing import Protocol

from elfhaven.abi import rpmb
from elfhaven.abi.gp import (
    TEE_ERROR_COMMUNICATION,
    TEE_ERROR_GENERIC,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_SECURITY,
)
from elfhaven.abi.rpmb import BLOCK, Frame, Message, Result
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.hash_tree import Secrets
from elfhaven.secure.storage.keys import rpmb_key

_ATTEMPTS = 10  # RPMB_MAX_RETRIES


class Transfer(Protocol):
    """RPC_CMD_RPMB: a request, and an answer of so many bytes. Errors are TeeResults."""

    def __call__(self, request: bytes, size: int) -> bytes: ...


class RpmbDevice:
    """Blocks of 256 bytes. After a write whose outcome is unknown, every later use gives COMMUNICATION."""

    def __init__(self, transfer: Transfer, secrets: Secrets, shared: bool = False) -> None:
        self._transfer = transfer
        self._secrets = secrets
        self._shared = shared  # with other processes: the counter is asked for every time
        self._key: bytes | None = None
        self._counter = 0
        self._dead = False
        self.blocks = 0

    def prepare(self) -> None:
        """Find the device, and see that its key is ours."""
        if self._dead:
            raise TeeResult(TEE_ERROR_COMMUNICATION)
        if self._key is not None and not self._shared:
            return
        if self._key is None:
            cid, units, _, bad = rpmb.DEVICE_INFO.unpack(
                self._transfer(rpmb.REQUEST.pack(rpmb.GET_DEVICE_INFO, 0, 0), rpmb.DEVICE_INFO.size)
            )
            if bad or not units:
                raise TeeResult(TEE_ERROR_GENERIC)
            self.blocks = units * rpmb.SIZE_UNIT // BLOCK
            key = rpmb_key(self._secrets.huk, cid)
            self._counter = self._verified_counter(key)
            self._key = key
        else:
            self._counter = self._read_counter(self._key)

    def _verified_counter(self, key: bytes) -> int:
        try:
            return self._read_counter(key)
        except TeeResult as error:
            if error.code != TEE_ERROR_ITEM_NOT_FOUND:
                raise
        answer = self._ask([Frame(Message.PROGRAM_KEY, mac=key)], 1)[0]
        _check(answer, Message.PROGRAM_KEY)
        return self._read_counter(key)

    def _read_counter(self, key: bytes) -> int:
        nonce = self._secrets.random(rpmb.NONCE_SIZE)
        answers = self._ask([Frame(Message.READ_COUNTER, nonce=nonce)], 1)
        _check(answers[0], Message.READ_COUNTER)
        if not hmac.compare_digest(answers[0].nonce, nonce):
            raise TeeResult(TEE_ERROR_SECURITY, "the nonce is not ours")
        _authenticate(key, answers)
        return answers[0].counter

    def read(self, block: int, count: int) -> bytes:
        """The content of `count` blocks."""
        assert self._key is not None
        nonce = self._secrets.random(rpmb.NONCE_SIZE)
        answers = self._ask([Frame(Message.READ, nonce=nonce, address=block)], count)
        last = answers[-1]
        _check(last, Message.READ)
        if last.address != block:
            raise TeeResult(TEE_ERROR_GENERIC, "blocks of another place")
        if not hmac.compare_digest(last.nonce, nonce):
            raise TeeResult(TEE_ERROR_SECURITY, "the nonce is not ours")
        _authenticate(self._key, answers)
        return b"".join(answer.data for answer in answers)

    def write(self, block: int, data: bytes) -> None:
        """Write one block."""
        assert self._key is not None
        if block >= self.blocks:
            raise TeeResult(TEE_ERROR_GENERIC, f"there is no block {block}")
        frame = Frame(Message.WRITE, data, counter=self._counter, address=block, count=1)
        frame.mac = rpmb.mac_of(self._key, [frame])
        for _ in range(_ATTEMPTS):
            try:
                self._written(self._ask([frame], 1), block)
                return
            except TeeResult:
                continue
        self._dead = True
        raise TeeResult(TEE_ERROR_COMMUNICATION, "it is unknown what was written")

    def _written(self, answers: list[Frame], block: int) -> None:
        assert self._key is not None
        _check(answers[0], Message.WRITE)
        if answers[0].address != block:
            raise TeeResult(TEE_ERROR_GENERIC)
        if answers[0].counter != self._counter + 1:
            raise TeeResult(TEE_ERROR_SECURITY, "the counter is not the next one")
        _authenticate(self._key, answers)
        self._counter += 1

    def _ask(self, frames: list[Frame], count: int) -> list[Frame]:
        request = rpmb.REQUEST.pack(rpmb.DATA_REQUEST, 0, count) + b"".join(f.pack() for f in frames)
        return rpmb.unpack(self._transfer(request, count * rpmb.FRAME.size))


def _check(answer: Frame, asked: Message) -> None:
    if answer.result & 0x3F == Result.NO_KEY:
        raise TeeResult(TEE_ERROR_ITEM_NOT_FOUND)
    if answer.result & 0x3F != Result.OK or answer.type != asked.answer:
        raise TeeResult(TEE_ERROR_GENERIC, f"answer {answer.type:#06x}, result {answer.result}")


def _authenticate(key: bytes, answers: list[Frame]) -> None:
    if not hmac.compare_digest(rpmb.mac_of(key, answers), answers[-1].mac):
        raise TeeResult(TEE_ERROR_SECURITY, "the MAC does not hold")
