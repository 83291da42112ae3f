# SPDX-License-Identifier: BSD-2-Clause
"""The Arithmetical API (clause 8) on Python's integers, with the standard's meaning where Python's differs.

Numbers need no room and no context, so what allocates and sizes them has no counterpart. Division goes
towards zero. What panics in C (a modulus below 2, a division by 0) raises BadParameters.
"""

from __future__ import annotations

import math

from elfhaven.ta.random import random_bytes
from elfhaven.tee_errors import BadParameters, NumberOverflow

_S32 = 1 << 31
_CONFIDENCE = 80  # the smallest confidence level that may be asked for
_SMALL_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def from_octets(data: bytes, negative: bool = False) -> int:
    """TEE_BigIntConvertFromOctetString: big-endian magnitude."""
    magnitude = int.from_bytes(data, "big")
    return -magnitude if negative else magnitude


def to_octets(number: int) -> bytes:
    """TEE_BigIntConvertToOctetString: the magnitude, big-endian, without leading zeros."""
    return abs(number).to_bytes((number.bit_length() + 7) // 8, "big")


def to_s32(number: int) -> int:
    """TEE_BigIntConvertToS32; NumberOverflow for one that does not fit."""
    if not -_S32 <= number < _S32:
        raise NumberOverflow(f"{number} in 32 bits")
    return number


def compare(one: int, other: int) -> int:
    """TEE_BigIntCmp, TEE_BigIntCmpS32: -1, 0 or 1."""
    return (one > other) - (one < other)


def shift_right(number: int, bits: int) -> int:
    """TEE_BigIntShiftRight: the magnitude is shifted, so the result goes towards zero."""
    return from_sign(abs(number) >> bits, number)


def from_sign(magnitude: int, like: int) -> int:
    """`magnitude` with the sign of `like`."""
    return -magnitude if like < 0 else magnitude


def bit(number: int, place: int) -> bool:
    """TEE_BigIntGetBit, of the magnitude."""
    return bool(abs(number) >> place & 1)


def with_bit(number: int, place: int, on: bool) -> int:
    """TEE_BigIntSetBit, of the magnitude."""
    mask = 1 << place
    magnitude = abs(number) | mask if on else abs(number) & ~mask
    return from_sign(magnitude, number)


def bit_count(number: int) -> int:
    """TEE_BigIntGetBitCount: of the magnitude, 0 for 0."""
    return number.bit_length()


def divide(dividend: int, divisor: int) -> tuple[int, int]:
    """TEE_BigIntDiv: quotient towards zero, and the remainder, which has the sign of the dividend."""
    if not divisor:
        raise BadParameters("a division by 0")
    quotient = abs(dividend) // abs(divisor)
    if (dividend < 0) != (divisor < 0):
        quotient = -quotient
    return quotient, dividend - quotient * divisor


def mod(number: int, modulus: int) -> int:
    """TEE_BigIntMod: in 0 .. modulus - 1."""
    return number % _modulus(modulus)


def add_mod(one: int, other: int, modulus: int) -> int:
    """TEE_BigIntAddMod."""
    return (one + other) % _modulus(modulus)


def sub_mod(one: int, other: int, modulus: int) -> int:
    """TEE_BigIntSubMod."""
    return (one - other) % _modulus(modulus)


def mul_mod(one: int, other: int, modulus: int) -> int:
    """TEE_BigIntMulMod, TEE_BigIntSquareMod, TEE_BigIntComputeFMM."""
    return one * other % _modulus(modulus)


def exp_mod(base: int, exponent: int, modulus: int) -> int:
    """TEE_BigIntExpMod; the modulus must be odd, the exponent not negative."""
    if not _modulus(modulus) & 1 or exponent < 0:
        raise BadParameters("an even modulus, or a negative exponent")
    return pow(base, exponent, modulus)


def inverse_mod(number: int, modulus: int) -> int:
    """TEE_BigIntInvMod; BadParameters where there is none."""
    divisor, inverse, _ = extended_gcd(number % _modulus(modulus), modulus)
    if divisor != 1:
        raise BadParameters("a number without an inverse")
    return inverse % modulus


def relative_prime(one: int, other: int) -> bool:
    """TEE_BigIntRelativePrime."""
    return math.gcd(one, other) == 1


def extended_gcd(one: int, other: int) -> tuple[int, int, int]:
    """TEE_BigIntComputeExtendedGcd: (gcd, u, v) with u * one + v * other == gcd."""
    old, new = (one, 1, 0), (other, 0, 1)
    while new[0]:
        quotient = old[0] // new[0]
        old, new = (
            new,
            (
                old[0] - quotient * new[0],
                old[1] - quotient * new[1],
                old[2] - quotient * new[2],
            ),
        )
    return old if old[0] >= 0 else (-old[0], -old[1], -old[2])


def is_probable_prime(number: int, confidence: int = _CONFIDENCE) -> bool:
    """TEE_BigIntIsProbablePrime: wrong with a chance of at most 2^-confidence (80 at least)."""
    if number < 2:
        return False
    for prime in _SMALL_PRIMES:
        if number % prime == 0:
            return number == prime
    rounds = (max(confidence, _CONFIDENCE) + 1) // 2
    return all(_passes(number, _base(number)) for _ in range(rounds))


def _base(number: int) -> int:
    """A random one in 2 .. number - 2."""
    size = (number.bit_length() + 7) // 8 + 8
    return 2 + int.from_bytes(random_bytes(size), "big") % (number - 3)


def _passes(number: int, base: int) -> bool:
    """One round of Miller and Rabin."""
    odd, twos = number - 1, 0
    while not odd & 1:
        odd, twos = odd >> 1, twos + 1
    power = pow(base, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def _modulus(modulus: int) -> int:
    if modulus < 2:
        raise BadParameters("a modulus below 2")
    return modulus
