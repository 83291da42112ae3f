# SPDX-License-Identifier: BSD-2-Clause
"""Which half of a pair an operation is given: OP-TEE's core crashes where it verifies with a pair."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as alg
from elfhaven.abi.utee import OBJECT_INFO
from elfhaven.ta import AsymmetricCipher, Signature
from elfhaven.ta.numbers import NUMBERS
from elfhaven.ta.objects import ObjectHandle
from elfhaven.ta.system import Core, running

ALL_USAGES = 0xFFFFFFFF


class OneKey:
    """A System with one key of a type, that notes the types of the objects that are made."""

    def __init__(self, kind: int) -> None:
        self.kind, self.made = kind, list[int]()
        self._memory = bytearray(1 << 16)

    def call(self, number: int, *words: int) -> int:
        if number == NUMBERS["cryp_obj_get_info"]:
            self.write(words[1], OBJECT_INFO.pack(self.kind, 256, 256, ALL_USAGES, 0, 0, 0))
        elif number == NUMBERS["cryp_obj_alloc"]:
            self.made.append(words[0])
        return 0

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._memory[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        self._memory[address : address + len(data)] = data

    def reserve(self, size: int, shareable: bool = False) -> int:
        return 16

    def release(self, address: int) -> None: ...


@pytest.mark.parametrize(
    "kind, public",
    [
        (alg.TEE_TYPE_ECDSA_KEYPAIR, alg.TEE_TYPE_ECDSA_PUBLIC_KEY),
        (alg.TEE_TYPE_ED25519_KEYPAIR, alg.TEE_TYPE_ED25519_PUBLIC_KEY),
        (alg.TEE_TYPE_RSA_KEYPAIR, alg.TEE_TYPE_RSA_PUBLIC_KEY),
        (alg.TEE_TYPE_RSA_PUBLIC_KEY, alg.TEE_TYPE_RSA_PUBLIC_KEY),
    ],
)
def test_verifying_and_encrypting_take_the_public_half(kind: int, public: int) -> None:
    system = OneKey(kind)
    with running(Core(system)):
        Signature(alg.TEE_ALG_ECDSA_SHA256, False, ObjectHandle(5))
        AsymmetricCipher(alg.TEE_ALG_RSAES_PKCS1_V1_5, True, ObjectHandle(5))
        Signature(alg.TEE_ALG_ECDSA_SHA256, True, ObjectHandle(5))
        AsymmetricCipher(alg.TEE_ALG_RSAES_PKCS1_V1_5, False, ObjectHandle(5))
    assert system.made == [public, public, kind, kind]
