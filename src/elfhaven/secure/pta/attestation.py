# SPDX-License-Identifier: BSD-2-Clause
"""The attestation PTA (pta_attestation.h): signed measurements of TA files, of TAs that run, and of the core.

The key is the device's own: made at first use and kept in trusted storage, as OP-TEE keeps it. In an emulator
whoever runs it can read the key: what it signs proves nothing to others.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_GENERIC,
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_NOT_IMPLEMENTED,
    TEE_ERROR_SHORT_BUFFER,
    TEE_PARAM_TYPE_MEMREF_INPUT,
    TEE_PARAM_TYPE_MEMREF_OUTPUT,
    TEE_PARAM_TYPE_VALUE_OUTPUT,
    TEE_STORAGE_PRIVATE,
    param_types,
)
from elfhaven.abi.ta_image import TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256
from elfhaven.secure.loader import measured
from elfhaven.secure.params import Parameters, Value
from elfhaven.secure.pta.base import Call, Command, PseudoTa, given, taken
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage.pobj import PersistentObject

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from elfhaven.secure.core import SecureCore
    from elfhaven.secure.threads import Thread

KEY_BITS = 3072
_HASH = 32
_IN, _OUT = TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT


class AttestationPta(PseudoTa):
    """An answer is a SHA-256 hash, then an RSA-PSS signature over SHA-256(nonce | hash)."""

    uuid = UUID("39800861-182a-4720-9b67-2bcd622bc0b5")
    commands = (
        Command(0, "get_pubkey", param_types(_OUT, _OUT, TEE_PARAM_TYPE_VALUE_OUTPUT)),
        Command(1, "get_ta_shdr_digest", param_types(_IN, _IN, _OUT)),
        Command(2, "hash_ta_memory", param_types(_IN, _OUT)),
        Command(3, "hash_tee_memory", param_types(_IN, _OUT)),
    )

    def __init__(self, core: SecureCore) -> None:
        super().__init__(core)
        self._key: RSAPrivateKey | None = None

    def get_pubkey(self, call: Call, params: Parameters) -> None:
        """Exponent and modulus, big endian, and the algorithm. Both sizes are told even if one is short."""
        numbers = self._device_key(call.thread).public_key().public_numbers()
        short = None
        for place, number in enumerate((numbers.e, numbers.n)):
            try:
                given(params, place, _octets(number))
            except TeeResult as error:
                short = error
        params.items[2] = Value(TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256)
        if short is not None:
            raise short

    def get_ta_shdr_digest(self, call: Call, params: Parameters) -> None:
        """Of the file of a TA or library, by the UUID in memory."""
        raw, nonce = taken(params, 0), _nonce(params, 1)
        if len(raw) != 16:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        key = self._room(call.thread, params, 2)
        self._answer(key, params, 2, self._core.ta_digest(call.thread, UUID(bytes_le=raw)), nonce)

    def hash_ta_memory(self, call: Call, params: Parameters) -> None:
        """Of what the calling TA has loaded and cannot write."""
        nonce, task = _nonce(params, 0), call.task
        key = self._room(call.thread, params, 1)
        regions = sorted(measured(task.loaded), key=lambda region: (len(region), region))
        self._answer(key, params, 1, hashlib.sha256(b"".join(regions)).digest(), nonce)

    def hash_tee_memory(self, call: Call, params: Parameters) -> None:
        """Of the core's own code: here the source of this package, file by file."""
        nonce = _nonce(params, 0)
        key = self._room(call.thread, params, 1)
        self._answer(key, params, 1, _core_digest(), nonce)

    def _room(self, thread: Thread, params: Parameters, place: int) -> RSAPrivateKey:
        """The key, when there is room for what it signs; SHORT_BUFFER tells the size."""
        memory = params.memory(place)
        if memory.buffer is None and memory.size:
            raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
        key = self._device_key(thread)
        room, memory.size = memory.size, _HASH + key.key_size // 8
        if room < memory.size:
            raise TeeResult(TEE_ERROR_SHORT_BUFFER)
        return key

    def _answer(
        self, key: RSAPrivateKey, params: Parameters, place: int, digest: bytes, nonce: bytes
    ) -> None:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        pss = padding.PSS(padding.MGF1(hashes.SHA256()), _HASH)
        given(params, place, digest + key.sign(nonce + digest, pss, hashes.SHA256()))

    # ---- the key

    def _device_key(self, thread: Thread) -> RSAPrivateKey:
        if self._key is None:
            self._key = self._stored_key(thread)
        return self._key

    def _stored_key(self, thread: Thread) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.asymmetric import rsa

        backend = self._core.storage.backend(TEE_STORAGE_PRIVATE)
        if backend is None:
            raise TeeResult(TEE_ERROR_NOT_IMPLEMENTED)
        place = PersistentObject(backend, self.uuid, b"key")
        try:
            handle = backend.open(thread, place)
            raw = backend.read(thread, handle, 0, handle.size)
        except TeeResult as error:
            if error.code != TEE_ERROR_ITEM_NOT_FOUND:
                raise
            key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
            handle = backend.create(thread, place, False, _packed(key))
        else:
            key = _unpacked(raw)
        backend.close(thread, handle)
        return key


def _nonce(params: Parameters, place: int) -> bytes:
    nonce = taken(params, place)
    if not nonce:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return nonce


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _packed(key: RSAPrivateKey) -> bytes:
    """OP-TEE's form of the key: e, d and n, each after its size."""
    numbers = key.private_numbers()
    parts = [_octets(part) for part in (numbers.public_numbers.e, numbers.d, numbers.public_numbers.n)]
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def _unpacked(raw: bytes) -> RSAPrivateKey:
    """The key of `_packed`; GENERIC, as OP-TEE's, where it is none."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    numbers, at = [], 0
    try:
        for _ in range(3):
            (size,) = struct.unpack_from(">H", raw, at)
            numbers.append(int.from_bytes(raw[at + 2 : at + 2 + size], "big"))
            at += 2 + size
        e, d, n = numbers
        p, q = rsa.rsa_recover_prime_factors(n, e, d)
        rest = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        return rsa.RSAPrivateNumbers(p, q, d, *rest, rsa.RSAPublicNumbers(e, n)).private_key()
    except (struct.error, ValueError):
        raise TeeResult(TEE_ERROR_GENERIC) from None


def _core_digest() -> bytes:
    from importlib import resources  # late: it takes longer than the rest of this file

    digest = hashlib.sha256()
    package = resources.files("elfhaven.secure")
    for file in sorted(package.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".py"):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.digest()
