# SPDX-License-Identifier: BSD-2-Clause
"""Digests and MACs: operation states of a TA, by handle. A state owns the key object that it was made
with."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfhaven.abi.gp import (
    TEE_ATTR_SECRET_VALUE,
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SHORT_BUFFER,
)
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.calls.objects import ObjectCalls, TeeObject
    from elfhaven.secure.task import Task

_NAMES = {1: "md5", 2: "sha1", 3: "sha224", 4: "sha256", 5: "sha384", 6: "sha512", 7: "sm3"}
_DIGEST, _MAC = 0x50000000, 0x30000000


@dataclass(slots=True)
class State:
    """One operation. `running` is a hashlib or hmac object once it is initialised."""

    algorithm: int
    mode: int
    name: str
    key: int = 0
    running: Any = None


class CryptoCalls:
    def __init__(self, task: Task, objects: ObjectCalls) -> None:
        self._task = task
        self._objects = objects
        self._states: dict[int, State] = {}
        self._next = 1

    def cryp_state_alloc(self, algorithm: int, mode: int, key1: int, key2: int, state: int) -> None:
        made = self._make(algorithm & 0xFFFFFFFF, mode & 0xFFFFFFFF, key1, key2)
        number, self._next = self._next, self._next + 1
        self._task.space.write_private(state, number.to_bytes(4, "little"))
        self._states[number] = made
        if made.key:
            self._objects.get(made.key).busy = True

    def _make(self, algorithm: int, mode: int, key1: int, key2: int) -> State:
        """As OP-TEE, this does not look at the mode of a digest or a MAC."""
        name = _NAMES.get(algorithm & 0xFF, "")
        family = algorithm & 0xFFFFFF00
        if family not in (_DIGEST, _MAC):
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        if bool(key1) != (family == _MAC) or key2:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if family == _MAC:
            self._check_key(self._objects.get(key1), algorithm)
        if name not in hashlib.algorithms_available:
            raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)
        return State(algorithm, mode, name, key1)

    def _check_key(self, key: TeeObject, algorithm: int) -> None:
        """The key of HMAC_SHA256 is of type HMAC_SHA256."""
        if key.busy or key.type & 0xFF != algorithm & 0xFF:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def _get(self, state: int) -> State:
        found = self._states.get(state & 0xFFFFFFFF)
        if found is None:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return found

    def _running(self, state: int) -> Any:
        found = self._get(state)
        if found.running is None:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return found.running

    def cryp_state_copy(self, destination: int, source: int) -> None:
        to, origin = self._get(destination), self._get(source)
        if (to.algorithm, to.mode) != (origin.algorithm, origin.mode):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        to.running = None if origin.running is None else origin.running.copy()

    def cryp_state_free(self, state: int) -> None:
        found = self._get(state)
        del self._states[state & 0xFFFFFFFF]
        if found.key:
            self._objects.drop(found.key)

    def hash_init(self, state: int, _iv: int, _length: int) -> None:
        found = self._get(state)
        if not found.key:
            found.running = hashlib.new(found.name)
            return
        secret = self._objects.get(found.key).attributes.get(TEE_ATTR_SECRET_VALUE)
        if not isinstance(secret, bytes):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        found.running = hmac.new(secret, None, found.name)

    def hash_update(self, state: int, chunk: int, length: int) -> None:
        if not chunk and length:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        running = self._running(state)
        running.update(self._task.space.read(chunk, length))

    def hash_final(self, state: int, chunk: int, length: int, digest: int, digest_length: int) -> None:
        space = self._task.space
        if not chunk and length:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        room = space.read_u64(digest_length)
        space.check(chunk, length, Protection.READ)
        space.check(digest, room, Protection.WRITE)
        running = self._running(state)
        if room < running.digest_size:
            space.write_u64(digest_length, running.digest_size)
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        if length:
            running.update(space.read(chunk, length))
        space.write(digest, running.digest())
        space.write_u64(digest_length, running.digest_size)
