# SPDX-License-Identifier: BSD-2-Clause
"""SM2 against the examples of GM/T 0003.5-2012."""

from __future__ import annotations

import os

import pytest

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_CIPHERTEXT_INVALID,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto import sm2
from elfhaven.secure.crypto.ecc import EcKey
from elfhaven.secure.result import ShortBuffer

from .vectors import code_of, fixed

_D = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
_K = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21"
_SM2 = EcKey(
    gp.TEE_ECC_CURVE_SM2,
    (
        0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
        0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
    ),
    _D,
)


def test_sm2_signature() -> None:
    hashed = bytes.fromhex("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640")
    wanted = (
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    )
    assert sm2.sign(_SM2, hashed, fixed(_K), 64).hex() == wanted
    sm2.verify(_SM2, hashed, bytes.fromhex(wanted))
    assert (
        code_of(lambda: sm2.verify(_SM2, hashed[:31], bytes.fromhex(wanted))) == TEE_ERROR_SIGNATURE_INVALID
    )
    assert code_of(lambda: sm2.verify(_SM2, hashed, bytes(63))) == TEE_ERROR_BAD_PARAMETERS


def test_sm2_encryption() -> None:
    point = (
        "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
        "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
    )
    made = sm2.encrypt(_SM2, b"encryption standard", fixed(_K), 200)
    assert made[:65].hex() == "04" + point
    assert made[65:84].hex() == "21886ca989ca9c7d58087307ca93092d651efa"
    assert made[84:].hex() == "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
    assert sm2.decrypt(_SM2, made, 200) == b"encryption standard"
    assert sm2.decrypt(_SM2, made, 10) == b"encryption"  # cut without a word
    assert code_of(lambda: sm2.decrypt(_SM2, made[:-1] + b"?", 200)) == TEE_ERROR_CIPHERTEXT_INVALID
    assert code_of(lambda: sm2.decrypt(_SM2, b"\2" + made[1:], 200)) == TEE_ERROR_NOT_SUPPORTED
    assert code_of(lambda: sm2.decrypt(_SM2, made[:40], 200)) == TEE_ERROR_BAD_PARAMETERS
    assert code_of(lambda: sm2.encrypt(_SM2, b"", os.urandom, 200)) == TEE_ERROR_CIPHERTEXT_INVALID
    assert code_of(lambda: sm2.encrypt(_SM2, b"m", os.urandom, 64)) == TEE_ERROR_BAD_STATE
    with pytest.raises(ShortBuffer) as caught:
        sm2.encrypt(_SM2, b"message", os.urandom, 65)
    assert caught.value.needed == 65 + 7 + 32


def _sm2_key(d: int) -> EcKey:
    point = sm2.CURVE.multiply(d, sm2.CURVE.g)
    assert point is not None
    return EcKey(gp.TEE_ECC_CURVE_SM2, point, d)


def test_sm2_key_exchange() -> None:
    a = _sm2_key(0x81EB26E941BB5AF16DF116495F90695272AE2CD63D6C4AE1678418BE48230029)
    b = _sm2_key(0x785129917D45A9EA5437A59356B82338EAADDA6CEB199088F14AE10DEFA229B5)
    one = _sm2_key(0xD4DE15474DB74D06491C440D305E012400990F3E390C7E87153C12DB2EA60BB3)
    two = _sm2_key(0x7E07124814B309489125EAED101113164EBF0F3458C5BD88335C1F9D596243D6)
    name = b"1234567812345678"
    first = sm2.Exchange(a, one, b.point, two.point, True, name, name)
    second = sm2.Exchange(b, two, a.point, one.point, False, name, name)
    key, answer = first.derive(16)
    assert key.hex() == "6c89347354de2484c60b4ab1fde4c6e5"
    assert answer.hex() == "18c7894b3816df16cf07b05c5ec0bef5d655d58f779cc1b400a4f3884644db88"
    second.confirmation = answer
    made, other = second.derive(16)
    assert made == key
    assert other.hex() == "d3a0fe15dee185ceae907a6b595cc32a266ed7b3367e9983a896dc32fa20f8eb"
    first.confirmation = answer
    assert code_of(lambda: first.derive(16)) == TEE_ERROR_BAD_STATE  # its own is not the other side's
    first.confirmation = other[:31]
    assert code_of(lambda: first.derive(16)) == TEE_ERROR_BAD_PARAMETERS
    first.peer_ephemeral = (1, 1)
    assert code_of(lambda: first.derive(16)) == TEE_ERROR_BAD_STATE
