# SPDX-License-Identifier: BSD-2-Clause
"""Digests, MACs and key derivation against published vectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import TEE_ERROR_BAD_STATE
from elfhaven.secure.crypto import algorithms, kdf
from elfhaven.secure.crypto.blocks import Block, Cbc
from elfhaven.secure.crypto.digests import Shake, digest, new_digest, new_hmac
from elfhaven.secure.crypto.macs import new_mac
from elfhaven.secure.result import TeeResult

from .vectors import records

_DIGESTS = {
    1: "MD5/rfc-1321.txt",
    2: "SHA1/SHA1ShortMsg.rsp",
    3: "SHA2/SHA224ShortMsg.rsp",
    4: "SHA2/SHA256LongMsg.rsp",
    5: "SHA2/SHA384ShortMsg.rsp",
    6: "SHA2/SHA512ShortMsg.rsp",
    7: "SM3/oscca.txt",
    8: "SHA3/SHA3_224ShortMsg.rsp",
    9: "SHA3/SHA3_256ShortMsg.rsp",
    10: "SHA3/SHA3_384ShortMsg.rsp",
    11: "SHA3/SHA3_512LongMsg.rsp",
}


@pytest.mark.parametrize("main", _DIGESTS)
def test_digest(main: int) -> None:
    seen = 0
    for vector in records(f"hashes/{_DIGESTS[main]}", "MD"):
        message = bytes.fromhex(vector["msg"])[: int(vector["len"]) // 8]
        assert digest(main, message) == bytes.fromhex(vector["md"])
        seen += 1
    assert seen > 5


@pytest.mark.parametrize("bits", [128, 256])
def test_shake(bits: int) -> None:
    seen = 0
    for vector in records(f"hashes/SHAKE/SHAKE{bits}VariableOut.rsp", "Output", every=5):
        running = Shake(bits)
        running.update(bytes.fromhex(vector["msg"]))
        wanted = bytes.fromhex(vector["output"])
        assert running.copy().read(len(wanted)) == wanted
        assert b"".join(running.read(n) for n in (1, 0, len(wanted) - 1)) == wanted
        seen += 1
    assert seen > 100


@pytest.mark.parametrize(
    "main, name",
    [(1, "2202-md5"), (2, "2202-sha1"), (3, "4231-sha224"), (4, "4231-sha256"), (6, "4231-sha512")],
)
def test_hmac(main: int, name: str) -> None:
    seen = 0
    for vector in records(f"HMAC/rfc-{name}.txt", "MD"):
        running = new_hmac(main, bytes.fromhex(vector["key"]))
        running.update(bytes.fromhex(vector["msg"]))
        assert running.digest().startswith(bytes.fromhex(vector["md"]))  # some of them are cut
        seen += 1
    assert seen > 5


def test_hmac_of_sm3() -> None:
    """GM/T 0042-2015, clause D.3."""
    key = bytes(range(1, 33))
    message = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2
    running = new_hmac(algorithms.SM3, key)
    running.update(message)
    assert running.digest().hex() == "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_cmac_of_aes(bits: int) -> None:
    for vector in records(f"CMAC/nist-800-38b-aes{bits}.txt", "OUTPUT"):
        running = new_mac(gp.TEE_ALG_AES_CMAC, bytes.fromhex(vector["key"]))
        running.update(bytes.fromhex(vector["message"]))
        assert running.digest() == bytes.fromhex(vector["output"])


def test_cmac_of_3des() -> None:
    for vector in records("CMAC/nist-800-38b-3des.txt", "OUTPUT"):
        key = bytes.fromhex("".join(vector[f"key{n}"] for n in (1, 2, 3)))
        running = new_mac(gp.TEE_ALG_DES3_CMAC, key)
        running.update(bytes.fromhex(vector["message"]))
        assert running.digest() == bytes.fromhex(vector["output"])


@given(st.lists(st.binary(max_size=70), max_size=8), st.booleans())
def test_cbc_mac_is_the_last_block_of_cbc(pieces: list[bytes], padded: bool) -> None:
    key, whole = b"0123456789abcdef", b"".join(pieces)
    running = new_mac(gp.TEE_ALG_AES_CBC_MAC_PKCS5 if padded else gp.TEE_ALG_AES_CBC_MAC_NOPAD, key)
    for piece in pieces:
        running.update(piece)
        running = running.copy()  # type: ignore[attr-defined]
    if padded:
        missing = 16 - len(whole) % 16
        whole += bytes([missing]) * missing
    if not whole or len(whole) % 16:
        with pytest.raises(TeeResult) as caught:
            running.digest()
        assert caught.value.code == TEE_ERROR_BAD_STATE
    else:
        assert running.digest() == Cbc(Block(algorithms.AES, key), bytes(16), True).update(whole)[-16:]


@given(st.sampled_from((*_DIGESTS, algorithms.SHAKE128)), st.binary(max_size=300), st.integers(0, 300))
def test_a_copy_goes_its_own_way(main: int, message: bytes, at: int) -> None:
    one = new_digest(main)
    one.update(message[:at])
    two = one.copy()  # type: ignore[attr-defined]
    one.update(b"other")
    two.update(message[at:])
    if isinstance(two, Shake):
        whole = new_digest(main)
        whole.update(message)
        assert isinstance(whole, Shake)
        assert two.read(40) == whole.read(40)
    else:
        assert two.digest() == digest(main, message)
        assert one.digest() == digest(main, message[:at], b"other")


@pytest.mark.parametrize("main, name", [(2, "SHA1"), (4, "SHA256")])
def test_hkdf(main: int, name: str) -> None:
    seen = 0
    for vector in records(f"KDF/rfc-5869-HKDF-{name}.txt", "OKM"):
        secret, salt, info = (bytes.fromhex(vector.get(part, "")) for part in ("ikm", "salt", "info"))
        wanted = bytes.fromhex(vector["okm"])
        assert kdf.hkdf(main, secret, salt, info, int(vector["l"])) == wanted
        seen += 1
    assert seen > 2


def test_pbkdf2() -> None:
    for vector in records("KDF/rfc-6070-PBKDF2-SHA1.txt", "DERIVED_KEY"):
        password, salt = (vector[name].replace("\\0", "\0").encode() for name in ("password", "salt"))
        if int(vector["iterations"]) > 100_000:
            continue
        made = kdf.pbkdf2(2, password, salt, int(vector["iterations"]), int(vector["length"]))
        assert made == bytes.fromhex(vector["derived_key"])


def test_concat_kdf() -> None:
    """One block and a part of the next are what the two digests are, cut."""
    secret, info = b"z" * 32, b"other"
    blocks = [digest(4, n.to_bytes(4, "big"), secret, info) for n in (1, 2)]
    assert kdf.concat(4, secret, info, 50) == b"".join(blocks)[:50]
    assert kdf.concat(4, secret, info, 0) == b""
