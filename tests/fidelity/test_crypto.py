# SPDX-License-Identifier: BSD-2-Clause
"""Cryptography by utee calls: results, lengths and contents for right arguments and wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from elfhaven.abi import gp_crypto as gp
from elfhaven.secure.crypto.object_types import TYPES, Form, find_type
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory
from tests.unit.secure.crypto.tee import Tee
from tests.unit.secure.probe import PRIVATE, SHARED, Probe

from .places import EmulatedPlace, Place, ProbeSession, RealPlace, install_probe

Script = Callable[[Tee], object]
Both = Callable[[Script], object]
_STAGE = 49152

# a key of RSA-1024, a group of DSA-512, one of DH-256


def _number(text: str) -> int:
    return int(text.replace(" ", ""), 16)


RSA_1024 = {
    gp.TEE_ATTR_RSA_MODULUS: _number(
        "a8b3b284af8eb50b387034a860f146c4 919f318763cd6c5598c8ae4811a1e0ab c4c7e0b082d693a5e7fced675cf46685"
        "12772c0cbc64a742c6c630f533c8cc72 f62ae833c40bf25842e984bb78bdbf97 c0107d55bdb662f5c4e0fab9845cb514"
        "8ef7392dd3aaff93ae1e6b667bb3d424 7616d4f5ba10d4cfd226de88d39f16fb"
    ),
    gp.TEE_ATTR_RSA_PUBLIC_EXPONENT: 65537,
    gp.TEE_ATTR_RSA_PRIVATE_EXPONENT: _number(
        "53339cfdb79fc8466a655c7316aca85c 55fd8f6dd898fdaf119517ef4f52e8fd 8e258df93fee180fa0e4ab29693cd83b"
        "152a553d4ac4d1812b8b9fa5af0e7f55 fe7304df41570926f3311f15c4d65a73 2c483116ee3d3d2d0af3549ad9bf7cbf"
        "b78ad884f84d5beb04724dc7369b31de f37d0cf539e9cfcdd3de653729ead5d1"
    ),
}
DSA_512 = {
    gp.TEE_ATTR_DSA_PRIME: _number(
        "8df2a494492276aa3d25759bb06869cb eac0d83afb8d0cf7cbb8324f0d7882e5"
        "d0762fc5b7210eafc2e9adac32ab7aac 49693dfbf83724c2ec0736ee31c80291"
    ),
    gp.TEE_ATTR_DSA_SUBPRIME: 0xC773218C737EC8EE993B4F2DED30F48EDACE915F,
    gp.TEE_ATTR_DSA_BASE: _number(
        "626d027839ea0a13413163a55b4cb500 299d5522956cefcb3bff10f399ce2c2e"
        "71cb9de5fa24babf58e5b79521925c9c c42e9f6f464b088cc572af53e6d78802"
    ),
}
DH_256 = {gp.TEE_ATTR_DH_PRIME: 2**255 + 95, gp.TEE_ATTR_DH_BASE: 2}


class _Session(ProbeSession):
    """A session with the probe that reaches into the TA's own memory."""

    def put(self, data: bytes, offset: int = 256) -> int:
        self.memory.view[_STAGE : _STAGE + len(data)] = data
        assert self.run(Probe.COPY, PRIVATE | offset, SHARED | _STAGE, len(data)) == (0, 0)
        return PRIVATE | offset

    def get(self, size: int, offset: int = 256) -> bytes:
        assert self.run(Probe.COPY, SHARED | _STAGE, PRIVATE | offset, size) == (0, 0)
        return bytes(self.memory.view[_STAGE : _STAGE + size])

    def scratch(self) -> int:
        assert self.run(Probe.SCRATCH) == (0, 0)
        return self.word(0)


@pytest.fixture(scope="module")
def sessions(real: RealPlace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[_Session]]:
    """One session with the real OP-TEE and one with the emulator, for all tests here."""
    device = StateDirectory(tmp_path_factory.mktemp("device"))
    with Emulator(device, "stock") as target:
        places: list[Place] = [real, EmulatedPlace(target, device)]
        made = [_Session(place, install_probe(place)) for place in places]
        yield made
        for session in made:
            session.close()


@pytest.fixture
def both(sessions: list[_Session]) -> Both:
    """Plays a script on both and wants the same transcript."""

    def play(script: Script) -> object:
        seen = []
        for session in sessions:
            tee = Tee(session)
            seen.append(script(tee))
            tee.close()
        there, here = seen
        assert here == there, "left: the emulator, right: the real OP-TEE"
        return there

    return play


def _secret(bits: int) -> dict[int, bytes]:
    return {gp.TEE_ATTR_SECRET_VALUE: bytes(range(1, bits // 8 + 1))}


# ---- objects

_KINDS = sorted({kind.number for kind in TYPES} | {gp.TEE_TYPE_X448_KEYPAIR, gp.TEE_TYPE_DATA, 0xA0000012})


@pytest.mark.parametrize("kind", _KINDS)
def test_sizes_of_objects(both: Both, kind: int) -> None:
    found = find_type(kind)
    sizes = {0, 1, 8, 56, 64, 112, 128, 168, 192, 256, 448, 512, 521, 4096, 1 << 32, (1 << 32) + 256}
    if found is not None:
        sizes |= {
            found.smallest - found.quantum,
            found.smallest,
            found.largest,
            found.largest + found.quantum,
        }
    both(lambda tee: [tee.object(kind, size)[0] for size in sorted(s for s in sizes if s >= 0)])


@pytest.mark.parametrize("kind", [kind.number for kind in TYPES if kind.attributes[0].form is Form.SECRET])
def test_secrets(both: Both, kind: int) -> None:
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

    both(script)


@pytest.mark.parametrize(
    "kind, bits", [(gp.TEE_TYPE_DES, 56), (gp.TEE_TYPE_DES3, 112), (gp.TEE_TYPE_DES3, 168)]
)
def test_sizes_without_parity(both: Both, kind: int, bits: int) -> None:
    def script(tee: Tee) -> object:
        seen = []
        for size in (7, 8, 14, 16, 21, 24):
            _, handle = tee.object(kind, bits)
            seen.append((tee.populate(handle, _secret(8 * size)), tee.info(handle), tee.svc(28, handle)))
        for size in (56, 64, 112, 128, 168, 192):
            _, handle = tee.object(kind, bits)
            code = tee.generate(handle, size)
            length = tee.attribute(handle, gp.TEE_ATTR_SECRET_VALUE)[:2]
            seen.append((code, tee.info(handle), length, tee.svc(28, handle)))
        return seen

    both(script)


_MODULUS, _EXPONENT = gp.TEE_ATTR_RSA_MODULUS, gp.TEE_ATTR_RSA_PUBLIC_EXPONENT
_PUBLIC = [(_MODULUS, b"\x91" * 128), (_EXPONENT, b"\1\0\1")]
_SECRETS = [(gp.TEE_ATTR_SECRET_VALUE, bytes(32))]
_CURVE, _X, _Y = gp.TEE_ATTR_ECC_CURVE, gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y
_POPULATIONS = {
    "nothing": (gp.TEE_TYPE_AES, 256, []),
    "twice the same": (gp.TEE_TYPE_AES, 256, _SECRETS * 2),
    "another's": (gp.TEE_TYPE_AES, 256, [*_SECRETS, (_MODULUS, b"\1")]),
    "only another's": (gp.TEE_TYPE_AES, 256, [(_MODULUS, b"\1")]),
    "larger than the object": (gp.TEE_TYPE_AES, 128, _SECRETS),
    "smaller than the object": (gp.TEE_TYPE_AES, 256, [(gp.TEE_ATTR_SECRET_VALUE, bytes(16))]),
    "larger than the room": (gp.TEE_TYPE_AES, 256, [(gp.TEE_ATTR_SECRET_VALUE, bytes(33))]),
    "a value": (gp.TEE_TYPE_AES, 256, [(gp.TEE_ATTR_SECRET_VALUE | gp.TEE_ATTR_FLAG_VALUE, (1, 2))]),
    "RSA": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, _PUBLIC),
    "RSA, the other way round": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, _PUBLIC[::-1]),
    "RSA of zeros": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, [(_MODULUS, bytes(128)), (_EXPONENT, b"")]),
    "RSA, larger": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, [(_MODULUS, b"\1" * 129), (_EXPONENT, b"\3")]),
    "RSA, of 31 bytes": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, [(_MODULUS, b"\1" * 31), (_EXPONENT, b"\3")]),
    "RSA, long exponent": (
        gp.TEE_TYPE_RSA_PUBLIC_KEY,
        1024,
        [(_MODULUS, b"\1" * 128), (_EXPONENT, b"\3" * 600)],
    ),
    "RSA, half": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, _PUBLIC[:1]),
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
    "a curve": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(_X, b"\1"), (_Y, b"\2"), (_CURVE, (3, 9))]),
    "a larger curve": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(_X, b"\1"), (_Y, b"\2"), (_CURVE, (4, 0))]),
    "no curve": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(_X, b"\1"), (_Y, b"\2"), (_CURVE, (9, 0))]),
    "the curve 25519": (gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(_X, b"\1"), (_Y, b"\2"), (_CURVE, (0x300, 0))]),
    "SM2": (gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY, 256, [(_X, b"\1"), (_Y, b"\2")]),
    "SM2 with its curve": (
        gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY,
        256,
        [(_X, b"\1"), (_Y, b"\2"), (_CURVE, (0x400, 0))],
    ),
    "Ed25519": (gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, [(gp.TEE_ATTR_ED25519_PUBLIC_VALUE, b"\5" * 32)]),
    "Ed25519, short": (gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, [(gp.TEE_ATTR_ED25519_PUBLIC_VALUE, b"\5" * 31)]),
    "data": (gp.TEE_TYPE_DATA, 0, _SECRETS),
}


@pytest.mark.parametrize("name", _POPULATIONS)
def test_population(both: Both, name: str) -> None:
    kind, bits, given = _POPULATIONS[name]
    found = find_type(kind)

    def script(tee: Tee) -> object:
        code, handle = tee.object(kind, bits)
        seen: list[object] = [code, tee.populate(handle, given), tee.info(handle)]
        for row in found.attributes if found else ():
            seen.append(tee.attribute(handle, row.id))
        seen += [tee.populate(handle, given), tee.svc(29, handle), tee.info(handle)]
        return [*seen, tee.populate(handle, given)]

    both(script)


@pytest.mark.parametrize("count", [0, 16, 100, 170, 171, 200, 512, 513, 1000])
def test_many_attributes(both: Both, count: int) -> None:
    def script(tee: Tee) -> object:
        _, handle = tee.object(gp.TEE_TYPE_AES, 256)
        where, _ = tee.attributes(_SECRETS)
        return tee.svc(30, handle, where, count)

    both(script)


@pytest.mark.parametrize("size", [0, 1, 100, 512, 513, 1000, 2048, 4095, 4096, 4097])
def test_long_numbers(both: Both, size: int) -> None:
    def script(tee: Tee) -> object:
        _, handle = tee.object(gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024)
        code = tee.populate(handle, [(_MODULUS, b"\x91" * 128), (_EXPONENT, b"\3" * size)])
        return code, tee.attribute(handle, _EXPONENT, room=8192)[:2]

    both(script)


def test_attributes_are_told(both: Both) -> None:
    def script(tee: Tee) -> object:
        aes = tee.key(gp.TEE_TYPE_AES, 256, _secret(256))
        point = tee.key(gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, [(_X, b""), (_Y, b"\2"), (_CURVE, (3, 9))])
        empty = tee.object(gp.TEE_TYPE_AES, 256)[1]
        secret = gp.TEE_ATTR_SECRET_VALUE
        seen: list[object] = [tee.attribute(aes, secret, room) for room in (0, 31, 32, 33)]
        seen += [tee.attribute(aes, secret, 32, buffer=False), tee.attribute(aes, _MODULUS)]
        seen += [tee.attribute(empty, secret), tee.attribute(99, secret), tee.attribute(0, secret)]
        seen += [tee.attribute(point, _X, room) for room in (0, 1)]
        seen += [tee.attribute(point, _X, 0, buffer=False), tee.attribute(point, _Y, 0)]
        seen += [tee.attribute(point, _CURVE, room) for room in (0, 7, 8, 16)]
        seen += [tee.svc(25, aes, 0xFFFFFFFE), tee.info(aes), tee.attribute(aes, secret)]
        seen += [tee.svc(25, point, 0), tee.attribute(point, _Y), tee.svc(25, 99, 0)]
        return [*seen, tee.svc(29, aes), tee.info(aes), tee.attribute(aes, secret)]

    both(script)


def test_objects_are_copied(both: Both) -> None:
    def script(tee: Tee) -> object:
        pair = tee.key(gp.TEE_TYPE_RSA_KEYPAIR, 1024, RSA_1024)
        aes = tee.key(gp.TEE_TYPE_AES, 256, _secret(128))
        seen: list[object] = []
        targets = [(gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024), (gp.TEE_TYPE_RSA_PUBLIC_KEY, 512)]
        targets += [(gp.TEE_TYPE_RSA_KEYPAIR, 512), (gp.TEE_TYPE_AES, 128), (gp.TEE_TYPE_DATA, 0)]
        targets += [(gp.TEE_TYPE_GENERIC_SECRET, 256), (gp.TEE_TYPE_DSA_PUBLIC_KEY, 512)]
        for kind, bits in targets:
            for origin in (pair, aes):
                to = tee.object(kind, bits)[1]
                seen += [tee.copy(to, origin), tee.info(to), tee.attribute(to, _MODULUS)]
        empty = tee.object(gp.TEE_TYPE_AES, 256)[1]
        return [*seen, tee.copy(empty, empty), tee.copy(aes, aes), tee.copy(0, aes), tee.copy(empty, 0)]

    both(script)


_P256 = [(_CURVE, (3, 0))]
_GENERATIONS = {
    "AES": (gp.TEE_TYPE_AES, 256, (128, 192, 256, 160, 0, (1 << 32) + 128), []),
    "AES in a small object": (gp.TEE_TYPE_AES, 128, (256,), []),
    "AES with an attribute": (gp.TEE_TYPE_AES, 128, (128,), _SECRETS),
    "HMAC-SM3": (gp.TEE_TYPE_HMAC_SM3, 1024, (80, 512, 520, 1024), []),
    "a secret": (gp.TEE_TYPE_GENERIC_SECRET, 4096, (0, 8, 4096, 4104), []),
    "a password": (gp.TEE_TYPE_PBKDF2_PASSWORD, 4096, (8, 128), []),
    "RSA": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (256, 257, 264, 272, 512), []),
    "RSA, e = 3": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(_EXPONENT, b"\3")]),
    "RSA, e = 65539": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(_EXPONENT, b"\1\0\3")]),
    "RSA, e even": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(_EXPONENT, b"\1\0\2")]),
    "RSA, e of 255 bits": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(_EXPONENT, b"\x7f" + b"\xff" * 31)]),
    "RSA, e of 256 bits": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(_EXPONENT, b"\xff" * 32)]),
    "RSA, e of 33 bytes": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(_EXPONENT, b"\xff" * 33)]),
    "RSA, e = 0": (gp.TEE_TYPE_RSA_KEYPAIR, 512, (512,), [(_EXPONENT, b"")]),
    "RSA with a modulus": (gp.TEE_TYPE_RSA_KEYPAIR, 1024, (512,), _PUBLIC),
    "RSA, public": (gp.TEE_TYPE_RSA_PUBLIC_KEY, 512, (512,), []),
    "DSA": (gp.TEE_TYPE_DSA_KEYPAIR, 512, (512, 576, 1024), list(DSA_512.items())),
    "DSA, nothing": (gp.TEE_TYPE_DSA_KEYPAIR, 512, (512,), []),
    "DH": (gp.TEE_TYPE_DH_KEYPAIR, 512, (256, 264, 512), list(DH_256.items())),
    "DH, x bits": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_X_BITS, (128, 0))],
    ),
    "DH, odd x bits": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_X_BITS, (129, 0))],
    ),
    "DH, many x bits": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_X_BITS, (264, 0))],
    ),
    "DH, q": (
        gp.TEE_TYPE_DH_KEYPAIR,
        256,
        (256,),
        [*DH_256.items(), (gp.TEE_ATTR_DH_SUBPRIME, b"\x81" * 16)],
    ),
    "P-256": (gp.TEE_TYPE_ECDSA_KEYPAIR, 521, (256, 192, 255), _P256),
    "P-256 in a small object": (gp.TEE_TYPE_ECDSA_KEYPAIR, 192, (256,), _P256),
    "P-521": (gp.TEE_TYPE_ECDH_KEYPAIR, 521, (521,), [(_CURVE, (5, 0))]),
    "no curve": (gp.TEE_TYPE_ECDSA_KEYPAIR, 256, (256,), []),
    "an unknown curve": (gp.TEE_TYPE_ECDSA_KEYPAIR, 256, (256,), [(_CURVE, (99, 0))]),
    "the curve 25519": (gp.TEE_TYPE_ECDSA_KEYPAIR, 256, (256,), [(_CURVE, (0x300, 0))]),
    "SM2": (gp.TEE_TYPE_SM2_PKE_KEYPAIR, 256, (256, 255), []),
    "SM2, public": (gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY, 256, (256,), []),
    "X25519": (gp.TEE_TYPE_X25519_KEYPAIR, 256, (256, 255), []),
    "Ed25519": (gp.TEE_TYPE_ED25519_KEYPAIR, 256, (256,), []),
    "Ed25519, public": (gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, (256,), []),
    "data": (gp.TEE_TYPE_DATA, 0, (0, 8), []),
}


@pytest.mark.parametrize("name", _GENERATIONS)
def test_generation(both: Both, name: str) -> None:
    """Results, and which attributes there are, by the results of asking for them without room."""
    kind, bits, sizes, given = _GENERATIONS[name]
    found = find_type(kind)

    def script(tee: Tee) -> object:
        seen: list[object] = []
        for size in sizes:
            handle = tee.object(kind, bits)[1]
            seen += [tee.generate(handle, size, given), tee.info(handle), tee.generate(handle, size, given)]
            for row in found.attributes if found else ():
                code, length, _ = tee.attribute(handle, row.id, room=0)
                seen.append((code, length if row.form in (Form.SECRET, Form.KEY_25519) else bool(length)))
            tee.svc(28, handle)
        return seen

    both(script)


# ---- operations

_ALGORITHMS = sorted(value for name, value in vars(gp).items() if name.startswith("TEE_ALG_"))
_MORE_ALGORITHMS = (0, 0x10000015, 0x50000000, 0x5000000C, 0x30000000, 0x3000000C, 0x40000910, 0x20000010)
_OLD_ALGORITHMS = (0x70001041, 0x70005041, 0x70006041, 0x80001042, 0x80005042)
_KEYS = (
    *((gp.TEE_TYPE_AES, 128), (gp.TEE_TYPE_DES, 64), (gp.TEE_TYPE_DES3, 128), (gp.TEE_TYPE_SM4, 128)),
    *((gp.TEE_TYPE_HMAC_SHA256, 256), (gp.TEE_TYPE_HMAC_SM3, 256), (gp.TEE_TYPE_RSA_KEYPAIR, 512)),
    *((gp.TEE_TYPE_RSA_PUBLIC_KEY, 512), (gp.TEE_TYPE_DSA_KEYPAIR, 512), (gp.TEE_TYPE_DH_KEYPAIR, 256)),
    *((gp.TEE_TYPE_ECDSA_KEYPAIR, 256), (gp.TEE_TYPE_ECDH_KEYPAIR, 256), (gp.TEE_TYPE_ED25519_KEYPAIR, 256)),
    *((gp.TEE_TYPE_SM2_DSA_KEYPAIR, 256), (gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY, 256)),
    *((gp.TEE_TYPE_SM2_KEP_KEYPAIR, 256), (gp.TEE_TYPE_X25519_KEYPAIR, 256), (gp.TEE_TYPE_HKDF_IKM, 256)),
    *((gp.TEE_TYPE_PBKDF2_PASSWORD, 256), (gp.TEE_TYPE_GENERIC_SECRET, 256)),
)


@pytest.mark.parametrize("mode", range(8))
def test_operations_without_keys(both: Both, mode: int) -> None:
    def script(tee: Tee) -> object:
        seen = []
        for algorithm in (*_ALGORITHMS, *_MORE_ALGORITHMS, *_OLD_ALGORITHMS):
            code, state = tee.state(algorithm, mode)
            seen.append((hex(algorithm), code, tee.free(state)))
        return seen

    both(script)


@pytest.mark.parametrize("kind, bits", _KEYS)
def test_operations_with_keys(both: Both, kind: int, bits: int) -> None:
    """Every algorithm and mode with one key of the type, and with two."""

    def script(tee: Tee) -> object:
        seen = []
        for algorithm in (*_ALGORITHMS, *_MORE_ALGORITHMS, *_OLD_ALGORITHMS):
            for mode in (0, 1, 2, 3, 4, 6):
                keys = [tee.object(kind, bits)[1] for _ in range(2)]
                one = tee.state(algorithm, mode, keys[0])
                two = tee.state(algorithm, mode, keys[1], keys[0])
                if one[0] or two[0]:
                    seen.append((hex(algorithm), mode, one[0], two[0]))
                else:
                    seen.append((hex(algorithm), mode, "both"))
                for state in (one, two):
                    if state[0] == 0:
                        tee.free(state[1])
                for key in keys:
                    tee.svc(28, key)
        return seen

    both(script)


_DIGESTS = [number for number in _ALGORITHMS if number >> 28 == 5]
_MESSAGE = bytes(range(256)) * 2


@pytest.mark.parametrize("algorithm", _DIGESTS)
def test_digests(both: Both, algorithm: int) -> None:
    def script(tee: Tee) -> object:
        state, other = (tee.operation(algorithm, 5) for _ in range(2))
        seen: list[object] = [tee.hash_update(state, b"early"), tee.hash_final(state, b"", 64)]
        seen += [tee.copy_state(other, state), tee.hash_init(state), tee.hash_final(state, b"", 64)]
        seen += [tee.hash_init(state), tee.hash_update(state, _MESSAGE), tee.copy_state(other, state)]
        again = b"" if algorithm in (gp.TEE_ALG_SHAKE128, gp.TEE_ALG_SHAKE256) else b"abc"
        seen += [tee.hash_final(state, b"abc", 15), tee.hash_final(state, again, 64)]
        seen += [tee.hash_final(other, b"", 100), tee.cipher_init(state), tee.ae_aad(other, b"")]
        seen += [
            tee.svc(19, state, 0, 5),
            tee.svc(19, state, 0, 0),
            tee.svc(19, 99, 0, 0),
            tee.svc(18, 99, 0, 0),
        ]
        return [*seen, tee.cipher(state, bytes(16))[0]]

    both(script)


def test_a_function_of_any_length(both: Both) -> None:
    def script(tee: Tee) -> object:
        state = tee.operation(gp.TEE_ALG_SHAKE128, 5)
        seen: list[object] = [tee.hash_init(state), tee.hash_update(state, b"abc")]
        return [*seen, *(tee.hash_final(state, b"", room) for room in (1, 0, 10, 300, 168, 5))]

    both(script)


_MACS = [
    *((0x30000000 | main, 0xA0000000 | main, 32) for main in range(1, 12)),
    *((number, gp.TEE_TYPE_AES, 16) for number in (0x30000110, 0x30000510, 0x30000610)),
    *((number, gp.TEE_TYPE_DES, 8) for number in (0x30000111, 0x30000511)),
    *((number, gp.TEE_TYPE_DES3, 16) for number in (0x30000113, 0x30000513, gp.TEE_ALG_DES3_CMAC)),
    *((number, gp.TEE_TYPE_DES3, 24) for number in (0x30000113, gp.TEE_ALG_DES3_CMAC)),
]


@pytest.mark.parametrize("algorithm, kind, size", _MACS)
def test_macs(both: Both, algorithm: int, kind: int, size: int) -> None:
    def script(tee: Tee) -> object:
        keys = [tee.key(kind, 8 * size, _secret(8 * size)) for _ in range(2)]
        state, other = (tee.operation(algorithm, 4, key) for key in keys)
        seen: list[object] = [tee.hash_update(state, b"early"), tee.hash_init(state)]
        seen += [tee.hash_update(state, _MESSAGE[:40]), tee.copy_state(other, state)]
        seen += [tee.hash_final(state, _MESSAGE[:24], 7), tee.hash_final(state, _MESSAGE[:24], 64)]
        seen += [tee.hash_update(other, b"abc"), tee.hash_final(other, b"", 64), tee.hash_init(other)]
        return [
            *seen,
            tee.hash_final(other, b"", 64),
            tee.svc(28, keys[0]),
            tee.free(state),
            tee.svc(24, keys[0]),
        ]

    both(script)


def test_a_mac_without_its_key(both: Both) -> None:
    def script(tee: Tee) -> object:
        state = tee.operation(gp.TEE_ALG_HMAC_SHA256, 4, tee.object(gp.TEE_TYPE_HMAC_SHA256, 256)[1])
        cipher = tee.operation(gp.TEE_ALG_AES_CTR, 0, tee.object(gp.TEE_TYPE_AES, 256)[1])
        gcm = tee.operation(gp.TEE_ALG_AES_GCM, 0, tee.object(gp.TEE_TYPE_AES, 256)[1])
        rsa = tee.operation(gp.TEE_ALG_RSA_NOPAD, 0, tee.object(gp.TEE_TYPE_RSA_PUBLIC_KEY, 512)[1])
        seen = [tee.hash_init(state), tee.cipher_init(cipher, bytes(16)), tee.ae_init(gcm, bytes(12))]
        return [*seen, tee.operate(rsa, b"x"), tee.copy_state(rsa, rsa), tee.copy_state(gcm, cipher)]

    both(script)


_CIPHERS = [
    *(
        (number, gp.TEE_TYPE_AES, 16)
        for number in (0x10000010, 0x10000110, 0x10000210, 0x10000310, 0x10000410)
    ),
    *((number, gp.TEE_TYPE_AES, 32) for number in (0x10000210, 0x10000410)),
    *((number, gp.TEE_TYPE_AES, 24) for number in (0x10000310, 0x10000410)),
    *((number, gp.TEE_TYPE_DES, 8) for number in (0x10000011, 0x10000111)),
    *((number, gp.TEE_TYPE_DES3, 16) for number in (0x10000013, 0x10000113)),
    *((number, gp.TEE_TYPE_DES3, 24) for number in (0x10000013, 0x10000113)),
    *((number, gp.TEE_TYPE_SM4, 16) for number in (0x10000014, 0x10000114, 0x10000214, gp.TEE_ALG_SM4_XTS)),
]


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("algorithm, kind, size", _CIPHERS)
def test_ciphers(both: Both, algorithm: int, kind: int, size: int, mode: int) -> None:
    two = algorithm >> 8 & 15 == 4

    def script(tee: Tee) -> object:
        states = []
        for _ in range(2):
            key = tee.key(kind, 8 * size, _secret(8 * size))
            second = {gp.TEE_ATTR_SECRET_VALUE: bytes(range(100, 100 + size))}
            states.append(tee.operation(algorithm, mode, key, tee.key(kind, 8 * size, second) if two else 0))
        state, other = states
        seen: list[object] = [tee.cipher(state, bytes(16)), tee.hash_init(state), tee.ae_init(state, b"")][:2]
        seen += [tee.cipher_init(state, bytes(length)) for length in (0, 7, 8, 15, 16, 17)]
        iv = bytes(range(8 if size == 8 or kind == gp.TEE_TYPE_DES3 else 16))
        seen += [tee.cipher_init(state, iv), tee.cipher(state, _MESSAGE[:64]), tee.copy_state(other, state)]
        seen += [
            tee.cipher(state, _MESSAGE[:32], 31),
            tee.cipher(state, b""),
            tee.cipher(state, _MESSAGE[:17]),
        ]
        seen += [tee.cipher(state, _MESSAGE[:48], last=True), tee.cipher(other, _MESSAGE[:48], 100)]
        seen += [tee.cipher(other, _MESSAGE[:48], last=True)]
        for length in (0, 17, 31, 33, 40):
            seen += [tee.cipher_init(other, iv), tee.cipher(other, _MESSAGE[:length], last=True)]
        return [*seen, tee.cipher_init(other, iv), tee.cipher(other, b"", last=True)]

    both(script)


def test_going_on_after_the_end(both: Both) -> None:
    def script(tee: Tee) -> object:
        state = _ae(tee, gp.TEE_ALG_AES_GCM, 0)
        seen: list[object] = [
            tee.ae_init(state, bytes(12), 16, 0, 0),
            tee.ae_encrypt_final(state, _MESSAGE[:20]),
        ]
        return [*seen, tee.ae_encrypt_final(state, b""), tee.ae_encrypt_final(state, _MESSAGE[:32])]

    both(script)


def test_modes_that_no_cipher_has(both: Both) -> None:
    def script(tee: Tee) -> object:
        seen: list[object] = []
        for mode in (2, 3, 4, 99):
            key = tee.key(gp.TEE_TYPE_AES, 128, _secret(128))
            state = tee.operation(gp.TEE_ALG_AES_CTR, mode, key)
            seen += [tee.cipher_init(state, bytes(16)), tee.cipher(state, b"abc")]
        return seen

    both(script)


# ---- authenticated encryption


def _ae(tee: Tee, algorithm: int, mode: int, size: int = 16) -> int:
    return tee.operation(algorithm, mode, tee.key(gp.TEE_TYPE_AES, 8 * size, _secret(8 * size)))


@pytest.mark.parametrize("nonce, size", [(0, 16), (6, 16), (7, 24), (12, 32), (13, 16), (14, 16), (40, 24)])
@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM])
def test_authenticated_encryption(both: Both, algorithm: int, nonce: int, size: int) -> None:
    def script(tee: Tee) -> object:
        state, other = (_ae(tee, algorithm, 0, size) for _ in range(2))
        seen: list[object] = [tee.ae_aad(state, b"early"), tee.ae_update(state, b"early")]
        seen += [tee.ae_init(state, bytes(range(nonce)), 16, 20, 50)]
        if seen[-1]:
            return seen
        seen += [
            tee.ae_aad(state, _MESSAGE[:11]),
            tee.copy_state(other, state),
            tee.ae_aad(state, _MESSAGE[:9]),
        ]
        seen += [tee.ae_aad(other, _MESSAGE[:9]), tee.ae_update(state, _MESSAGE[:19], 18)]
        seen += [tee.ae_update(state, _MESSAGE[:19]), tee.copy_state(other, state)]
        seen += [tee.ae_decrypt_final(state, b"", bytes(16)), tee.ae_encrypt_final(state, _MESSAGE[:31], 30)]
        seen += [
            tee.ae_encrypt_final(state, _MESSAGE[:31]),
            tee.ae_encrypt_final(other, _MESSAGE[:31], 100, 50),
        ]
        return seen

    both(script)


@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM])
@pytest.mark.parametrize("tag", [0, 2, 4, 5, 12, 16, 17, 128])
def test_tags(both: Both, algorithm: int, tag: int) -> None:
    def script(tee: Tee) -> object:
        state = _ae(tee, algorithm, 0)
        seen: list[object] = [tee.ae_init(state, bytes(12), tag, 0, 5)]
        if seen[0]:
            return seen
        seen += [
            tee.ae_encrypt_final(state, b"hello", 5, tag - 1 if tag else 0),
            tee.ae_init(state, bytes(12), tag, 0, 5),
        ]
        final = tee.ae_encrypt_final(state, b"hello", 9, 64)
        seen.append(final)
        back = _ae(tee, algorithm, 1)
        for given in (
            final[4],
            final[4][:-1],
            final[4] + b"x",
            final[4][:-1] + b"?",
            b"",
            bytes(16),
            bytes(17),
        ):
            seen += [tee.ae_init(back, bytes(12), tag, 0, 5), tee.ae_decrypt_final(back, final[2], given)]
        seen += [tee.ae_init(back, bytes(12), tag, 0, 5), tee.ae_decrypt_final(back, final[2], final[4], 4)]
        return seen

    both(script)


@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM])
def test_data_out_of_turn(both: Both, algorithm: int) -> None:
    def script(tee: Tee) -> object:
        state = _ae(tee, algorithm, 0)
        seen: list[object] = [tee.ae_init(state, bytes(12), 16, 4, 8), tee.ae_update(state, b"early")]
        seen += [tee.ae_init(state, bytes(12), 16, 4, 8), tee.ae_aad(state, b"12345")]
        seen += [
            tee.ae_init(state, bytes(12), 16, 4, 8),
            tee.ae_aad(state, b"1234"),
            tee.ae_update(state, b"123456789"),
        ]
        seen += [
            tee.ae_init(state, bytes(12), 16, 4, 8),
            tee.ae_aad(state, b"1234"),
            tee.ae_update(state, b"1234"),
        ]
        seen += [tee.ae_aad(state, b"late"), tee.ae_encrypt_final(state, b"567")]
        seen += [tee.ae_init(state, bytes(12), 16, 0, 0), tee.ae_aad(state, b""), tee.ae_update(state, b"")]
        seen += [tee.ae_encrypt_final(state, b""), tee.ae_init(state, bytes(12), 16, 1 << 31, 0)]
        return [*seen, tee.ae_init(state, bytes(12), 16, 0, 1 << 31), tee.hash_init(state)]

    both(script)


# ---- asymmetric operations

_D256 = 0x519B423D715F8B581F4FA8EE59F4771A5B44C8130B4E3EACCA54A56DDA72B464
_P256_KEY = [
    (gp.TEE_ATTR_ECC_PRIVATE_VALUE, _D256),
    (_X, 0x1CCBE91C075FC7F4F033BFA248DB8FCCD3565DE94BBFB12F3C59FF46C271BF83),
    (_Y, 0xCE4014C68811F9A21A1FDB2C0E6113E06DB7CA93B7404E78DC7CCD5CA89A4CA9),
    (_CURVE, (3, 0)),
]
_SM2_KEY = [
    (gp.TEE_ATTR_ECC_PRIVATE_VALUE, 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8),
    (_X, 0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020),
    (_Y, 0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13),
]
_ED25519_KEY = [
    (
        gp.TEE_ATTR_ED25519_PRIVATE_VALUE,
        bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
    ),
    (
        gp.TEE_ATTR_ED25519_PUBLIC_VALUE,
        bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
    ),
]
_SIGNATURES = [value for value in _ALGORITHMS if value & 0xFF == 0x30 and value & 0xF00 in (0x800, 0x900)]
_RSA_CIPHERS = [value for value in _ALGORITHMS if value & 0xFF == 0x30 and value & 0xF00 in (0, 0x100, 0x200)]


def _rsa(tee: Tee, algorithm: int, mode: int) -> int:
    """An operation with the pair, or with its public key."""
    if mode in (1, 2):
        return tee.operation(algorithm, mode, tee.key(gp.TEE_TYPE_RSA_KEYPAIR, 1024, RSA_1024))
    public = dict(list(RSA_1024.items())[:2])
    return tee.operation(algorithm, mode, tee.key(gp.TEE_TYPE_RSA_PUBLIC_KEY, 1024, public))


@pytest.mark.parametrize("algorithm", _SIGNATURES)
def test_rsa_signatures(both: Both, algorithm: int) -> None:
    """Contents where they are always the same; lengths and verification otherwise.

    Nothing is verified of no bytes: the real core's guard against faults takes the comparison of nothing for
    one, and halts.
    """
    fixed = algorithm & 0xF00 == 0x800
    salt = gp.TEE_ATTR_RSA_PSS_SALT_LENGTH

    def script(tee: Tee) -> object:
        sign, verify = _rsa(tee, algorithm, 2), _rsa(tee, algorithm, 3)
        seen: list[object] = []
        for length in (16, 20, 28, 32, 48, 64, 118):
            data = _MESSAGE[:length]
            code, told, made = tee.operate(sign, data)
            seen += [code, told, made if fixed else len(made), tee.verify(verify, data, made)]
            if code == 0:
                seen += [tee.operate(sign, data, room=127), tee.verify(verify, data, made[:-1])]
                seen += [tee.verify(verify, data, made + b"x"), tee.verify(verify, data, made[:-1] + b"?")]
                seen += [tee.verify(verify, data, b"\xff" * 128), tee.verify(sign, data, made)]
                for size in (0, 62, 200, 0x7FFFFFFF) if not fixed else ():
                    code, told, made = tee.operate(sign, data, {salt: (size, 0)})
                    seen += [code, told, tee.verify(verify, data, made, {salt: (size, 0)})]
        return [*seen, tee.operate(verify, _MESSAGE[:32])[0]]

    both(script)


@pytest.mark.parametrize("algorithm", _RSA_CIPHERS)
def test_rsa_ciphers(both: Both, algorithm: int) -> None:
    label, mask = gp.TEE_ATTR_RSA_OAEP_LABEL, gp.TEE_ATTR_RSA_OAEP_MGF_HASH

    def script(tee: Tee) -> object:
        encrypt, decrypt = _rsa(tee, algorithm, 0), _rsa(tee, algorithm, 1)
        seen: list[object] = []
        options: list[dict[int, bytes]] = [{}, {label: b"label"}, {label: b""}, {mask: b"\4\0\0\x50"}]
        options += [
            {mask: b"\4\0\0"},
            {mask: b"\x09\0\0\x50"},
            {mask: bytes(4)},
            {gp.TEE_ATTR_EDDSA_CTX: b"x"},
        ]
        for given in options:
            code, told, made = tee.operate(encrypt, b"message", given)
            seen += [code, told, tee.operate(decrypt, made, given), tee.operate(decrypt, made)]
        for length in (0, 1, 85, 86, 87, 117, 118, 128, 129):
            code, told, made = tee.operate(encrypt, _MESSAGE[1 : 1 + length])
            seen += [code, told, tee.operate(decrypt, made), tee.operate(decrypt, made, room=5)]
        seen += [tee.operate(encrypt, b"message", room=127)[:2], tee.operate(decrypt, bytes(127))]
        return [*seen, tee.operate(decrypt, b"\xff" * 128), tee.operate(decrypt, bytes(128))]

    both(script)


@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_ECDSA_SHA1 + 0x1000 * n for n in range(5)])
def test_ecdsa(both: Both, algorithm: int) -> None:
    def script(tee: Tee) -> object:
        sign = tee.operation(algorithm, 2, tee.key(gp.TEE_TYPE_ECDSA_KEYPAIR, 256, _P256_KEY))
        verify = tee.operation(algorithm, 3, tee.key(gp.TEE_TYPE_ECDSA_PUBLIC_KEY, 256, _P256_KEY[1:]))
        seen: list[object] = []
        for length in (0, 1, 20, 32, 40, 64):
            code, told, made = tee.operate(sign, _MESSAGE[:length])
            seen += [code, told, tee.verify(verify, _MESSAGE[:length], made or bytes(64))]
        seen += [tee.operate(sign, _MESSAGE[:32], room=63), tee.verify(verify, _MESSAGE[:32], bytes(63))]
        seen += [
            tee.verify(verify, _MESSAGE[:32], bytes(64)),
            tee.verify(verify, _MESSAGE[:32], b"\xff" * 64),
        ]
        return [*seen, tee.verify(verify, _MESSAGE[:32], b"\1" * 64)]

    both(script)


def test_dsa(both: Both) -> None:
    def script(tee: Tee) -> object:
        x = {gp.TEE_ATTR_DSA_PRIVATE_VALUE: 5}
        public = {
            gp.TEE_ATTR_DSA_PUBLIC_VALUE: pow(
                DSA_512[gp.TEE_ATTR_DSA_BASE], 5, DSA_512[gp.TEE_ATTR_DSA_PRIME]
            )
        }
        seen: list[object] = []
        for algorithm in (gp.TEE_ALG_DSA_SHA1, gp.TEE_ALG_DSA_SHA224, gp.TEE_ALG_DSA_SHA256):
            sign = tee.operation(algorithm, 2, tee.key(gp.TEE_TYPE_DSA_KEYPAIR, 512, DSA_512 | x | public))
            verify = tee.operation(algorithm, 3, tee.key(gp.TEE_TYPE_DSA_PUBLIC_KEY, 512, DSA_512 | public))
            for length in (0, 19, 20, 28, 32):
                code, told, made = tee.operate(sign, _MESSAGE[:length])
                seen += [code, told, tee.verify(verify, _MESSAGE[:length], made or bytes(40))]
            seen += [tee.operate(sign, _MESSAGE[:20], room=39), tee.verify(verify, _MESSAGE[:20], bytes(39))]
            seen += [tee.verify(verify, _MESSAGE[:20], b"\1" * 40), tee.verify(verify, _MESSAGE[:20], b"")]
        return seen

    both(script)


def test_ed25519(both: Both) -> None:
    context, prehash = gp.TEE_ATTR_EDDSA_CTX, gp.TEE_ATTR_EDDSA_PREHASH

    def script(tee: Tee) -> object:
        sign = tee.operation(gp.TEE_ALG_ED25519, 2, tee.key(gp.TEE_TYPE_ED25519_KEYPAIR, 256, _ED25519_KEY))
        public = tee.key(gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, _ED25519_KEY[1:])
        verify = tee.operation(gp.TEE_ALG_ED25519, 3, public)
        seen: list[object] = []
        given: list[list[tuple[int, bytes | tuple[int, int]]]] = [
            [],
            [(context, b"")],
            [(context, b"c" * 255)],
        ]
        given += [[(context, b"c" * 256)], [(context, b"a"), (context, b"b")], [(prehash, (0, 0))]]
        given += [[(prehash, (1, 0))], [(prehash, (1, 1))], [(prehash, (2, 0))]]
        given += [[(prehash, (1, 0)), (context, b"foo")], [(gp.TEE_ATTR_RSA_OAEP_LABEL, b"x")]]
        for one in given:
            code, told, made = tee.operate(sign, b"message", one)
            seen += [code, told, made, tee.verify(verify, b"message", made or bytes(64), one)]
            seen += [tee.verify(verify, b"messagE", made or bytes(64), one)]
        seen += [
            tee.operate(sign, b"m", room=63),
            tee.verify(verify, b"m", bytes(63)),
            tee.verify(verify, b"m", bytes(65)),
        ]
        nowhere = tee.key(
            gp.TEE_TYPE_ED25519_PUBLIC_KEY, 256, [(gp.TEE_ATTR_ED25519_PUBLIC_VALUE, b"\2" + bytes(31))]
        )
        return [*seen, tee.verify(tee.operation(gp.TEE_ALG_ED25519, 3, nowhere), b"m", bytes(64))]

    both(script)


def test_sm2(both: Both) -> None:
    def script(tee: Tee) -> object:
        pairs = [
            tee.key(kind, 256, _SM2_KEY)
            for kind in (gp.TEE_TYPE_SM2_DSA_KEYPAIR, gp.TEE_TYPE_SM2_PKE_KEYPAIR)
        ]
        kinds = (gp.TEE_TYPE_SM2_DSA_PUBLIC_KEY, gp.TEE_TYPE_SM2_PKE_PUBLIC_KEY)
        publics = [tee.key(kind, 256, _SM2_KEY[1:]) for kind in kinds]
        sign, verify = (
            tee.operation(gp.TEE_ALG_SM2_DSA_SM3, mode, key) for mode, key in ((2, pairs[0]), (3, publics[0]))
        )
        seen: list[object] = []
        for length in (0, 20, 32, 40):
            code, told, made = tee.operate(sign, _MESSAGE[:length])
            seen += [code, told, tee.verify(verify, _MESSAGE[:length], made), tee.verify(verify, b"?", made)]
        seen += [
            tee.operate(sign, _MESSAGE[:32], room=63),
            tee.verify(verify, b"", bytes(63)),
            tee.verify(verify, b"", bytes(64)),
        ]
        encrypt = tee.operation(gp.TEE_ALG_SM2_PKE, 0, publics[1])
        decrypt = tee.operation(gp.TEE_ALG_SM2_PKE, 1, pairs[1])
        for length in (0, 1, 19, 100):
            code, told, made = tee.operate(encrypt, _MESSAGE[:length])
            seen += [code, told, tee.operate(decrypt, made), tee.operate(decrypt, made, room=10)]
            seen += [tee.operate(decrypt, made[:-1] + b"?")[0], tee.operate(decrypt, made[:90])[0]]
        seen += [tee.operate(encrypt, b"message", room=room)[:2] for room in (0, 64, 65, 103, 104)]
        return [*seen, *(tee.operate(decrypt, bytes([n]) + bytes(120))[0] for n in range(8))]

    both(script)


# ---- derivation


def _into(tee: Tee, bits: int = 4096, kind: int = gp.TEE_TYPE_GENERIC_SECRET) -> int:
    return tee.object(kind, bits)[1]


def _derived(tee: Tee, state: int, into: int, given: object) -> tuple[object, ...]:
    code = tee.derive(state, into, given)  # type: ignore[arg-type]
    return code, tee.info(into), tee.attribute(into, gp.TEE_ATTR_SECRET_VALUE)


def test_shared_secrets(both: Both) -> None:
    def script(tee: Tee) -> object:
        pair = {gp.TEE_ATTR_DH_PUBLIC_VALUE: 4, gp.TEE_ATTR_DH_PRIVATE_VALUE: 1000}
        dh = tee.operation(
            gp.TEE_ALG_DH_DERIVE_SHARED_SECRET, 6, tee.key(gp.TEE_TYPE_DH_KEYPAIR, 256, DH_256 | pair)
        )
        ecdh = tee.operation(
            gp.TEE_ALG_ECDH_DERIVE_SHARED_SECRET, 6, tee.key(gp.TEE_TYPE_ECDH_KEYPAIR, 256, _P256_KEY)
        )
        secret, public = gp.TEE_ATTR_X25519_PRIVATE_VALUE, gp.TEE_ATTR_X25519_PUBLIC_VALUE
        key = tee.key(gp.TEE_TYPE_X25519_KEYPAIR, 256, {secret: b"s" * 32, public: b"p" * 32})
        x25519 = tee.operation(gp.TEE_ALG_X25519, 6, key)
        value, small = gp.TEE_ATTR_DH_PUBLIC_VALUE, gp.TEE_TYPE_AES
        seen: list[object] = [
            _derived(tee, dh, _into(tee), given) for given in ({value: 7}, {value: 0}, {}, {_X: 7})
        ]
        seen += [_derived(tee, dh, _into(tee, 128, gp.TEE_TYPE_DES3), {value: 7})]
        seen += [_derived(tee, ecdh, _into(tee), point) for point in (_P256_KEY[1:3], _P256_KEY[2:0:-1], [])]
        seen += [
            _derived(tee, ecdh, _into(tee), {_X: 5, _Y: 7}),
            _derived(tee, ecdh, _into(tee, 128, small), _P256_KEY[1:3]),
        ]
        seen += [_derived(tee, ecdh, _into(tee, 64, gp.TEE_TYPE_DES), _P256_KEY[1:3])]
        for given in (
            {public: b"\x09" + bytes(31)},
            {public: bytes(32)},
            {public: bytes(31)},
            {secret: bytes(32)},
        ):
            seen.append(_derived(tee, x25519, _into(tee), given))
        return [*seen, _derived(tee, x25519, key, {public: bytes(32)}), tee.derive(x25519, 99, {})]

    both(script)


@pytest.mark.parametrize("digest", range(8))
def test_derivation_functions(both: Both, digest: int) -> None:
    """Each with each digest; sizes, and attributes that are missing or another's.

    Always of some secret: the real core halts over one of no bytes.
    """
    functions = (
        (
            0x800000C0,
            gp.TEE_TYPE_HKDF_IKM,
            gp.TEE_ATTR_HKDF_IKM,
            gp.TEE_ATTR_HKDF_OKM_LENGTH,
            gp.OPTEE_ATTR_HKDF_INFO,
        ),
        (
            *(0x800000C1, gp.TEE_TYPE_CONCAT_KDF_Z, gp.TEE_ATTR_CONCAT_KDF_Z),
            *(gp.TEE_ATTR_CONCAT_KDF_DKM_LENGTH, gp.TEE_ATTR_CONCAT_KDF_OTHER_INFO),
        ),
        (
            *(0x800000C2, gp.TEE_TYPE_PBKDF2_PASSWORD, gp.TEE_ATTR_PBKDF2_PASSWORD),
            *(gp.TEE_ATTR_PBKDF2_DKM_LENGTH, gp.TEE_ATTR_PBKDF2_SALT),
        ),
    )

    def script(tee: Tee) -> object:
        seen: list[object] = []
        for number, kind, name, length, text in functions:
            more = [(gp.TEE_ATTR_PBKDF2_ITERATION_COUNT, (3, 0))] if number == 0x800000C2 else []
            state = tee.operation(number | digest << 12, 6, tee.key(kind, 4096, {name: b"secret"}))
            for size in (0, 20, 100, 512, 513):
                seen.append(_derived(tee, state, _into(tee), [(length, (size, 0)), (text, b"text"), *more]))
            seen += [
                tee.derive(state, _into(tee), [(length, (9, 0))]),
                tee.derive(state, _into(tee), more),
            ]
            seen.append(tee.derive(state, _into(tee), [(length, (9, 0)), (_X, b"x"), *more]))
            seen.append(_derived(tee, state, _into(tee, 128, gp.TEE_TYPE_AES), [(length, (20, 0)), *more]))
            tee.close()
        return seen

    both(script)


def test_hkdf_of_the_standard(both: Both) -> None:
    size, salt, info = gp.TEE_ATTR_KDF_KEY_SIZE, gp.TEE_ATTR_HKDF_SALT, gp.TEE_ATTR_HKDF_INFO
    digest = gp.TEE_ATTR_HKDF_HASH_ALGORITHM

    def script(tee: Tee) -> object:
        key = tee.key(gp.TEE_TYPE_HKDF_IKM, 4096, {gp.TEE_ATTR_HKDF_IKM: b"secret"})
        state = tee.operation(gp.TEE_ALG_HKDF, 6, key)
        common = [(size, (40, 0)), (salt, b"salt"), (info, b"info")]
        seen = [_derived(tee, state, _into(tee), common), _derived(tee, state, _into(tee), common[1:])]
        for number in (
            gp.TEE_ALG_SHA256,
            gp.TEE_ALG_SHA512,
            gp.TEE_ALG_HMAC_SHA256,
            4,
            gp.TEE_ALG_SHAKE128,
            0,
        ):
            seen.append(_derived(tee, state, _into(tee), [*common, (digest, (number, 0))]))
        return seen

    both(script)


def test_sm2_key_exchange(both: Both) -> None:
    def script(tee: Tee) -> object:
        own, ephemeral = (tee.key(gp.TEE_TYPE_SM2_KEP_KEYPAIR, 256, _SM2_KEY) for _ in range(2))
        state = tee.operation(gp.TEE_ALG_SM2_KEP, 6, own, ephemeral)
        names = [(gp.TEE_ATTR_SM2_ID_INITIATOR, b"one"), (gp.TEE_ATTR_SM2_ID_RESPONDER, b"two")]
        points = [*_SM2_KEY[1:], (gp.TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_X, _SM2_KEY[1][1])]
        points += [(gp.TEE_ATTR_ECC_EPHEMERAL_PUBLIC_VALUE_Y, _SM2_KEY[2][1])]
        given = [(gp.TEE_ATTR_SM2_KEP_USER, (0, 0)), *names, *points]
        seen = [_derived(tee, state, _into(tee, bits), given) for bits in (128, 256, 512)]
        seen += [_derived(tee, state, _into(tee, 128), given[1:])]
        seen += [_derived(tee, state, _into(tee, 128), [(gp.TEE_ATTR_SM2_KEP_USER, (1, 0)), *given[1:]])]
        for more in (
            (gp.TEE_ATTR_SM2_KEP_CONFIRMATION_IN, bytes(32)),
            (gp.TEE_ATTR_SM2_KEP_CONFIRMATION_OUT, bytes(31)),
        ):
            seen.append(_derived(tee, state, _into(tee, 128), [*given, more]))
        out = [*given, (gp.TEE_ATTR_SM2_KEP_CONFIRMATION_OUT, bytes(32))]
        code = tee.derive(state, _into(tee, 128), out)
        return [*seen, code, tee.contents()]

    both(script)
