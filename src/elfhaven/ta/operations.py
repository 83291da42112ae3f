# SPDX-License-Identifier: BSD-2-Clause
"""Cryptographic operations (clause 6.2): what all have, and digests, MACs and key derivation.

An operation has keys of its own: the ones it was given may be closed. It is a handle of the core: close it,
or use `with`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from elfhaven.abi import gp_crypto as alg
from elfhaven.abi.gp import TEE_ERROR_SHORT_BUFFER, TEE_SUCCESS
from elfhaven.ta.objects import Attribute, ObjectHandle, TransientObject, packed
from elfhaven.ta.system import Argument, Cell, Out, current, pieces
from elfhaven.tee_errors import AccessDenied, MacInvalid, error_of

_DIGEST_ROOM = 64
_SHAKES = (alg.TEE_ALG_SHAKE128, alg.TEE_ALG_SHAKE256)
_PUBLIC_MODES = (alg.TEE_MODE_ENCRYPT, alg.TEE_MODE_VERIFY)
_PUBLIC, _PAIR = 0xA0, 0xA1  # the high byte of a TEE_TYPE_*
USAGES = {
    alg.TEE_MODE_ENCRYPT: 0x2,
    alg.TEE_MODE_DECRYPT: 0x4,
    alg.TEE_MODE_MAC: 0x8,
    alg.TEE_MODE_SIGN: 0x10,
    alg.TEE_MODE_VERIFY: 0x20,
    alg.TEE_MODE_DERIVE: 0x40,
}


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """TEE_OperationInfo: `keys` are the sizes of the keys in bits."""

    algorithm: int
    mode: int
    keys: tuple[int, ...]


class Operation:
    """An algorithm in a mode, with its keys. AccessDenied for a key whose usage does not allow the mode."""

    def __init__(self, algorithm: int, mode: int, *keys: ObjectHandle | None) -> None:
        """TEE_AllocateOperation, and TEE_SetOperationKey or TEE_SetOperationKey2."""
        self.algorithm, self.mode = algorithm, mode
        self._given = tuple(key for key in keys if key is not None)
        self._key_sizes = tuple(key.info.size for key in self._given)
        self.handle = self._allocate()

    def _allocate(self) -> int:
        copies = [self._copied(key) for key in self._given]
        state = Out(4)
        handles = [copy.handle for copy in copies] + [0, 0]
        try:
            current().call("cryp_state_alloc", self.algorithm, self.mode, handles[0], handles[1], state)
        except BaseException:
            for copy in copies:
                copy.close()
            raise
        return state.number

    def _copied(self, key: ObjectHandle) -> TransientObject:
        info = key.info
        needed = USAGES.get(self.mode, 0)
        if info.usage & needed != needed:
            raise AccessDenied(f"the key's usage {info.usage:#x} does not allow this operation")
        kind = info.type
        if self.mode in _PUBLIC_MODES and kind >> 24 == _PAIR:
            kind -= _PAIR - _PUBLIC << 24  # OP-TEE's core wants the public half alone there
        copy = TransientObject(kind, info.max_size)
        try:
            copy.copy_from(key)
        except BaseException:
            copy.close()
            raise
        return copy

    @property
    def info(self) -> OperationInfo:
        """TEE_GetOperationInfo and TEE_GetOperationInfoMultiple."""
        return OperationInfo(self.algorithm, self.mode, self._key_sizes)

    def reset(self) -> None:
        """Back to the state after it was made, with its keys (TEE_ResetOperation)."""

    def set_key(self, key: ObjectHandle, key2: ObjectHandle | None = None) -> None:
        """Other keys; it begins anew (TEE_SetOperationKey, TEE_SetOperationKey2)."""
        old, given, sizes = self.handle, self._given, self._key_sizes
        self._given = tuple(each for each in (key, key2) if each is not None)
        self._key_sizes = tuple(each.info.size for each in self._given)
        try:
            self.handle = self._allocate()
        except BaseException:
            self._given, self._key_sizes = given, sizes
            raise
        current().call("cryp_state_free", old)
        self.reset()

    def _copy_state(self, source: Operation) -> None:
        current().call("cryp_state_copy", self.handle, source.handle)

    def close(self) -> None:
        """TEE_FreeOperation; a second time it does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            current().call("cryp_state_free", handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def with_room(name: str, before: tuple[Argument, ...], room: int, after: tuple[Argument, ...] = ()) -> bytes:
    """A call that fills a buffer of a length it tells; asked again where it needs more than `room`."""
    out, length = Out(room), Cell(room)
    result = current().result(name, *before, out, length, *after)
    if result == TEE_ERROR_SHORT_BUFFER and length.value > room:
        out, length = Out(length.value), Cell(length.value)
        result = current().result(name, *before, out, length, *after)
    if result != TEE_SUCCESS:
        raise error_of(result)
    return out.data[: length.value]


_CURVES = frozenset(value for name, value in vars(alg).items() if name.startswith("TEE_ECC_CURVE_NIST"))
_ALGORITHMS = frozenset(value for name, value in vars(alg).items() if name.startswith("TEE_ALG_"))
_ELEMENTS = {
    0x41: _CURVES,
    0x42: _CURVES,
    0x43: frozenset({alg.TEE_ECC_CURVE_25519}),
    0x44: frozenset({alg.TEE_ECC_CURVE_25519}),
    0x45: frozenset({alg.TEE_ECC_CURVE_SM2}),
    0x46: frozenset({alg.TEE_ECC_CURVE_SM2}),
}  # by the main algorithm, in the low byte of those that take a curve
_ASYMMETRIC_CLASSES = (6, 7, 8)
_NONE = frozenset({0})


def is_algorithm_supported(algorithm: int, element: int = 0) -> bool:
    """Whether the TEE knows the algorithm, for those on curves with the TEE_ECC_CURVE_* `element`
    (TEE_IsAlgorithmSupported)."""
    if algorithm not in _ALGORITHMS or algorithm == alg.TEE_ALG_X448:
        return False
    on_curve = algorithm >> 28 in _ASYMMETRIC_CLASSES
    return element in (_ELEMENTS.get(algorithm & 0xFF, _NONE) if on_curve else _NONE)


class Digest(Operation):
    """TEE_ALG_SHA256 and the like."""

    def __init__(self, algorithm: int) -> None:
        super().__init__(algorithm, alg.TEE_MODE_DIGEST)
        self.reset()

    def reset(self) -> None:
        """TEE_ResetOperation."""
        current().call("hash_init", self.handle, 0, 0)
        self._extracted: bytes | None = None

    def extract(self, size: int) -> bytes:
        """The next bytes of the digest, of SHAKE as many as are wanted, else fewer at the end
        (TEE_DigestExtract). Nothing can be added then until reset()."""
        if self.algorithm in _SHAKES:
            return with_room("hash_final", (self.handle, 0, 0), size)
        if self._extracted is None:
            self._extracted = with_room("hash_final", (self.handle, 0, 0), _DIGEST_ROOM)
        out, self._extracted = self._extracted[:size], self._extracted[size:]
        return out

    def update(self, data: bytes) -> None:
        """TEE_DigestUpdate."""
        for piece in pieces(data):
            current().call("hash_update", self.handle, piece, len(piece))

    def finish(self, data: bytes = b"", size: int = _DIGEST_ROOM) -> bytes:
        """The digest of all so far, and of `data`; then it begins anew (TEE_DigestDoFinal). `size` counts for
        SHAKE alone, which gives as many bytes as are wanted."""
        self.update(data)
        made = with_room("hash_final", (self.handle, 0, 0), size)
        self.reset()
        return made

    def copy(self) -> Digest:
        """Another one in the same state (TEE_CopyOperation)."""
        other = Digest(self.algorithm)
        other._copy_state(self)
        return other


class Mac(Operation):
    """HMACs, CMAC, CBC-MAC."""

    def __init__(self, algorithm: int, key: ObjectHandle) -> None:
        super().__init__(algorithm, alg.TEE_MODE_MAC, key)
        self.init()

    def init(self) -> None:
        """TEE_MACInit; done once when it is made."""
        current().call("hash_init", self.handle, 0, 0)

    def update(self, data: bytes) -> None:
        """TEE_MACUpdate."""
        for piece in pieces(data):
            current().call("hash_update", self.handle, piece, len(piece))

    def reset(self) -> None:
        self.init()

    def compute(self, data: bytes = b"") -> bytes:
        """The MAC; then it begins anew (TEE_MACComputeFinal)."""
        self.update(data)
        made = with_room("hash_final", (self.handle, 0, 0), _DIGEST_ROOM)
        self.init()
        return made

    def compare(self, mac: bytes, data: bytes = b"") -> None:
        """MacInvalid unless `mac` is the MAC; in constant time (TEE_MACCompareFinal)."""
        import hmac

        if not hmac.compare_digest(self.compute(data), mac):
            raise MacInvalid

    def copy_from(self, source: Mac) -> None:
        """The state of another one (TEE_CopyOperation)."""
        self._copy_state(source)


class KeyDerivation(Operation):
    """Diffie-Hellman, ECDH, X25519, HKDF, Concat KDF, PBKDF2, SM2 key exchange."""

    def __init__(self, algorithm: int, key: ObjectHandle, key2: ObjectHandle | None = None) -> None:
        super().__init__(algorithm, alg.TEE_MODE_DERIVE, key, key2)

    def derive(self, into: TransientObject, *attributes: Attribute) -> None:
        """Fills an object, mostly a TEE_TYPE_GENERIC_SECRET (TEE_DeriveKey)."""
        current().call("cryp_derive_key", self.handle, packed(attributes), len(attributes), into.handle)
