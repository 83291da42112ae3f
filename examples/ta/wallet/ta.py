# SPDX-License-Identifier: BSD-2-Clause
"""Keeps a seed, and signs with the keys that grow from it."""

import curve
from proto import ADDRESS, FORGET, IMPORT, PUBLIC, SIGN, UUID
from tree import Node

from elfhaven.abi import gp_crypto as gp
from elfhaven.ta import (
    Access,
    BadParameters,
    Mac,
    MemrefOutput,
    PersistentObject,
    TransientObject,
    TrustedApplication,
    ValueInput,
    command,
)

SEED = b"seed"
DEEPEST = 16  # steps of a path
LEAST, MOST = 16, 64  # bytes of a seed
KEY_MIN = 32  # bytes of a key that the TEE's HMACs take; zeros behind a shorter one do not change the HMAC


def hmac(algorithm: int, kind: int, key: bytes, message: bytes) -> bytes:
    with TransientObject.secret(kind, key.ljust(KEY_MIN, b"\0")) as secret, Mac(algorithm, secret) as mac:
        return mac.compute(message)


def hmac_sha512(key: bytes, message: bytes) -> bytes:
    return hmac(gp.TEE_ALG_HMAC_SHA512, gp.TEE_TYPE_HMAC_SHA512, key, message)


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac(gp.TEE_ALG_HMAC_SHA256, gp.TEE_TYPE_HMAC_SHA256, key, message)


class Wallet(TrustedApplication):
    uuid = UUID

    @command(IMPORT)
    def import_seed(self, seed: bytes) -> None:
        """AccessConflict where there is a seed."""
        if not LEAST <= len(seed) <= MOST:
            raise BadParameters(f"a seed has {LEAST} to {MOST} bytes")
        PersistentObject.create(SEED, seed).close()

    @command(FORGET)
    def forget(self) -> None:
        PersistentObject.open(SEED, Access.WRITE_META).delete()

    def _node(self, path: bytes) -> Node:
        if len(path) % 4 or len(path) > 4 * DEEPEST:
            raise BadParameters(f"a path has up to {DEEPEST} steps of 4 bytes")
        with PersistentObject.open(SEED) as found:
            return Node.root(found.read(), hmac_sha512).at(path, hmac_sha512)

    @command(ADDRESS)
    def address(self, path: bytes, out: MemrefOutput) -> None:
        out.write(curve.address(self._node(path).secret))

    @command(PUBLIC)
    def public(self, path: bytes, out: MemrefOutput) -> None:
        out.write(self._node(path).public())

    @command(SIGN)
    def sign(self, path: bytes, transaction: bytes, chain: ValueInput, out: MemrefOutput) -> None:
        """v is of EIP-155."""
        secret, digest = self._node(path).secret, curve.keccak(transaction)
        r, s, parity = curve.sign(secret, digest, curve.nonce(secret, digest, hmac_sha256))
        v = 35 + 2 * chain.a + parity
        out.write(r.to_bytes(32, "big") + s.to_bytes(32, "big") + v.to_bytes(4, "little"))
