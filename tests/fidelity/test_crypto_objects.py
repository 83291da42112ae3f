# SPDX-License-Identifier: BSD-2-Clause
"""Transient objects: sizes, populating, copying; results and contents for right arguments and wrong ones."""

from __future__ import annotations

import pytest

from elfhaven.abi import gp_crypto as gp
from elfhaven.secure.crypto.object_types import TYPES, Form, find_type
from tests.unit.secure.crypto.tee import Tee

from .crypto import CURVE, DSA_512, EXPONENT, MODULUS, PUBLIC, RSA_1024, SECRETS, Both, X, Y, secret_of

_KINDS = sorted({kind.number for kind in TYPES} | {gp.TEE_TYPE_X448_KEYPAIR, gp.TEE_TYPE_DATA, 0xA0000012})


@pytest.mark.parametrize("kind", _KINDS)
def test_sizes_of_objects(on_both: Both, kind: int) -> None:
    found = find_type(kind)
    sizes = {0, 1, 8, 56, 64, 112, 128, 168, 192, 256, 448, 512, 521, 4096, 1 << 32, (1 << 32) + 256}
    if found is not None:
        sizes |= {
            found.smallest - found.quantum,
            found.smallest,
            found.largest,
            found.largest + found.quantum,
        }
    on_both(lambda tee: [tee.object(kind, size)[0] for size in sorted(s for s in sizes if s >= 0)])


@pytest.mark.parametrize("kind", [kind.number for kind in TYPES if kind.attributes[0].form is Form.SECRET])
def test_secrets(on_both: Both, kind: int) -> None:
    """Sizes in an object of the largest size, what it then tells, and its value."""
    found = find_type(kind)
    assert found is not None
    name = found.attributes[0].id
    sizes = sorted(
        {0, 7, 8, 14, 15, 16, 20, 21, 24, 32, 64, 65, 128, found.largest // 8, found.largest // 8 + 1}
    )

    def script(tee: Tee) -> object:
        seen = []
        for size in sizes:
            _, handle = tee.object(kind, found.largest)
            code = tee.populate(handle, {name: bytes(range(size % 256))[:size].ljust(size, b"x")})
            seen.append((code, tee.info(handle), tee.attribute(handle, name), tee.svc(28, handle)))
        return seen

    on_both(script)


@pytest.mark.parametrize(
    "kind, bits", [(gp.TEE_TYPE_DES, 56), (gp.TEE_TYPE_DES3, 112), (gp.TEE_TYPE_DES3, 168)]
)
def test_sizes_without_parity(on_both: Both, kind: int, bits: int) -> None:
    def script(tee: Tee) -> object:
        seen = []
        for size in (7, 8, 14, 16, 21, 24):
            _, handle = tee.object(kind, bits)
            seen.append((tee.populate(handle, secret_of(8 * size)), tee.info(handle), tee.svc(28, handle)))
        for size in (56, 64, 112, 128, 168, 192):
            _, handle = tee.object(kind, bits)
            code = tee.generate(handle, size)
            length = tee.attribute(handle, gp.TEE_ATTR_SECRET_VALUE)[:2]
            seen.append((code, tee.info(handle), length, tee.svc(28, handle)))
        return seen

    on_both(script)


_POPULATIONS = {
    "nothing": (gp.TEE_TYPE_AES, 256, []),
    "twice the same": (gp.TEE_TYPE_AES, 256, SECRETS * 2),
    "another's": (gp.TEE_TYPE_AES, 256, [*SECRETS, (MODULUS, b"\1")]),
    "only another's": (gp.TEE_TYPE_AES, 256, [(MODULUS, b"\1")]),
    "larger than the object": (gp.TEE_TYPE_AES, 128, SECRETS),
    "smaller than the object": (gp.TEE_TYPE_AES, 256, [(gp.TEE_ATTR_SECRET_VALUE, bytes(16))]),
    "larger than the room": (gp.TEE_TYPE_AES, 256, [(gp.TEE_ATTR_SECRET_VALUE, bytes(33))]),
    "a value": (gp.TEE_TYPE_AES, 256, [(gp.TEE_ATTR_SECRET_VALUE | gp.TEE_ATTR_FLAG_VALUE, (1, 2))]),
    "RSA": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, PUBLIC),
    "RSA, the other way round": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, PUBLIC[::-1]),
    "RSA of zeros": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, [(MODULUS, bytes(128)), (EXPONENT, b"")]),
    "RSA, larger": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, [(MODULUS, b"\1" * 129), (EXPONENT, b"\3")]),
    "RSA, of 31 bytes": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, [(MODULUS, b"\1" * 31), (EXPONENT, b"\3")]),
    "RSA, long exponent": (
        gp.TEE_TYPE_RSA_PUBLIC_KEY,
        1024,
        [(MODULUS, b"\1" * 128), (EXPONENT, b"\3" * 600)],
    ),
    "RSA, half": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, PUBLIC[:1]),
    "RSA pair": (gp.TEE_TYPE_RSA_KEYPAIR, 1024, list(RSA_1024.items())),
    "RSA pair, a part of the group": (
        gp.TEE_TYPE_RSA_KEYPAIR,
        1024,
        [*RSA_1024.items(), (gp.TEE_ATTR_RSA_PRIME1, b"\3")],
    ),
    "DSA": (gp.TEE_TYPE_DSA_PUBLIC_KEY, 512, [*DSA_512.items(), (gp.TEE_ATTR_DSA_PUBLIC_VALUE, b"\7")]),
    "DSA, long public value": (
        gp.TEE_TYPE_DSA_PUBLIC_KEY,
        512,
        [*DSA_512.items(), (gp.TEE_ATTR_DSA_PUBLIC_VALUE, b"\7" * 65)],
    ),
    "DSA, long q": (
        gp.TEE_TYPE_DSA_PUBLIC_KEY,
        512,
        [
            (gp.TEE_ATTR_DSA_PRIME, b"\x81" * 64),
            (gp.TEE_ATTR_DSA_SUBPRIME, b"\7" * 100),
            (gp.TEE_ATTR_DSA_BASE, b"\2"),
            (gp.TEE_ATTR_DSA_PUBLIC_VALUE, b"\7"),
        ],
    ),
    "DSA, zeros before p": (
        gp.TEE_TYPE_DSA_PUBLIC_KEY,
        1024,
        [
            (gp.TEE_ATTR_DSA_PRIME, bytes(64) + b"\7" * 64),
            (gp.TEE_ATTR_DSA_SUBPRIME, b"\7"),
            (gp.TEE_ATTR_DSA_BASE, b"\2"),
            (gp.TEE_ATTR_DSA_PUBLIC_VALUE, b"\7"),
        ],
    ),
    "a curve": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(X, b"\1"), (Y, b"\2"), (CURVE, (3, 9))]),
    "a larger curve": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(X, b"\1"), (Y, b"\2"), (CURVE, (4, 0))]),
    "no curve": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(X, b"\1"), (Y, b"\2"), (CURVE, (9, 0))]),
    "the curve 25519": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(X, b"\1"), (Y, b"\2"), (CURVE, (0x300, 0))]),
    "SM2": (gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY, 256, [(X, b"\1"), (Y, b"\2")]),
    "SM2 with its curve": (
        gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY,
        256,
        [(X, b"\1"), (Y, b"\2"), (CURVE, (0x400, 0))],
    ),
    "Ed25519": (gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, [(gp.TEE_ATTR_ED25519_PUBLIC_VALUE, b"\5" * 32)]),
    "Ed25519, short": (gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, [(gp.TEE_ATTR_ED25519_PUBLIC_VALUE, b"\5" * 31)]),
    "data": (gp.TEE_TYPE_DATA, 0, SECRETS),
}


@pytest.mark.parametrize("name", _POPULATIONS)
def test_population(on_both: Both, name: str) -> None:
    kind, bits, given = _POPULATIONS[name]
    found = find_type(kind)

    def script(tee: Tee) -> object:
        code, handle = tee.object(kind, bits)
        seen: list[object] = [code, tee.populate(handle, given), tee.info(handle)]
        for row in found.attributes if found else ():
            seen.append(tee.attribute(handle, row.id))
        seen += [tee.populate(handle, given), tee.svc(29, handle), tee.info(handle)]
        return [*seen, tee.populate(handle, given)]

    on_both(script)


@pytest.mark.parametrize("count", [0, 16, 100, 170, 171, 200, 512, 513, 1000])
def test_many_attributes(on_both: Both, count: int) -> None:
    def script(tee: Tee) -> object:
        _, handle = tee.object(gp.TEE_TYPE_AES, 256)
        where, _ = tee.attributes(SECRETS)
        return tee.svc(30, handle, where, count)

    on_both(script)


@pytest.mark.parametrize("size", [0, 1, 100, 512, 513, 1000, 2048, 4095, 4096, 4097])
def test_long_numbers(on_both: Both, size: int) -> None:
    def script(tee: Tee) -> object:
        _, handle = tee.object(gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024)
        code = tee.populate(handle, [(MODULUS, b"\x91" * 128), (EXPONENT, b"\3" * size)])
        return code, tee.attribute(handle, EXPONENT, room=8192)[:2]

    on_both(script)


def test_attributes_are_told(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        aes = tee.key(gp.TEE_TYPE_AES, 256, secret_of(256))
        point = tee.key(gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(X, b""), (Y, b"\2"), (CURVE, (3, 9))])
        empty = tee.object(gp.TEE_TYPE_AES, 256)[1]
        secret = gp.TEE_ATTR_SECRET_VALUE
        seen: list[object] = [tee.attribute(aes, secret, room) for room in (0, 31, 32, 33)]
        seen += [tee.attribute(aes, secret, 32, buffer=False), tee.attribute(aes, MODULUS)]
        seen += [tee.attribute(empty, secret), tee.attribute(99, secret), tee.attribute(0, secret)]
        seen += [tee.attribute(point, X, room) for room in (0, 1)]
        seen += [tee.attribute(point, X, 0, buffer=False), tee.attribute(point, Y, 0)]
        seen += [tee.attribute(point, CURVE, room) for room in (0, 7, 8, 16)]
        seen += [tee.svc(25, aes, 0xFFFFFFFE), tee.info(aes), tee.attribute(aes, secret)]
        seen += [tee.svc(25, point, 0), tee.attribute(point, Y), tee.svc(25, 99, 0)]
        return [*seen, tee.svc(29, aes), tee.info(aes), tee.attribute(aes, secret)]

    on_both(script)


def test_objects_are_copied(on_both: Both) -> None:
    def script(tee: Tee) -> object:
        pair = tee.key(gp.TEE_TYPE_RSA_KEYPAIR, 1024, RSA_1024)
        aes = tee.key(gp.TEE_TYPE_AES, 256, secret_of(128))
        seen: list[object] = []
        targets = [(gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024), (gp.TEE_TYPE_RSA_PUBLIC_KEY, 512)]
        targets += [(gp.TEE_TYPE_RSA_KEYPAIR, 512), (gp.TEE_TYPE_AES, 128), (gp.TEE_TYPE_DATA, 0)]
        targets += [(gp.TEE_TYPE_GENERIC_SECRET, 256), (gp.TEE_TYPE_DSA_PUBLIC_KEY, 512)]
        for kind, bits in targets:
            for origin in (pair, aes):
                to = tee.object(kind, bits)[1]
                seen += [tee.copy(to, origin), tee.info(to), tee.attribute(to, MODULUS)]
        empty = tee.object(gp.TEE_TYPE_AES, 256)[1]
        return [*seen, tee.copy(empty, empty), tee.copy(aes, aes), tee.copy(0, aes), tee.copy(empty, 0)]

    on_both(script)
