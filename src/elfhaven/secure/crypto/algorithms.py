# SPDX-License-Identifier: BSD-2-Clause
"""What an algorithm's number says: its class, its main algorithm, its digests, the keys it takes.

Most numbers carry it in their bits (class 31-28, digest inside a mask function 22-20, digest 15-12, chaining
11-8, main algorithm 7-0); those that the standard or OP-TEE chose otherwise are listed.
"""

from __future__ import annotations

from typing import Final

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_PARAMETERS
from elfhaven.secure.result import TeeResult

# main algorithms; digests and block ciphers have the numbers of their types' low bytes
MD5, SM3 = 0x01, 0x07
AES, DES, DES3, SM4 = 0x10, 0x11, 0x13, 0x14
RSA, DSA, DH, ECDSA, ECDH, ED25519, X25519 = 0x30, 0x31, 0x32, 0x41, 0x42, 0x43, 0x44
SM2_DSA, SM2_KEP, SM2_PKE, X448 = 0x45, 0x46, 0x47, 0x49
HKDF, CONCAT_KDF, PBKDF2, SHAKE128, SHAKE256 = 0xC0, 0xC1, 0xC2, 0xC3, 0xC4

_XTS = 4
_CLASSES = {
    gp.TEE_ALG_SM2_PKE: gp.TEE_OPERATION_ASYMMETRIC_CIPHER,
    gp.TEE_ALG_SM2_KEP: gp.TEE_OPERATION_KEY_DERIVATION,
    gp.TEE_ALG_RSASSA_PKCS1_V1_5: gp.TEE_OPERATION_ASYMMETRIC_SIGNATURE,
    gp.TEE_ALG_DES3_CMAC: gp.TEE_OPERATION_MAC,
    gp.TEE_ALG_SM4_XTS: gp.TEE_OPERATION_CIPHER,
    gp.TEE_ALG_RSASSA_PKCS1_PSS_MGF1_MD5: gp.TEE_OPERATION_ASYMMETRIC_SIGNATURE,
    gp.TEE_ALG_RSAES_PKCS1_OAEP_MGF1_MD5: gp.TEE_OPERATION_ASYMMETRIC_CIPHER,
}
_MAINS = {
    gp.TEE_ALG_SM2_PKE: SM2_PKE,
    gp.TEE_ALG_SM2_KEP: SM2_KEP,
    gp.TEE_ALG_X25519: X25519,
    gp.TEE_ALG_ED25519: ED25519,
    gp.TEE_ALG_ECDSA_SHA1: ECDSA,
    gp.TEE_ALG_ECDSA_SHA224: ECDSA,
    gp.TEE_ALG_ECDSA_SHA256: ECDSA,
    gp.TEE_ALG_ECDSA_SHA384: ECDSA,
    gp.TEE_ALG_ECDSA_SHA512: ECDSA,
    gp.TEE_ALG_HKDF: HKDF,
    gp.TEE_ALG_SHAKE128: SHAKE128,
    gp.TEE_ALG_SHAKE256: SHAKE256,
    gp.TEE_ALG_X448: X448,
}
# numbers of OP-TEE before 3.0, one for each curve
_OLD_ECDSA = {0x70001041 + 0x1000 * n: gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * n for n in range(5)}
_OLD_ECDH = {0x80001042 + 0x1000 * n: gp.TEE_ALG_ECDH_DERIVE_SHARED_SECRET for n in range(5)}
_OLD = _OLD_ECDSA | _OLD_ECDH

DIGEST_SIZES: Final = {1: 16, 2: 20, 3: 28, 4: 32, 5: 48, 6: 64, 7: 32, 8: 28, 9: 32, 10: 48, 11: 64}


def current(algorithm: int) -> int:
    """The number in use for an algorithm that may be given by an old one."""
    return _OLD.get(algorithm, algorithm)


def operation_class(algorithm: int) -> int:
    """TEE_OPERATION_*, or a number that is none."""
    return _CLASSES.get(algorithm, algorithm >> 28 & 15)


def main_algorithm(algorithm: int) -> int:
    return _MAINS.get(algorithm, algorithm & 0xFF)


def needs_two_keys(algorithm: int) -> bool:
    """Of a cipher."""
    return algorithm >> 8 & 15 == _XTS


def digest_of(algorithm: int) -> int:
    """The digest of a signature or a key derivation, by its low byte."""
    return SM3 if algorithm == gp.TEE_ALG_SM2_DSA_SM3 else algorithm >> 12 & 15


def inner_digest_of(algorithm: int) -> int:
    """The digest inside the mask function of OAEP and PSS."""
    return algorithm >> 20 & 7


_PUBLIC_RSA = {gp.TEE_MODE_ENCRYPT, gp.TEE_MODE_VERIFY}
_KEYS: Final = {
    RSA: (gp.TEE_TYPE_RSA_KEYPAIR, gp.TEE_TYPE_RSA_PUBLIC_KEY, _PUBLIC_RSA),
    DSA: (gp.TEE_TYPE_DSA_KEYPAIR, gp.TEE_TYPE_DSA_PUBLIC_KEY, _PUBLIC_RSA),
    DH: (gp.TEE_TYPE_DH_KEYPAIR, 0, set[int]()),
    ECDSA: (gp.TEE_TYPE_ECDSA_KEYPAIR, gp.TEE_TYPE_ECDSA_PUBLIC_KEY, {gp.TEE_MODE_VERIFY}),
    ECDH: (gp.TEE_TYPE_ECDH_KEYPAIR, 0, set[int]()),
    ED25519: (gp.TEE_TYPE_ED25519_KEYPAIR, gp.TEE_TYPE_ED25519_PUBLIC_KEY, {gp.TEE_MODE_VERIFY}),
    HKDF: (gp.TEE_TYPE_HKDF_IKM, 0, set[int]()),
    CONCAT_KDF: (gp.TEE_TYPE_CONCAT_KDF_Z, 0, set[int]()),
    PBKDF2: (gp.TEE_TYPE_PBKDF2_PASSWORD, 0, set[int]()),
    X25519: (gp.TEE_TYPE_X25519_KEYPAIR, 0, set[int]()),
    X448: (gp.TEE_TYPE_X448_KEYPAIR, 0, set[int]()),
}
# SM2 takes the public key where one is enough, and only that
_SM2: Final = {
    SM2_PKE: (gp.TEE_MODE_ENCRYPT, gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY, gp.TEE_TYPE_SM2_PKE_KEYPAIR),
    SM2_DSA: (gp.TEE_MODE_VERIFY, gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY, gp.TEE_TYPE_SM2_DSA_KEYPAIR),
}
_SECRETS: Final = (*range(MD5, 0x0C), AES, DES, DES3, SM4)


def check_key_type(kind: int, algorithm: int, mode: int) -> None:
    """TeeResult BAD_PARAMETERS unless an object of type `kind` can be a key of the operation."""
    if kind not in key_types(algorithm, mode):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)


def key_types(algorithm: int, mode: int) -> tuple[int, ...]:
    """The types of objects that an operation takes as its key."""
    main = main_algorithm(algorithm)
    if main in _SECRETS:
        return (gp.TEE_TYPE_GENERIC_SECRET | main,)
    if main == SM2_KEP:
        return (gp.TEE_TYPE_SM2_KEP_KEYPAIR, gp.TEE_TYPE_SM2_KEP_PUBLIC_KEY)
    if main in _SM2:
        public_mode, public, pair = _SM2[main]
        return (public,) if mode == public_mode else (pair,)
    if main not in _KEYS:
        return ()
    pair, public, modes = _KEYS[main]
    return (pair, public) if mode in modes else (pair,)
