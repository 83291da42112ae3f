# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of cryptography share: keys, algorithms, and a script that is played on both."""

from __future__ import annotations

from collections.abc import Callable

from elfhaven.abi import gp_crypto as gp
from tests.unit.secure.crypto.tee import Tee
from tests.unit.secure.probe import PRIVATE, SHARED, Probe

from .places import ProbeSession

Script = Callable[[Tee], object]
Both = Callable[[Script], object]
_STAGE = 49152
MODULUS, EXPONENT = gp.TEE_ATTR_RSA_MODULUS, gp.TEE_ATTR_RSA_PUBLIC_EXPONENT
CURVE, X, Y = gp.TEE_ATTR_ECC_CURVE, gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y
ALGORITHMS = sorted(value for name, value in vars(gp).items() if name.startswith("TEE_ALG_"))
PUBLIC = [(MODULUS, b"\x91" * 128), (EXPONENT, b"\1\0\1")]
SECRETS = [(gp.TEE_ATTR_SECRET_VALUE, bytes(32))]
MESSAGE = bytes(range(256)) * 2


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
_D256 = 0x519B423D715F8B581F4FA8EE59F4771A5B44C8130B4E3EACCA54A56DDA72B464
P256_KEY = [
    (gp.TEE_ATTR_ECC_PRIVATE_VALUE, _D256),
    (X, 0x1CCBE91C075FC7F4F033BFA248DB8FCCD3565DE94BBFB12F3C59FF46C271BF83),
    (Y, 0xCE4014C68811F9A21A1FDB2C0E6113E06DB7CA93B7404E78DC7CCD5CA89A4CA9),
    (CURVE, (3, 0)),
]
SM2_KEY = [
    (gp.TEE_ATTR_ECC_PRIVATE_VALUE, 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8),
    (X, 0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020),
    (Y, 0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13),
]
ED25519_KEY = [
    (
        gp.TEE_ATTR_ED25519_PRIVATE_VALUE,
        bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
    ),
    (
        gp.TEE_ATTR_ED25519_PUBLIC_VALUE,
        bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
    ),
]


class CryptoSession(ProbeSession):
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


def secret_of(bits: int) -> dict[int, bytes]:
    return {gp.TEE_ATTR_SECRET_VALUE: bytes(range(1, bits // 8 + 1))}
