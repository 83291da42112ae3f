# SPDX-License-Identifier: BSD-2-Clause
"""Signatures, asymmetric ciphers and key agreement against published vectors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa as library_rsa
from cryptography_vectors import open_vector_file

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_CIPHERTEXT_INVALID,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SECURITY,
    TEE_ERROR_SIGNATURE_INVALID,
)
from elfhaven.secure.crypto import dsa, ecc, edwards, rsa, sm2
from elfhaven.secure.crypto.attributes import Attributes
from elfhaven.secure.crypto.digests import digest
from elfhaven.secure.crypto.ecc import EcKey
from elfhaven.secure.crypto.numbers import Random
from elfhaven.secure.crypto.rsa import RsaKey
from elfhaven.secure.result import ShortBuffer, TeeResult

from .vectors import records

_MAINS = {"SHA1": 2, "SHA224": 3, "SHA256": 4, "SHA384": 5, "SHA512": 6}
_CURVES = {name: n for n, name in enumerate(("P-192", "P-224", "P-256", "P-384", "P-521"), 1)}


def fixed(*contents: str) -> Random:
    """A source that gives these bytes, one string for each time it is asked."""
    left = [bytes.fromhex(content) for content in contents]

    def random(size: int) -> bytes:
        found = left.pop(0)
        assert len(found) == size
        return found

    return random


def code_of(action: Callable[[], object]) -> int:
    """0, or the result that it ends with."""
    try:
        action()
    except TeeResult as error:
        return error.code
    return 0


def _main(heading: str) -> int:
    """The digest that a heading ends with."""
    return _MAINS[heading.split(",")[-1].strip().replace("-", "")]


def _rsa(vector: dict[str, str]) -> RsaKey:
    return RsaKey(*(int(vector.get(name) or "0", 16) for name in "ned"))


def test_rsa_pkcs1_signatures() -> None:
    seen = 0
    for vector in records("asymmetric/RSA/FIPS_186-2/SigVer15_186-3.rsp", "Result", every=5):
        main = _MAINS[vector["shaalg"]]
        algorithm = gp.TEE_ALG_RSASSA_PKCS1_V1_5_MD5 + 0x1000 * (main - 1)
        hashed, signature = digest(main, bytes.fromhex(vector["msg"])), bytes.fromhex(vector["s"])
        code = code_of(lambda: rsa.verify(algorithm, _rsa(vector), 0, hashed, signature))  # noqa: B023
        good = vector["result"].startswith("P")
        assert code == (0 if good else TEE_ERROR_SIGNATURE_INVALID), vector
        if good:
            key = _rsa(vector)
            assert rsa.sign(algorithm, key, 0, hashed, fixed(), key.size) == signature
        seen += 1
    assert seen > 20


def test_rsa_pss_signatures() -> None:
    seen = 0
    for vector in records("asymmetric/RSA/FIPS_186-2/SigVerPSS_186-3.rsp", "Result", every=5):
        main = _MAINS[vector["shaalg"]]
        algorithm = gp.TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA1 + 0x101000 * (main - 2)
        hashed, signature = digest(main, bytes.fromhex(vector["msg"])), bytes.fromhex(vector["s"])
        code = code_of(lambda: rsa.verify(algorithm, _rsa(vector), 10, hashed, signature))  # noqa: B023
        good = vector["result"].startswith("P")
        assert code == (0 if good else TEE_ERROR_SIGNATURE_INVALID), vector
        if good:
            key = _rsa(vector)
            salt = fixed(vector["saltval"])
            assert rsa.sign(algorithm, key, 10, hashed, salt, key.size) == signature
        seen += 1
    assert seen > 20


def _oaep() -> Iterator[dict[str, str]]:
    """The parts of each example, by the first word of their headings; keys are of 1024 to 2048 bits."""
    parts: dict[str, str] = {}
    current = ""
    with open_vector_file("asymmetric/RSA/pkcs-1v2-1d2-vec/oaep-vect.txt", "r") as file:
        for line in file:
            text = line.strip().lower()
            if text.startswith("#"):
                if current == "encryption" and parts[current]:
                    yield dict(parts)
                heading = text.strip("# :").split()
                current = heading[0] if heading else current
                parts[current] = ""
            elif current and text and set(text) <= set("0123456789abcdef "):
                parts[current] += text.replace(" ", "")


def test_oaep() -> None:
    seen = 0
    for parts in _oaep():
        key = RsaKey(int(parts["modulus"], 16), 65537, int(parts["exponent"], 16))
        message, cipher = bytes.fromhex(parts["message"]), bytes.fromhex(parts["encryption"])
        algorithm, mask = gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1, gp.TEE_ALG_SHA1
        assert rsa.encrypt(algorithm, key, b"", mask, message, fixed(parts["seed"]), key.size) == cipher
        assert rsa.decrypt(algorithm, key, b"", mask, cipher, key.size) == message
        seen += 1
    assert seen > 50


@pytest.fixture(scope="module")
def pair() -> tuple[RsaKey, library_rsa.RSAPrivateKey]:
    """A key here and in the library."""
    made = library_rsa.generate_private_key(65537, 2048)
    numbers = made.private_numbers()
    n = numbers.public_numbers.n
    key = RsaKey(n, 65537, numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    return key, made


_HASHES = (hashes.MD5, hashes.SHA1, hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)


@pytest.mark.parametrize("main", range(2, 7))
@pytest.mark.parametrize("mask", [2, 4, 6])
def test_oaep_with_the_library(pair: tuple[RsaKey, library_rsa.RSAPrivateKey], main: int, mask: int) -> None:
    key, other = pair
    algorithm = gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_SHA1 + 0x100000 * (main - 2)
    pad = padding.OAEP(padding.MGF1(_HASHES[mask - 1]()), _HASHES[main - 1](), b"label")
    cipher = other.public_key().encrypt(b"message", pad)
    number = 0x50000000 | mask
    assert rsa.decrypt(algorithm, key, b"label", number, cipher, 100) == b"message"
    assert other.decrypt(rsa.encrypt(algorithm, key, b"label", number, b"message", os.urandom, 256), pad)
    assert (
        code_of(lambda: rsa.decrypt(algorithm, key, b"no", number, cipher, 100)) == TEE_ERROR_BAD_PARAMETERS
    )
    with pytest.raises(ShortBuffer) as caught:
        rsa.decrypt(algorithm, key, b"label", number, cipher, 6)
    assert caught.value.needed == 7


def test_oaep_of_md5(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key, algorithm = pair[0], gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_MD5
    cipher = rsa.encrypt(algorithm, key, b"", gp.TEE_ALG_MD5, b"message", os.urandom, 256)
    assert rsa.decrypt(algorithm, key, b"", gp.TEE_ALG_MD5, cipher, 256) == b"message"
    sha3 = lambda: rsa.decrypt(algorithm, key, b"", gp.TEE_ALG_SHA3_256, cipher, 256)  # noqa: E731
    assert code_of(sha3) == TEE_ERROR_BAD_PARAMETERS


def test_pkcs1_encryption_with_the_library(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key, other = pair
    algorithm = gp.TEE_ALG_RSAES_PKCS1_V1_5
    cipher = other.public_key().encrypt(b"message", padding.PKCS1v15())
    assert rsa.decrypt(algorithm, key, b"", 0, cipher, 100) == b"message"
    made = rsa.encrypt(algorithm, key, b"", 0, b"message", os.urandom, 256)
    assert other.decrypt(made, padding.PKCS1v15()) == b"message"
    too_long = lambda: rsa.encrypt(algorithm, key, b"", 0, bytes(246), os.urandom, 256)  # noqa: E731
    assert code_of(too_long) == TEE_ERROR_BAD_PARAMETERS


def test_raw_rsa(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key, _ = pair
    cipher = rsa.raw(key, b"\0\0message", False, 256)
    assert rsa.raw(key, cipher, True, 256) == b"message"  # without leading zeros
    assert rsa.raw(key, bytes(4), True, 256) == b"\0"
    larger = (key.n + 1).to_bytes(256, "big")
    assert code_of(lambda: rsa.raw(key, larger, False, 256)) == TEE_ERROR_BAD_PARAMETERS


def test_primes_without_the_rest_are_not_used(pair: tuple[RsaKey, library_rsa.RSAPrivateKey]) -> None:
    key = pair[0]
    half = RsaKey(key.n, key.e, key.d, key.p, key.q)
    assert rsa.raw(half, rsa.raw(key, b"m", False, 256), True, 256) == b"m"


@pytest.mark.parametrize("bits", [256, 512, 768, 1024])
def test_rsa_keys_are_made(bits: int) -> None:
    key = rsa.key_of(rsa.generate(bits, 65537, os.urandom))
    assert key.n.bit_length() == bits
    assert key.p * key.q == key.n
    assert rsa.raw(key, rsa.raw(key, b"m", False, 200), True, 200) == b"m"


@pytest.mark.parametrize("bits, e", [(1032, 65537), (1025, 65537), (512, 65536), (512, 1)])
def test_rsa_keys_that_are_not_made(bits: int, e: int) -> None:
    assert code_of(lambda: rsa.generate(bits, e, os.urandom)) == TEE_ERROR_BAD_PARAMETERS


# ---- DSA and Diffie-Hellman


def test_dsa() -> None:
    seen = 0
    for vector in records("asymmetric/DSA/FIPS_186-3/SigVer.rsp", "Result", every=4):
        main = _main(vector["heading"])
        if main > 4:
            continue
        p, q, g, y, x = (int(vector[name], 16) for name in "pqgyx")
        key = dsa.DsaKey(p, q, g, y, x)
        hashed = digest(main, bytes.fromhex(vector["msg"]))[: key.size]
        signature = b"".join(int(vector[name], 16).to_bytes(key.size, "big") for name in "rs")
        algorithm = gp.TEE_ALG_DSA_SHA1 + 0x1000 * (main - 2)
        code = code_of(lambda: dsa.verify(algorithm, key, hashed, signature))  # noqa: B023
        assert code == (0 if vector["result"].startswith("P") else TEE_ERROR_SIGNATURE_INVALID), vector
        seen += 1
    assert seen > 10


def test_dsa_round_trip_with_a_small_group() -> None:
    """FIPS 186-2's example of 512 bits."""
    p = int(
        "8df2a494492276aa3d25759bb06869cbeac0d83afb8d0cf7cbb8324f0d7882e5d0762fc5b7210eafc2e9adac32ab7aac"
        "49693dfbf83724c2ec0736ee31c80291",
        16,
    )
    q = 0xC773218C737EC8EE993B4F2DED30F48EDACE915F
    g = int(
        "626d027839ea0a13413163a55b4cb500299d5522956cefcb3bff10f399ce2c2e71cb9de5fa24babf58e5b79521925c9c"
        "c42e9f6f464b088cc572af53e6d78802",
        16,
    )
    domain: Attributes = {gp.TEE_ATTR_DSA_PRIME: p, gp.TEE_ATTR_DSA_SUBPRIME: q, gp.TEE_ATTR_DSA_BASE: g}
    key = dsa.key_of(dsa.generate(512, domain, os.urandom))
    hashed = digest(2, b"abc")
    signature = dsa.sign(gp.TEE_ALG_DSA_SHA1, key, hashed, os.urandom, 40)
    dsa.verify(gp.TEE_ALG_DSA_SHA1, key, hashed, signature)
    other = digest(2, b"abd")
    assert (
        code_of(lambda: dsa.verify(gp.TEE_ALG_DSA_SHA1, key, other, signature)) == TEE_ERROR_SIGNATURE_INVALID
    )
    long = digest(4, b"abc")
    assert code_of(lambda: dsa.sign(gp.TEE_ALG_DSA_SHA1, key, long, os.urandom, 40)) == TEE_ERROR_SECURITY
    with pytest.raises(ShortBuffer) as caught:
        dsa.sign(gp.TEE_ALG_DSA_SHA1, key, hashed, os.urandom, 39)
    assert caught.value.needed == 40


def test_diffie_hellman() -> None:
    for vector in records("asymmetric/DH/vec.txt", "K"):
        p, g, x = (int(vector[name]) for name in "pgx")
        own: Attributes = {gp.TEE_ATTR_DH_PRIME: p, gp.TEE_ATTR_DH_BASE: g, gp.TEE_ATTR_DH_PRIVATE_VALUE: x}
        assert dsa.shared_secret(own, int(vector["y"])) == int(vector["k"], 16)


def test_diffie_hellman_keys_agree() -> None:
    p = 2**255 - 19
    domain: Attributes = {gp.TEE_ATTR_DH_PRIME: p, gp.TEE_ATTR_DH_BASE: 2, gp.TEE_ATTR_DH_X_BITS: 128}
    one, two = (dsa.generate_dh(256, domain, os.urandom) for _ in range(2))
    public = [pair[gp.TEE_ATTR_DH_PUBLIC_VALUE] for pair in (one, two)]
    assert int(one[gp.TEE_ATTR_DH_PRIVATE_VALUE]) < 1 << 128  # type: ignore[arg-type]
    assert dsa.shared_secret(one, public[1]) == dsa.shared_secret(two, public[0])  # type: ignore[arg-type]
    assert code_of(lambda: dsa.generate_dh(248, domain, os.urandom)) == TEE_ERROR_BAD_PARAMETERS


# ---- curves


def test_ecdsa_verification() -> None:
    seen = 0
    for vector in records("asymmetric/ECDSA/FIPS_186-3/SigVer.rsp", "Result", every=3):
        name = vector["heading"].split(",")[0]
        if name not in _CURVES:
            break
        main, curve = _main(vector["heading"]), _CURVES[name]
        key = EcKey(curve, (int(vector["qx"], 16), int(vector["qy"], 16)))
        hashed = digest(main, bytes.fromhex(vector["msg"]))
        signature = b"".join(int(vector[name], 16).to_bytes(key.curve.size, "big") for name in "rs")
        algorithm = gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * (curve - 1)
        code = code_of(lambda: ecc.verify(algorithm, key, hashed, signature))  # noqa: B023
        assert code == (0 if vector["result"].startswith("P") else TEE_ERROR_SIGNATURE_INVALID), vector
        seen += 1
    assert seen > 50


@pytest.mark.parametrize("curve", range(1, 6))
@pytest.mark.parametrize("size", [0, 1, 20, 31, 32, 48, 64, 66, 70])
def test_ecdsa_round_trip(curve: int, size: int) -> None:
    """Digests of any length: as many leading bits count as the order has."""
    d, point = ecc.new_pair(curve, os.urandom)
    key, data = EcKey(curve, point, d), os.urandom(size)
    algorithm = gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * (curve - 1)
    signature = ecc.sign(algorithm, key, data, os.urandom, 200)
    ecc.verify(algorithm, key, data, signature)
    spoilt = bytes([signature[0] ^ 1]) + signature[1:]
    assert code_of(lambda: ecc.verify(algorithm, key, data, spoilt)) == TEE_ERROR_SIGNATURE_INVALID


def test_ecdsa_of_the_wrong_curve() -> None:
    d, point = ecc.new_pair(gp.TEE_ECC_CURVE_NIST_P256, os.urandom)
    key = EcKey(gp.TEE_ECC_CURVE_NIST_P256, point, d)
    wrong, right = gp.TEE_ALG_ECDSA_SHA1, gp.TEE_ALG_ECDSA_SHA256
    assert code_of(lambda: ecc.sign(wrong, key, b"d", os.urandom, 99)) == TEE_ERROR_BAD_PARAMETERS
    unknown = EcKey(gp.TEE_ECC_CURVE_25519, point, d)
    assert code_of(lambda: ecc.sign(right, unknown, b"d", os.urandom, 99)) == TEE_ERROR_NOT_SUPPORTED
    assert code_of(lambda: ecc.verify(right, key, b"d", bytes(63))) == TEE_ERROR_BAD_PARAMETERS


def test_ecdh() -> None:
    seen = 0
    for vector in records("asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax", "Result"):
        if not vector["result"].startswith("P"):
            continue
        curve = 1 + ("EA", "EB", "EC", "ED", "EE").index(vector["heading"][:2])
        key = EcKey(curve, (0, 0), int(vector["dsiut"], 16))
        peer = int(vector["qscavsx"], 16), int(vector["qscavsy"], 16)
        made = ecc.shared_secret(key, peer, 100)
        assert int.from_bytes(made, "big") == int(vector["z"], 16)
        assert len(made) == key.curve.size
        assert made == key.curve.multiply(key.d, peer)[0].to_bytes(key.curve.size, "big")  # type: ignore[index]
        seen += 1
    assert seen > 50


def test_ecdh_with_a_point_beside_the_curve() -> None:
    """The core does not look; what it gives is what the formulas give."""
    key = EcKey(gp.TEE_ECC_CURVE_NIST_P256, (0, 0), 12345)
    beside = (5, 7)
    assert not key.curve.contains(beside)
    assert len(ecc.shared_secret(key, beside, 100)) == 32
    assert code_of(lambda: ecc.shared_secret(key, beside, 31)) == TEE_ERROR_BAD_PARAMETERS


# ---- curve 25519


def test_ed25519() -> None:
    with open_vector_file("asymmetric/Ed25519/sign.input", "r") as file:
        for n, line in enumerate(file):
            if n % 10:
                continue
            secret, public, message, signed = (bytes.fromhex(part) for part in line.split(":")[:4])
            signature = signed[:64]
            assert edwards.sign(secret[:32], message, b"", False, 64) == signature
            edwards.verify(public, message, b"", False, signature)


def test_ed25519_with_context() -> None:
    """RFC 8032, clause 7.2."""
    secret = bytes.fromhex("0305334e381af78f141cb666f6199f57bc3495335a256a95bd2a55bf546663f6")
    public = bytes.fromhex("dfc9425e4f968f7f0c29f0259cf5f9aed6851c2bb4ad8bfb860cfee0ab248292")
    message = bytes.fromhex("f726936d19c800494e3fdaff20b276a8")
    wanted = (
        "55a4cc2f70a54e04288c5f4cd1e45a7bb520b36292911876cada7323198dd87a"
        "8b36950b95130022907a7fb7c4e9b2d5f6cca685a587b4b21f4b888e4e7edb0d"
    )
    assert edwards.sign(secret, message, b"foo", False, 64).hex() == wanted
    edwards.verify(public, message, b"foo", False, bytes.fromhex(wanted))
    other = lambda: edwards.verify(public, message, b"bar", False, bytes.fromhex(wanted))  # noqa: E731
    assert code_of(other) == TEE_ERROR_SIGNATURE_INVALID


def test_ed25519_with_prehash() -> None:
    """RFC 8032, clause 7.3."""
    secret = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    public = edwards_public(secret)
    wanted = (
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert edwards.sign(secret, b"abc", b"", True, 64).hex() == wanted
    edwards.verify(public, b"abc", b"", True, bytes.fromhex(wanted))
    assert code_of(lambda: edwards.verify(public, b"abc", b"", True, bytes(63))) == TEE_ERROR_BAD_PARAMETERS


def edwards_public(secret: bytes) -> bytes:
    made = edwards.generate_ed25519(lambda size: secret)[gp.TEE_ATTR_ED25519_PUBLIC_VALUE]
    assert isinstance(made, bytes)
    return made


def test_a_public_key_that_is_no_point() -> None:
    no_point = (2).to_bytes(32, "little")
    assert code_of(lambda: edwards.verify(no_point, b"m", b"", False, bytes(64))) == TEE_ERROR_BAD_PARAMETERS


def test_x25519() -> None:
    for vector in records("asymmetric/X25519/rfc7748.txt", "OUTPUT_U"):
        scalar, u = bytes.fromhex(vector["input_scalar"]), bytes.fromhex(vector["input_u"])
        assert edwards.exchange(scalar, u) == bytes.fromhex(vector["output_u"])
    assert code_of(lambda: edwards.exchange(b"s" * 32, bytes(32))) == TEE_ERROR_SECURITY


# ---- SM2: GM/T 0003.5-2012

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
