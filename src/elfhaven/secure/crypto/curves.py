# SPDX-License-Identifier: BSD-2-Clause
"""Short Weierstrass curves: the NIST primes (SP 800-186) and SM2 (GB/T 32918.5), and arithmetic on them.

For what the library does not do: the curve SM2, and points that do not lie on the curve, with which the core
calculates as with any other. Nothing here is constant in time: the emulator keeps no secrets from its host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from elfhaven.abi import gp_crypto as gp

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]
_NOWHERE: Final = (1, 1, 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ + ax + b over the integers mod p; g generates a group of n points."""

    bits: int
    p: int
    a: int
    b: int
    n: int
    g: Point

    @property
    def size(self) -> int:
        """Bytes of a coordinate."""
        return (self.bits + 7) // 8

    def contains(self, point: Point) -> bool:
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x + self.a) * x - self.b) % self.p == 0

    def multiply(self, k: int, point: Point) -> Point | None:
        """k times a point; None for the point at infinity."""
        return self.add_multiples((k, point))

    def add_multiples(self, *terms: tuple[int, Point]) -> Point | None:
        """The sum of some multiples, with one row of doublings for all."""
        tables = [(k, self._table(point)) for k, point in terms]
        out = _NOWHERE
        top = max(k.bit_length() for k, _ in terms)
        for at in range((top + 3) // 4 * 4 - 4, -1, -4):
            for _ in range(4):
                out = self._double(out)
            for k, table in tables:
                digit = k >> at & 15
                if digit:
                    out = self._add(out, table[digit])
        return self._affine(out)

    def _table(self, point: Point) -> list[_Jacobian]:
        """0 to 15 times a point."""
        one = (point[0] % self.p, point[1] % self.p, 1)
        out = [_NOWHERE, one]
        for n in range(2, 16):
            out.append(self._add(out[-1], one) if n & 1 else self._double(out[n // 2]))
        return out

    def _affine(self, point: _Jacobian) -> Point | None:
        x, y, z = point
        if z == 0:
            return None
        inverse = pow(z, -1, self.p)
        square = inverse * inverse % self.p
        return x * square % self.p, y * square * inverse % self.p

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        p = self.p
        if z == 0 or y == 0:
            return _NOWHERE
        yy = y * y % p
        s = 4 * x * yy % p
        zz = z * z % p
        m = (3 * x * x + self.a * zz * zz) % p
        out = (m * m - 2 * s) % p
        return out, (m * (s - out) - 8 * yy * yy) % p, 2 * y * z % p

    def _add(self, one: _Jacobian, two: _Jacobian) -> _Jacobian:
        x1, y1, z1 = one
        x2, y2, z2 = two
        if z1 == 0:
            return two
        if z2 == 0:
            return one
        p = self.p
        z11, z22 = z1 * z1 % p, z2 * z2 % p
        u1, s1 = x1 * z22 % p, y1 * z2 * z22 % p
        h = (x2 * z11 - u1) % p
        r = (y2 * z1 * z11 - s1) % p
        if h == 0:
            return self._double(one) if r == 0 else _NOWHERE
        hh = h * h % p
        hhh, v = h * hh % p, u1 * hh % p
        x = (r * r - hhh - 2 * v) % p
        return x, (r * (v - x) - s1 * hhh) % p, h * z1 * z2 % p


def _curve(bits: int, p: int, a: int, numbers: str) -> Curve:
    b, n, x, y = (int(number, 16) for number in numbers.split())
    return Curve(bits, p, a % p, b, n, (x, y))


_P192 = 2**192 - 2**64 - 1
_P224 = 2**224 - 2**96 + 1
_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P384 = 2**384 - 2**128 - 2**96 + 2**32 - 1
_P521 = 2**521 - 1
_PSM2 = 2**256 - 2**224 - 2**96 + 2**64 - 1

CURVES: Final = {
    gp.TEE_ECC_CURVE_NIST_P192: _curve(
        192,
        _P192,
        -3,
        """64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1
        ffffffffffffffffffffffff99def836146bc9b1b4d22831
        188da80eb03090f67cbf20eb43a18800f4ff0afd82ff1012
        07192b95ffc8da78631011ed6b24cdd573f977a11e794811""",
    ),
    gp.TEE_ECC_CURVE_NIST_P224: _curve(
        224,
        _P224,
        -3,
        """b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4
        ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d
        b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21
        bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34""",
    ),
    gp.TEE_ECC_CURVE_NIST_P256: _curve(
        256,
        _P256,
        -3,
        """5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
        ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
        6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296
        4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5""",
    ),
    gp.TEE_ECC_CURVE_NIST_P384: _curve(
        384,
        _P384,
        -3,
        """b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef
        ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973
        aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7
        3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f""",
    ),
    gp.TEE_ECC_CURVE_NIST_P521: _curve(
        521,
        _P521,
        -3,
        """0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1\
bf073573df883d2c34f1ef451fd46b503f00
        01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709\
a5d03bb5c9b8899c47aebb6fb71e91386409
        00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ff\
a8de3348b3c1856a429bf97e7e31c2e5bd66
        011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad\
0761353c7086a272c24088be94769fd16650""",
    ),
    gp.TEE_ECC_CURVE_SM2: _curve(
        256,
        _PSM2,
        -3,
        """28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93
        fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123
        32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7
        bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0""",
    ),
}
