# SPDX-License-Identifier: BSD-2-Clause
"""Agrees with the TA on a secret, and checks that both have the same."""

import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from proto import EXCHANGE, PROVE, UUID
from ta import DiffieHellman

from elfhaven.client import Context, MemRef, Session


def agree(session: Session) -> bytes:
    own = X25519PrivateKey.generate()
    public = MemRef.input(own.public_key().public_bytes_raw())
    theirs = session.invoke(EXCHANGE, public, MemRef.output(32))[1]
    return own.exchange(X25519PublicKey.from_public_bytes(theirs))


if __name__ == "__main__":
    with Context(tas=[DiffieHellman]) as tee, tee.open_session(UUID) as session:
        secret = agree(session)
        proof = session.invoke(PROVE, MemRef.input(b"hello"), MemRef.output(32))[1]
        print("same secret:", hmac.compare_digest(proof, hmac.digest(secret, b"hello", "sha256")))
