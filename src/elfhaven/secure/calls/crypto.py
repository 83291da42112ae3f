# SPDX-License-Identifier: BSD-2-Clause
"""Operation states of a TA, by handle, and the calls of digests and MACs. A state owns the key objects that
it was made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SHORT_BUFFER,
)
from elfhaven.machine.pagetable import Protection
from elfhaven.secure.crypto.algorithms import (
    DIGEST_SIZES,
    SHAKE128,
    SHAKE256,
    check_key_type,
    current,
    main_algorithm,
    needs_two_keys,
    operation_class,
)
from elfhaven.secure.result import TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.calls.objects import ObjectCalls, TeeObject
    from elfhaven.secure.task import Task

READ, WRITE = Protection.READ, Protection.READ | Protection.WRITE  # what is written must be readable too
_DIGEST = 0x50000000
_SHAKES = {gp.TEE_ALG_SHAKE128: SHAKE128, gp.TEE_ALG_SHAKE256: SHAKE256}
_ASYMMETRIC = (gp.TEE_OPERATION_ASYMMETRIC_CIPHER, gp.TEE_OPERATION_ASYMMETRIC_SIGNATURE)
_COPIED = (gp.TEE_OPERATION_CIPHER, gp.TEE_OPERATION_AE, gp.TEE_OPERATION_DIGEST, gp.TEE_OPERATION_MAC)
_MAX_STATES = 1024  # the core's heap is small


@dataclass(slots=True)
class State:
    """One operation. `running` is a digest, MAC, stream or authenticated encryption once it is
    initialised."""

    algorithm: int
    mode: int
    key1: int = 0
    key2: int = 0
    running: Any = None

    @property
    def kind(self) -> int:
        return operation_class(self.algorithm)


class CryptoCalls:
    def __init__(self, task: Task, objects: ObjectCalls) -> None:
        self._task = task
        self._objects = objects
        self._states: dict[int, State] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._states)

    # ---- states

    def cryp_state_alloc(self, algorithm: int, mode: int, key1: int, key2: int, state: int) -> None:
        made = State(current(algorithm & 0xFFFFFFFF), mode & 0xFFFFFFFF, key1, key2)
        keys = [self._free_key(key, made) for key in (key1, key2) if key]
        _check(made)
        if len(self._states) >= _MAX_STATES:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY)
        number, self._next = self._next, self._next + 1
        self._task.space.write_private(state, number.to_bytes(4, "little"))
        self._states[number] = made
        for key in keys:
            key.busy = True

    def _free_key(self, handle: int, state: State) -> TeeObject:
        """An object that no operation owns, and that can be a key of this one."""
        key = self._objects.get(handle)
        if key.busy:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        check_key_type(key.type, state.algorithm, state.mode)
        return key

    def get(self, state: int) -> State:
        """BAD_PARAMETERS for a handle that is none."""
        found = self._states.get(state & 0xFFFFFFFF)
        if found is None:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return found

    def get_running(self, state: int) -> State:
        """BAD_STATE for one that is not initialised."""
        found = self.get(state)
        if found.running is None:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return found

    def key(self, handle: int, otherwise: int = TEE_ERROR_BAD_PARAMETERS) -> TeeObject:
        """The key of a state, which must hold one."""
        found = self._objects.get(handle)
        if not found.initialized:
            raise TeeResult(otherwise)
        return found

    def secret(self, handle: int) -> bytes:
        """The one attribute of a secret key."""
        value = next(iter(self.key(handle).attributes.values()), None)
        if not isinstance(value, bytes):
            raise TeeResult(TEE_ERROR_BAD_STATE)
        return value

    def cryp_state_copy(self, destination: int, source: int) -> None:
        to, origin = self.get(destination), self.get(source)
        if (to.algorithm, to.mode) != (origin.algorithm, origin.mode):
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        if to.kind not in _COPIED:
            raise TeeResult(TEE_ERROR_BAD_STATE)
        to.running = None if origin.running is None else origin.running.copy()

    def cryp_state_free(self, state: int) -> None:
        found = self.get(state)
        del self._states[state & 0xFFFFFFFF]
        for key in (found.key1, found.key2):
            if key:
                self._objects.drop(key)

    # ---- digests and MACs

    def hash_init(self, state: int, _iv: int, _length: int) -> None:
        found = self.get(state)
        if found.kind == gp.TEE_OPERATION_DIGEST:
            from elfhaven.secure.crypto.digests import new_digest

            found.running = new_digest(main_algorithm(found.algorithm))
        elif found.kind == gp.TEE_OPERATION_MAC:
            from elfhaven.secure.crypto.macs import new_mac

            found.running = new_mac(found.algorithm, self.secret(found.key1))
        else:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def hash_update(self, state: int, chunk: int, length: int) -> None:
        if not length:
            return
        if not chunk:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        data = self._task.space.read(chunk, length)
        _hash(self.get_running(state)).running.update(data)

    def hash_final(self, state: int, chunk: int, length: int, digest: int, digest_length: int) -> None:
        space = self._task.space
        if not chunk and length:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        data = space.read(chunk, length)
        room = space.read_u64(digest_length)
        space.check(digest, room, WRITE)
        found = _hash(self.get_running(state))
        if found.algorithm in _SHAKES:
            found.running.update(data)
            space.write(digest, found.running.read(room))
            return
        size = self._size(found)
        if room < size:
            space.write_u64(digest_length, size)
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        found.running.update(data)
        space.write(digest, found.running.digest())
        space.write_u64(digest_length, size)

    def _size(self, state: State) -> int:
        if state.kind == gp.TEE_OPERATION_DIGEST:
            return DIGEST_SIZES[main_algorithm(state.algorithm)]
        from elfhaven.secure.crypto.macs import mac_size

        return mac_size(state.algorithm)


def _hash(state: State) -> State:
    if state.kind not in (gp.TEE_OPERATION_DIGEST, gp.TEE_OPERATION_MAC):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return state


def _check(state: State) -> None:
    """TeeResult unless the core knows the algorithm and it takes that many keys. As OP-TEE, this does not
    look at the mode."""
    algorithm, kind = state.algorithm, state.kind
    if kind not in (*_COPIED, *_ASYMMETRIC, gp.TEE_OPERATION_KEY_DERIVATION):
        raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
    if (bool(state.key1), bool(state.key2)) != _keys(algorithm, kind):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if kind == gp.TEE_OPERATION_DIGEST:
        known = algorithm in _SHAKES or algorithm - _DIGEST in DIGEST_SIZES
    elif kind == gp.TEE_OPERATION_MAC:
        from elfhaven.secure.crypto.macs import MACS

        if algorithm not in MACS:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        known = True
    elif kind == gp.TEE_OPERATION_CIPHER:
        from elfhaven.secure.crypto.ciphers import CIPHERS

        known = algorithm in CIPHERS
    else:
        known = kind != gp.TEE_OPERATION_AE or algorithm in (gp.TEE_ALG_AES_CCM, gp.TEE_ALG_AES_GCM)
    if not known:
        raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)


def _keys(algorithm: int, kind: int) -> tuple[bool, bool]:
    """Which keys an operation takes."""
    if kind == gp.TEE_OPERATION_DIGEST:
        return False, False
    if kind == gp.TEE_OPERATION_CIPHER:
        return True, needs_two_keys(algorithm)
    return True, algorithm == gp.TEE_ALG_SM2_KEP
