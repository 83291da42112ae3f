# SPDX-License-Identifier: BSD-2-Clause
"""The published vectors of BIP-32, EIP-55, EIP-155 and RFC 6979, and what a wallet refuses."""

import hashlib
import hmac

import curve
import pytest
from client import WORDS, address, rlp, seed, shown, signed
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from proto import ADDRESS, FORGET, IMPORT, PUBLIC, path

from elfhaven.client import AccessConflict, BadParameters, ItemNotFound, MemRef

DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BIP32 = {
    "m": "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",  # noqa: E501
    "m/0'": "xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw",  # noqa: E501
    "m/0'/1/2'/2/1000000000": "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy",  # noqa: E501
}
FIRST = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"  # of WORDS


def base58(data: bytes) -> str:
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = DIGITS[digit] + text
    return text


def take(session, given: bytes):
    session.invoke(IMPORT, MemRef.input(given))


def test_bip32(session):
    take(session, bytes(range(16)))
    for at, public in BIP32.items():
        assert base58(session.invoke(PUBLIC, MemRef.input(path(at)), MemRef.output(78))[1]) == public


def test_addresses(session):
    take(session, seed(WORDS))
    assert address(session, "m/44'/60'/0'/0/0") == FIRST
    for text in ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"):
        assert shown(bytes.fromhex(text[2:])) == text


def mac(key, message):
    return hmac.digest(key, message, "sha256")


def test_eip155():
    """The transaction of the standard, signed with its key."""
    secret = int.from_bytes(b"\x46" * 32, "big")
    fields = [9, 20 * 10**9, 21000, b"\x35" * 20, 10**18, b""]
    digest = curve.keccak(rlp([*fields, 1, 0, 0]))
    assert digest.hex() == "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
    r, s, parity = curve.sign(secret, digest, curve.nonce(secret, digest, mac))
    assert f"{r:064x}" == "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
    assert f"{s:064x}" == "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    assert 35 + 2 * 1 + parity == 37
    assert curve.address(secret).hex() == "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"


def test_rlp():
    """Examples of the specification."""
    assert rlp([b"cat", b"dog"]).hex() == "c88363617483646f67"
    assert (rlp(b""), rlp([]), rlp(0), rlp(15), rlp(1024)) == (
        b"\x80",
        b"\xc0",
        b"\x80",
        b"\x0f",
        b"\x82\4\0",
    )
    long = b"Lorem ipsum dolor sit amet, consectetur adipisicing elit"
    assert rlp(long) == b"\xb8\x38" + long


def test_a_signature_holds(session):
    take(session, seed(WORDS))
    fields = [1, 10**9, 21000, b"\x11" * 20, 5, b"data"]
    made = signed(session, "m/44'/60'/0'/0/0", fields, 1)
    assert made == signed(session, "m/44'/60'/0'/0/0", fields, 1)  # RFC 6979: no randomness
    assert made != signed(session, "m/44'/60'/0'/0/1", fields, 1)
    r, s = (int.from_bytes(part, "big") for part in (made[-65:-33], made[-32:]))
    assert s <= curve.ORDER // 2
    public = session.invoke(PUBLIC, MemRef.input(path("m/44'/60'/0'/0/0")), MemRef.output(78))[1][-33:]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), public)
    digest = curve.keccak(rlp([*fields, 1, 0, 0]))
    key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(SHA256())))


def test_one_seed(session):
    with pytest.raises(ItemNotFound):
        address(session, "m/0")
    for wrong in (bytes(15), bytes(65)):
        with pytest.raises(BadParameters):
            take(session, wrong)
    take(session, bytes(16))
    with pytest.raises(AccessConflict):
        take(session, bytes(16))
    for wrong in (b"abc", bytes(4 * 17)):
        with pytest.raises(BadParameters):
            session.invoke(ADDRESS, MemRef.input(wrong), MemRef.output(20))
    session.invoke(FORGET)
    take(session, bytes(32))
