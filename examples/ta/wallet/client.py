# SPDX-License-Identifier: BSD-2-Clause
"""Imports a seed that everyone knows, shows its first addresses and signs a transaction."""

import hashlib
import tempfile

from Cryptodome.Hash import keccak
from proto import ADDRESS, IMPORT, SIGN, UUID, path
from ta import Wallet

from elfhaven.client import Context, MemRef, Session, Value

WORDS = "test test test test test test test test test test test junk"


def seed(words: str, password: str = "") -> bytes:
    """BIP-39: the seed of a list of words."""
    return hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic" + password.encode(), 2048)


def rlp(value: object) -> bytes:
    """Ethereum's encoding of bytes, numbers and lists of them."""
    if isinstance(value, list):
        return _with_size(b"".join(map(rlp, value)), 0xC0)
    data = value.to_bytes((value.bit_length() + 7) // 8, "big") if isinstance(value, int) else value
    return data if len(data) == 1 and data[0] < 0x80 else _with_size(data, 0x80)


def _with_size(data: bytes, base: int) -> bytes:
    if len(data) < 56:
        return bytes([base + len(data)]) + data
    size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + data


def shown(address: bytes) -> str:
    """EIP-55: the letters' case is a checksum."""
    digits = address.hex()
    marks = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "0x" + "".join(d.upper() if int(m, 16) > 7 else d for d, m in zip(digits, marks, strict=False))


def address(session: Session, at: str) -> str:
    return shown(session.invoke(ADDRESS, MemRef.input(path(at)), MemRef.output(20))[1])


def signed(session: Session, at: str, fields: list[object], chain: int) -> bytes:
    """A transaction of before EIP-1559: [nonce, gas price, gas, to, value, data]."""
    unsigned = MemRef.input(rlp([*fields, chain, 0, 0]))
    made = session.invoke(SIGN, MemRef.input(path(at)), unsigned, Value(chain), MemRef.output(68))[3]
    r, s, v = (int.from_bytes(made[:32], "big"), int.from_bytes(made[32:64], "big"), made[64:])
    return rlp([*fields, int.from_bytes(v, "little"), r, s])


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as device,  # a fresh one: it takes one seed
        Context(tas=[Wallet], state=device) as tee,
        tee.open_session(UUID) as session,
    ):
        session.invoke(IMPORT, MemRef.input(seed(WORDS)))
        for number in range(3):
            print(address(session, f"m/44'/60'/0'/0/{number}"))
        print(signed(session, "m/44'/60'/0'/0/0", [0, 10**9, 21000, bytes(20), 1, b""], 1).hex())
