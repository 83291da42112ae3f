# SPDX-License-Identifier: BSD-2-Clause
"""The tree of keys from a seed (BIP-32)."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from Cryptodome.Hash import RIPEMD160, SHA256
from curve import ORDER, compressed
from proto import HARDENED

VERSION = bytes.fromhex("0488b21e")  # of an extended public key
Hmac = Callable[[bytes, bytes], bytes]


@dataclass(frozen=True)
class Node:
    """One key of the tree. Keys of which the standard says that they cannot be are met once in 2^127."""

    secret: int
    chain: bytes
    depth: int = 0
    parent: bytes = bytes(4)
    number: int = 0

    @classmethod
    def root(cls, seed: bytes, hmac: Hmac) -> "Node":
        made = hmac(b"Bitcoin seed", seed)
        return cls(int.from_bytes(made[:32], "big"), made[32:])

    def child(self, number: int, hmac: Hmac) -> "Node":
        own = b"\0" + self.secret.to_bytes(32, "big") if number & HARDENED else compressed(self.secret)
        made = hmac(self.chain, own + number.to_bytes(4, "big"))
        secret = (int.from_bytes(made[:32], "big") + self.secret) % ORDER
        return Node(secret, made[32:], self.depth + 1, self.fingerprint, number)

    def at(self, path: bytes, hmac: Hmac) -> "Node":
        found = self
        for (number,) in struct.iter_unpack("<I", path):
            found = found.child(number, hmac)
        return found

    @property
    def fingerprint(self) -> bytes:
        return RIPEMD160.new(SHA256.new(compressed(self.secret)).digest()).digest()[:4]

    def public(self) -> bytes:
        """The extended public key, without its checksum."""
        head = VERSION + bytes([self.depth]) + self.parent + self.number.to_bytes(4, "big")
        return head + self.chain + compressed(self.secret)
