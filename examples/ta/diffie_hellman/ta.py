# SPDX-License-Identifier: BSD-2-Clause
"""X25519, then HMAC-SHA256 under what came of it."""

from proto import EXCHANGE, PROVE, UUID

from elfhaven.abi import gp_crypto as gp
from elfhaven.ta import (
    Attribute,
    BadState,
    KeyDerivation,
    Mac,
    MemrefOutput,
    Session,
    TransientObject,
    TrustedApplication,
    command,
)


class DiffieHellman(TrustedApplication):
    uuid = UUID

    @command(EXCHANGE)
    def exchange(self, session: Session, theirs: bytes, ours: MemrefOutput) -> None:
        with (
            TransientObject(gp.TEE_TYPE_X25519_KEYPAIR, 256) as pair,
            TransientObject(gp.TEE_TYPE_GENERIC_SECRET, 256) as secret,
        ):
            pair.generate(256)
            with KeyDerivation(gp.TEE_ALG_X25519, pair) as derivation:
                derivation.derive(secret, Attribute.ref(gp.TEE_ATTR_X25519_PUBLIC_VALUE, theirs))
            ours.write(pair.attribute(gp.TEE_ATTR_X25519_PUBLIC_VALUE))
            session.state = secret.attribute(gp.TEE_ATTR_SECRET_VALUE)

    @command(PROVE)
    def prove(self, session: Session, message: bytes, out: MemrefOutput) -> None:
        if session.state is None:
            raise BadState("there is no secret yet")
        with (
            TransientObject.secret(gp.TEE_TYPE_HMAC_SHA256, session.state) as key,
            Mac(gp.TEE_ALG_HMAC_SHA256, key) as mac,
        ):
            out.write(mac.compute(message))
