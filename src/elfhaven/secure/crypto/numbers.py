# SPDX-License-Identifier: BSD-2-Clause
"""Big numbers: powers, primes, random ones; and bytes taken as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Random = Callable[[int], bytes]  # that many random bytes

_LARGE: Final = 256  # bits from which on the library's powers are worth their conversions
_ROUNDS: Final = 40
_SMALL_PRIMES: Final = tuple(n for n in range(3, 1000, 2) if all(n % d for d in range(3, n, 2) if d * d <= n))


def xor(a: bytes, b: bytes) -> bytes:
    """Of two strings of the same length."""
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


def power(base: int, exponent: int, modulus: int) -> int:
    """base ** exponent mod modulus, for a modulus above zero and an exponent of zero or more."""
    if modulus.bit_length() < _LARGE:
        return pow(base, exponent, modulus)
    from Cryptodome.Math.Numbers import Integer

    return int(pow(Integer(base), exponent, modulus))


def random_below(limit: int, random: Random) -> int:
    """A number from 1 to limit - 1; 1 if there is none."""
    bits = limit.bit_length()
    if limit <= 2:
        return 1
    while True:
        found = int.from_bytes(random((bits + 7) // 8), "big") >> -bits % 8
        if 0 < found < limit:
            return found


def random_prime(size: int, random: Random) -> int:
    """A prime of `size` bytes whose two highest bits are set."""
    high, bits = 3 << 8 * size - 2, 8 * size
    while True:
        found = int.from_bytes(random(size), "big") | high | 1
        while found.bit_length() == bits:
            if all(found % prime for prime in _SMALL_PRIMES) and _is_prime(found, random):
                return found
            found += 2


def _is_prime(n: int, random: Random) -> bool:
    """Miller and Rabin's test, for an odd number above the small primes."""
    twos = (n - 1 & 1 - n).bit_length() - 1
    rounds = _ROUNDS if n.bit_length() < 512 else 8  # for random numbers few are enough
    return all(_is_witnessed(n, twos, random_below(n - 1, random)) for _ in range(rounds))


def _is_witnessed(n: int, twos: int, base: int) -> bool:
    x = power(base, n - 1 >> twos, n)
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False
