# SPDX-License-Identifier: BSD-2-Clause
"""RSA (RFC 8017) with keys of any size that the core takes: raw, PKCS #1 v1.5, OAEP, PSS.

Keys may be of 256 bits, and their numbers need not belong together: no library takes them. The results for
what is wrong are the core's: BAD_PARAMETERS for lengths and padding, GENERIC where it cannot calculate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_PARAMETERS, TEE_ERROR_GENERIC, TEE_ERROR_SIGNATURE_INVALID
from elfhaven.secure.crypto.algorithms import DIGEST_SIZES, digest_of
from elfhaven.secure.crypto.attributes import Attributes
from elfhaven.secure.crypto.numbers import Random, power, random_prime
from elfhaven.secure.crypto.rsa_padding import (
    fits_pss,
    fits_v15,
    pad_oaep,
    pad_pss,
    pad_v15,
    unpad_oaep,
    unpad_v15,
)
from elfhaven.secure.result import ShortBuffer, TeeResult

_DIGESTS = range(1, 7)  # those that have a number in RSA's algorithms: MD5 to SHA-512
_INFO = {  # DigestInfo up to the digest, with the NULL that some leave out
    1: "3020300c06082a864886f70d020505000410",
    2: "3021300906052b0e03021a05000414",
    3: "302d300d06096086480165030402040500041c",
    4: "3031300d060960864801650304020105000420",
    5: "3041300d060960864801650304020205000430",
    6: "3051300d060960864801650304020305000440",
}


class _Uncomputable(Exception):
    """The key's numbers do not allow it."""


class _TooLarge(Exception):
    """The message is a number above the modulus."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """The numbers of a key; 0 for those that it has not."""

    n: int
    e: int
    d: int = 0
    p: int = 0
    q: int = 0
    dp: int = 0
    dq: int = 0
    qp: int = 0

    @property
    def size(self) -> int:
        return (self.n.bit_length() + 7) // 8

    def public(self, data: bytes) -> bytes:
        return self._result(self._power(self._message(data), self.e, self.n))

    def private(self, data: bytes) -> bytes:
        """By the Chinese remainder theorem if the key has all that it needs; checked then."""
        message = self._message(data)
        if not all((self.p, self.q, self.dp, self.dq, self.qp)):
            return self._result(self._power(message, self.d, self.n))
        one = self._power(message, self.dp, self.p)
        two = self._power(message, self.dq, self.q)
        made = (one - two) * self.qp % self.p * self.q + two
        if self._power(made, self.e, self.n) != message % self.n:
            raise _Uncomputable
        return self._result(made)

    def _message(self, data: bytes) -> int:
        message = int.from_bytes(data, "big")
        if message > self.n:
            raise _TooLarge
        return message

    def _result(self, made: int) -> bytes:
        return (made % self.n).to_bytes(self.size, "big")

    @staticmethod
    def _power(base: int, exponent: int, modulus: int) -> int:
        if not modulus & 1:
            raise _Uncomputable
        return power(base, exponent, modulus)


_NUMBERS = (
    *(gp.TEE_ATTR_RSA_MODULUS, gp.TEE_ATTR_RSA_PUBLIC_EXPONENT, gp.TEE_ATTR_RSA_PRIVATE_EXPONENT),
    *(gp.TEE_ATTR_RSA_PRIME1, gp.TEE_ATTR_RSA_PRIME2, gp.TEE_ATTR_RSA_EXPONENT1),
    *(gp.TEE_ATTR_RSA_EXPONENT2, gp.TEE_ATTR_RSA_COEFFICIENT),
)


def key_of(attributes: Attributes) -> RsaKey:
    """The key that an object holds."""
    values = (attributes.get(number, 0) for number in _NUMBERS)
    return RsaKey(*(value if isinstance(value, int) else 0 for value in values))


def generate(bits: int, e: int, random: Random) -> Attributes:
    """A key pair; BAD_PARAMETERS for an even exponent, or a size that is not two primes of whole bytes."""
    if bits % 16 or not e & 1 or not 2 <= e.bit_length() < 256:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    p, q = _primes(bits, e, random)
    d = pow(e, -1, (p - 1) * (q - 1) // gcd(p - 1, q - 1))
    numbers = (p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    return dict(zip(_NUMBERS, numbers, strict=True))


def _primes(bits: int, e: int, random: Random) -> tuple[int, int]:
    if e == 65537 and bits >= 1024:
        from cryptography.hazmat.primitives.asymmetric import rsa

        made = rsa.generate_private_key(e, bits).private_numbers()
        return made.p, made.q
    found: list[int] = []
    while len(found) < 2:
        prime = random_prime(bits // 16, random)
        if gcd(prime - 1, e) == 1 and prime not in found:
            found.append(prime)
    return found[0], found[1]


# ---- raw


def raw(key: RsaKey, data: bytes, private: bool, room: int) -> bytes:
    """Without leading zeros, but for one of nothing but zeros."""
    try:
        made = key.private(data) if private else key.public(data)
    except _TooLarge:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS) from None
    except _Uncomputable:
        raise TeeResult(TEE_ERROR_GENERIC) from None
    made = made.lstrip(b"\0") or b"\0"
    if room < len(made):
        raise ShortBuffer(len(made))
    return made


# ---- encryption


def encrypt(
    algorithm: int, key: RsaKey, label: bytes, mask: int, data: bytes, random: Random, room: int
) -> bytes:
    """`mask` is the algorithm of the mask function's digest."""
    if room < key.size:
        raise ShortBuffer(key.size)
    if algorithm == gp.TEE_ALG_RSAES_PKCS1_V1_5:
        padded = pad_v15(key.size, data, 2, random)
    else:
        padded = pad_oaep(key.size, _digest_of_oaep(algorithm), _mask_digest(mask), label, data, random)
    try:
        return key.public(padded)
    except _TooLarge:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS) from None
    except _Uncomputable:
        raise TeeResult(TEE_ERROR_GENERIC) from None


def decrypt(algorithm: int, key: RsaKey, label: bytes, mask: int, data: bytes, room: int) -> bytes:
    oaep = algorithm != gp.TEE_ALG_RSAES_PKCS1_V1_5
    mask_digest = _mask_digest(mask) if oaep else 0
    if len(data) != key.size:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    try:
        padded = key.private(data)
    except _TooLarge:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS) from None
    except _Uncomputable:
        raise TeeResult(TEE_ERROR_GENERIC) from None
    out = unpad_oaep(padded, _digest_of_oaep(algorithm), mask_digest, label) if oaep else unpad_v15(padded)
    if room < len(out):
        raise ShortBuffer(len(out))
    return out


def _digest_of_oaep(algorithm: int) -> int:
    return algorithm >> 20 & 7


def _mask_digest(algorithm: int) -> int:
    if algorithm - 0x50000000 not in _DIGESTS:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    return algorithm & 0xFF


# ---- signatures


def _is_pss(algorithm: int) -> bool:
    return algorithm & 0xF00 == 0x900


def sign(algorithm: int, key: RsaKey, salt_length: int, data: bytes, random: Random, room: int) -> bytes:
    """A signature of a digest; of any data for the algorithm without one."""
    main = digest_of(algorithm)
    if algorithm != gp.TEE_ALG_RSASSA_PKCS1_V1_5 and len(data) != DIGEST_SIZES[main]:
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    if room < key.size:
        raise ShortBuffer(key.size)
    if _is_pss(algorithm):
        padded = pad_pss(key.n.bit_length() - 1, main, data, salt_length, random)
    elif algorithm == gp.TEE_ALG_RSASSA_PKCS1_V1_5:
        padded = pad_v15(key.size, data, 1)
    else:
        padded = pad_v15(key.size, bytes.fromhex(_INFO[main]) + data, 1)
    try:
        return key.private(padded)
    except (_TooLarge, _Uncomputable):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS) from None


def verify(algorithm: int, key: RsaKey, salt_length: int, data: bytes, signature: bytes) -> None:
    """TeeResult SIGNATURE_INVALID unless it is that of the data."""
    main = digest_of(algorithm)
    if algorithm != gp.TEE_ALG_RSASSA_PKCS1_V1_5 and len(data) != DIGEST_SIZES.get(main):
        raise TeeResult(TEE_ERROR_BAD_PARAMETERS)
    invalid = TeeResult(TEE_ERROR_SIGNATURE_INVALID)
    if len(signature) != key.size:
        raise invalid
    try:
        padded = key.public(signature)
    except _TooLarge:
        raise invalid from None
    except _Uncomputable:
        raise TeeResult(TEE_ERROR_GENERIC) from None
    if not _fits(algorithm, key, salt_length, data, padded):
        raise invalid


def _fits(algorithm: int, key: RsaKey, salt_length: int, data: bytes, padded: bytes) -> bool:
    main = digest_of(algorithm)
    if _is_pss(algorithm):
        return fits_pss(key.n.bit_length() - 1, main, salt_length, data, padded)
    if algorithm == gp.TEE_ALG_RSASSA_PKCS1_V1_5:
        return fits_v15(padded, data)
    info = bytes.fromhex(_INFO[main])
    without_null = info.replace(b"\x05\0\x04", b"\x04")
    without_null = bytes([0x30, info[1] - 2, 0x30, info[3] - 2]) + without_null[4:]
    return fits_v15(padded, info + data) or fits_v15(padded, without_null + data)
