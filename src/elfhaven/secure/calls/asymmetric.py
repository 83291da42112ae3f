# SPDX-License-Identifier: BSD-2-Clause
"""Calls of asymmetric ciphers and signatures, with OP-TEE's checks in OP-TEE's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_GENERIC,
    TEE_ERROR_NOT_SUPPORTED,
)
from elfhaven.secure.calls.attributes import Given, read_attributes
from elfhaven.secure.calls.crypto import READ, WRITE, CryptoCalls, State
from elfhaven.secure.crypto import algorithms as main
from elfhaven.secure.crypto.algorithms import DIGEST_SIZES, digest_of, inner_digest_of, main_algorithm
from elfhaven.secure.result import ShortBuffer, TeeResult

if TYPE_CHECKING:
    from elfhaven.secure.calls.objects import TeeObject
    from elfhaven.secure.crypto.attributes import Attribute
    from elfhaven.secure.task import Task

_INT_MAX = 0x7FFFFFFF
_MAX_CONTEXT = 255
_DSA = (gp.TEE_ALG_DSA_SHA1, gp.TEE_ALG_DSA_SHA224, gp.TEE_ALG_DSA_SHA256)
_ECDSA = tuple(gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * n for n in range(5))
_RSA_CIPHERS = (
    *(gp.TEE_ALG_RSAES_PKCS1_V1_5, gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_MD5),
    *(gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1 + 0x100000 * n for n in range(5)),
)
_RSA_SIGNATURES = (
    *(gp.TEE_ALG_RSASSA_PKCS1_V1_5, gp.TEE_ALG_RSASSA_PKCS1_PSS_MGF1_MD5),
    *(gp.TEE_ALG_RSASSA_PKCS1_V1_5_MD5 + 0x1000 * n for n in range(6)),
    *(gp.TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA1 + 0x101000 * n for n in range(5)),
)


class AsymmetricCalls:
    def __init__(self, task: Task, states: CryptoCalls) -> None:
        self._task = task
        self._states = states
        self._random = task.core.config.random

    def asymm_operate(
        self, state: int, attributes: int, count: int, source: int, length: int, out: int, out_length: int
    ) -> None:
        """Encrypt, decrypt, sign."""
        space = self._task.space
        found = self._states.get(state)
        data = space.read(source, length)
        room = space.read_u64(out_length)
        space.check(out, room, WRITE)
        given = read_attributes(space, attributes, count)
        key = self._states.key(found.key1, otherwise=TEE_ERROR_GENERIC)
        try:
            made = self._operate(found, key, given, data, room)
        except ShortBuffer as error:
            space.write_u64(out_length, error.needed)
            raise
        space.write(out, made)
        space.write_u64(out_length, len(made))

    def _operate(self, state: State, key: TeeObject, given: list[Given], data: bytes, room: int) -> bytes:
        algorithm = state.algorithm
        if algorithm == gp.TEE_ALG_RSA_NOPAD:
            return self._rsa_raw(state, key, data, room)
        if algorithm in _RSA_CIPHERS:
            return self._rsa_cipher(state, key, given, data, room)
        if algorithm in _RSA_SIGNATURES:
            return self._rsa_sign(state, key, given, data, room)
        if algorithm == gp.TEE_ALG_SM2_PKE:
            return self._sm2_cipher(state, key, data, room)
        return self._sign(algorithm, key, given, data, room)

    def _rsa_raw(self, state: State, key: TeeObject, data: bytes, room: int) -> bytes:
        from elfhaven.secure.crypto import rsa

        return rsa.raw(rsa.key_of(key.attributes), data, not _encrypting(state, TEE_ERROR_GENERIC), room)

    def _rsa_cipher(self, state: State, key: TeeObject, given: list[Given], data: bytes, room: int) -> bytes:
        from elfhaven.secure.crypto import rsa

        algorithm = state.algorithm
        label, mask = _oaep_parameters(algorithm, given)
        numbers = rsa.key_of(key.attributes)
        if _encrypting(state, TEE_ERROR_BAD_PARAMETERS):
            return rsa.encrypt(algorithm, numbers, label, mask, data, self._random, room)
        return rsa.decrypt(algorithm, numbers, label, mask, data, room)

    def _rsa_sign(self, state: State, key: TeeObject, given: list[Given], data: bytes, room: int) -> bytes:
        from elfhaven.secure.crypto import rsa

        if state.mode != gp.TEE_MODE_SIGN:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        salt = _salt_length(given, len(data))
        return rsa.sign(state.algorithm, rsa.key_of(key.attributes), salt, data, self._random, room)

    def _sm2_cipher(self, state: State, key: TeeObject, data: bytes, room: int) -> bytes:
        from elfhaven.secure.crypto import ecc, sm2

        numbers = ecc.key_of(key.type, key.attributes)
        if _encrypting(state, TEE_ERROR_GENERIC):
            return sm2.encrypt(numbers, data, self._random, room)
        return sm2.decrypt(numbers, data, room)

    def _sign(self, algorithm: int, key: TeeObject, given: list[Given], data: bytes, room: int) -> bytes:
        from elfhaven.secure.crypto import dsa, ecc, edwards, sm2

        if algorithm in _DSA:
            return dsa.sign(algorithm, dsa.key_of(key.attributes), data, self._random, room)
        if algorithm in _ECDSA:
            return ecc.sign(algorithm, ecc.key_of(key.type, key.attributes), data, self._random, room)
        if algorithm == gp.TEE_ALG_SM2_DSA_SM3:
            return sm2.sign(ecc.key_of(key.type, key.attributes), data, self._random, room)
        if algorithm == gp.TEE_ALG_ED25519:
            context, prehash = _eddsa_parameters(given)
            private = _bytes(key.attributes.get(gp.TEE_ATTR_ED25519_PRIVATE_VALUE))
            return edwards.sign(private, data, context, prehash, room)
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)

    def asymm_verify(
        self, state: int, attributes: int, count: int, source: int, length: int, signature: int, size: int
    ) -> None:
        space = self._task.space
        found = self._states.get(state)
        if found.mode != gp.TEE_MODE_VERIFY:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        space.check(source, length, READ)
        data, given_signature = space.read(source, length), space.read(signature, size)
        given = read_attributes(space, attributes, count)
        key = self._states.key(found.key1)
        self._verify(found.algorithm, key, given, data, given_signature)

    def _verify(
        self, algorithm: int, key: TeeObject, given: list[Given], data: bytes, signature: bytes
    ) -> None:
        from elfhaven.secure.crypto import dsa, ecc, edwards, rsa, sm2

        which = main_algorithm(algorithm)
        if which == main.RSA:
            salt = self._rsa_salt(algorithm, given)
            rsa.verify(algorithm, rsa.key_of(key.attributes), salt, data, signature)
        elif which == main.DSA:
            dsa.verify(algorithm, dsa.key_of(key.attributes), data, signature)
        elif which == main.ECDSA:
            ecc.verify(algorithm, ecc.key_of(key.type, key.attributes), data, signature)
        elif which == main.SM2_DSA:
            sm2.verify(ecc.key_of(key.type, key.attributes), data, signature)
        elif which == main.ED25519:
            context, prehash = _eddsa_parameters(given)
            public = _bytes(key.attributes.get(gp.TEE_ATTR_ED25519_PUBLIC_VALUE))
            edwards.verify(public, data, context, prehash, signature)
        else:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)

    def _rsa_salt(self, algorithm: int, given: list[Given]) -> int:
        if algorithm == gp.TEE_ALG_RSASSA_PKCS1_V1_5:
            return 0
        size = DIGEST_SIZES.get(digest_of(algorithm))
        if size is None:
            raise TeeResult(TEE_ERROR_NOT_SUPPORTED)
        if algorithm not in _RSA_SIGNATURES:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        return _salt_length(given, size)


def _encrypting(state: State, otherwise: int) -> bool:
    """Whether a cipher encrypts; TeeResult `otherwise` for a mode that is none of a cipher."""
    if state.mode not in (gp.TEE_MODE_ENCRYPT, gp.TEE_MODE_DECRYPT):
        raise TeeResult(otherwise)
    return state.mode == gp.TEE_MODE_ENCRYPT


def _bytes(value: Attribute | None) -> bytes:
    return value if isinstance(value, bytes) else bytes(32)


def _salt_length(given: list[Given], otherwise: int) -> int:
    """What the first attribute of that kind says, unless it is too large."""
    found = next((one.value for one in given if one.id == gp.TEE_ATTR_RSA_PSS_SALT_LENGTH), _INT_MAX)
    return found if found < _INT_MAX else otherwise


def _oaep_parameters(algorithm: int, given: list[Given]) -> tuple[bytes, int]:
    """The label, and the algorithm of the mask function's digest: the label ends the search for it."""
    mask = 0x50000000 | inner_digest_of(algorithm)
    for one in given:
        if one.id == gp.TEE_ATTR_RSA_OAEP_LABEL:
            return one.space.read(one.a, one.b), mask
        if one.id == gp.TEE_ATTR_RSA_OAEP_MGF_HASH and algorithm != gp.TEE_ALG_RSAES_PKCS1_V1_5:
            if one.b != 4:
                raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
            mask = int.from_bytes(one.content(), "little") or mask
    return b"", mask


def _eddsa_parameters(given: list[Given]) -> tuple[bytes, bool]:
    """The context and whether the message is hashed first; BAD_PARAMETERS for anything else."""
    context, prehash = b"", False
    for one in given:
        if one.id == gp.TEE_ATTR_EDDSA_PREHASH and not one.second and one.value < 2:
            prehash = bool(one.value)
        elif one.id == gp.TEE_ATTR_EDDSA_CTX and not context and one.b <= _MAX_CONTEXT:
            context = one.content()
        else:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return context, prehash
