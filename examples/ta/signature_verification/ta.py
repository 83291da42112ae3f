# SPDX-License-Identifier: BSD-2-Clause
"""ECDSA on P-256 with SHA-256; the pair is made once for the device."""

from proto import PUBLIC, SIGN, UUID, VERIFY

from elfhaven.abi import gp_crypto as gp
from elfhaven.ta import (
    Attribute,
    Digest,
    ItemNotFound,
    MemrefOutput,
    PersistentObject,
    Signature,
    TransientObject,
    TrustedApplication,
    command,
)

NAME = b"pair"


def digest(message: bytes) -> bytes:
    with Digest(gp.TEE_ALG_SHA256) as running:
        return running.finish(message)


class SignatureVerification(TrustedApplication):
    uuid = UUID

    def create(self) -> None:
        try:
            self.pair = PersistentObject.open(NAME)
        except ItemNotFound:
            with TransientObject(gp.TEE_TYPE_ECDSA_KEYPAIR, 256) as made:
                made.generate(256, Attribute.value(gp.TEE_ATTR_ECC_CURVE, gp.TEE_ECC_CURVE_NIST_P256))
                self.pair = PersistentObject.create(NAME, attributes=made)

    @command(PUBLIC)
    def public(self, out: MemrefOutput) -> None:
        ids = gp.TEE_ATTR_ECC_PUBLIC_VALUE_X, gp.TEE_ATTR_ECC_PUBLIC_VALUE_Y
        out.write(b"".join(self.pair.attribute(id).rjust(32, b"\0") for id in ids))

    @command(SIGN)
    def sign(self, message: bytes, out: MemrefOutput) -> None:
        with Signature(gp.TEE_ALG_ECDSA_SHA256, True, self.pair) as signing:
            out.write(signing.sign(digest(message)))

    @command(VERIFY)
    def verify(self, message: bytes, signature: bytes) -> None:
        with Signature(gp.TEE_ALG_ECDSA_SHA256, False, self.pair) as verifying:
            verifying.verify(digest(message), signature)
