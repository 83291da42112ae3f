# SPDX-License-Identifier: BSD-2-Clause
"""Ciphers and authenticated encryption against published vectors, in one piece and in many."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfhaven.abi import gp_crypto as gp
from elfhaven.abi.gp import (
    TEE_ERROR_BAD_PARAMETERS,
    TEE_ERROR_BAD_STATE,
    TEE_ERROR_MAC_INVALID,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_SHORT_BUFFER,
)
from elfhaven.secure.crypto.authenticated import Authenticated, new_authenticated
from elfhaven.secure.crypto.ciphers import check_length, new_stream
from elfhaven.secure.result import TeeResult

from .vectors import Record, records

_AES = [f"{kind}{bits}" for kind in ("GFSbox", "KeySbox", "VarKey", "VarTxt") for bits in (128, 192, 256)]


def _both_ways(algorithm: int, vector: Record, text: str = "plaintext", cipher: str = "ciphertext") -> None:
    key, plain = bytes.fromhex(vector["key"]), bytes.fromhex(vector[text])
    iv, wanted = bytes.fromhex(vector.get("iv", "")), bytes.fromhex(vector[cipher])
    assert new_stream(algorithm, True, key, b"", iv).update(plain, True) == wanted
    assert new_stream(algorithm, False, key, b"", iv).update(wanted, True) == plain


@pytest.mark.parametrize("name", _AES)
def test_aes(name: str) -> None:
    for mode, algorithm in (("ECB", gp.TEE_ALG_AES_ECB_NOPAD), ("CBC", gp.TEE_ALG_AES_CBC_NOPAD)):
        found = [
            vector
            for vector in records(f"ciphers/AES/{mode}/{mode}{name}.rsp", "CIPHERTEXT", every=7)
            if "decrypt" not in vector
        ]
        assert found
        for vector in found:
            _both_ways(algorithm, vector)


def test_aes_ctr() -> None:
    for bits in (128, 192, 256):
        for vector in records(f"ciphers/AES/CTR/aes-{bits}-ctr.txt", "CIPHERTEXT"):
            _both_ways(gp.TEE_ALG_AES_CTR, vector)


@pytest.mark.parametrize(
    "name, algorithm",
    [("ecb", gp.TEE_ALG_SM4_ECB_NOPAD), ("cbc", gp.TEE_ALG_SM4_CBC_NOPAD), ("ctr", gp.TEE_ALG_SM4_CTR)],
)
def test_sm4(name: str, algorithm: int) -> None:
    for vector in records(f"ciphers/SM4/draft-ribose-cfrg-sm4-10-{name}.txt", "CIPHERTEXT"):
        _both_ways(algorithm, vector)


def test_des() -> None:
    """FIPS 81, appendix B and C."""
    key = bytes.fromhex("0123456789abcdef")
    ecb = new_stream(gp.TEE_ALG_DES_ECB_NOPAD, True, key, b"", b"")
    assert ecb.update(b"Now is the time for all ", True).hex() == (
        "3fa40e8a984d48156a271787ab8883f9893d51ec4b563b53"
    )
    cbc = new_stream(gp.TEE_ALG_DES_CBC_NOPAD, True, key, b"", bytes.fromhex("1234567890abcdef"))
    assert cbc.update(b"Now is the time for all ", True).hex() == (
        "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6"
    )


@pytest.mark.parametrize("mode", ["ECB", "CBC"])
def test_3des(mode: str) -> None:
    algorithm = gp.TEE_ALG_DES3_ECB_NOPAD if mode == "ECB" else gp.TEE_ALG_DES3_CBC_NOPAD
    seen = 0
    for vector in records(f"ciphers/3DES/{mode}/T{mode}MMT3.rsp", "CIPHERTEXT"):
        if "decrypt" in vector:
            break
        key = "".join(vector[f"key{n}"] for n in (1, 2, 3))
        _both_ways(algorithm, vector | {"key": key})
        seen += 1
    assert seen > 5


def test_two_keys_are_the_first_again() -> None:
    one, two = b"firstkey", b"otherkey"
    short = new_stream(gp.TEE_ALG_DES3_ECB_NOPAD, True, one + two, b"", b"")
    long = new_stream(gp.TEE_ALG_DES3_ECB_NOPAD, True, one + two + one, b"", b"")
    assert short.update(b"12345678", True) == long.update(b"12345678", True)


@pytest.mark.parametrize("bits", [128, 256])
def test_xts(bits: int) -> None:
    seen = 0
    for vector in records(f"ciphers/AES/XTS/tweak-128hexstr/XTSGenAES{bits}.rsp", "CT", every=3):
        if int(vector["dataunitlen"]) % 8:
            continue  # whole bytes only
        if "decrypt" in vector:
            break
        key, tweak = bytes.fromhex(vector["key"]), bytes.fromhex(vector["i"])
        plain, wanted = bytes.fromhex(vector["pt"]), bytes.fromhex(vector["ct"])
        halves = key[: len(key) // 2], key[len(key) // 2 :]
        assert new_stream(gp.TEE_ALG_AES_XTS, True, *halves, tweak).update(plain, True) == wanted
        assert new_stream(gp.TEE_ALG_AES_XTS, False, *halves, tweak).update(wanted, True) == plain
        seen += 1
    assert seen > 90


def test_cts() -> None:
    """RFC 3962, appendix B."""
    key, iv = b"chicken teriyaki", bytes(16)
    whole = b"I would like the General Gau's Chicken, please, and wonton soup."
    wanted = {
        17: "c6353568f2bf8cb4d8a580362da7ff7f97",
        31: "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5",
        32: "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584",
        48: "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd8"
        "39312523a78662d5be7fcbcc98ebf5a8",
        64: "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a8"
        "4807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8",
    }
    for size, cipher in wanted.items():
        plain = whole[:size]
        assert new_stream(gp.TEE_ALG_AES_CTS, True, key, b"", iv).update(plain, True).hex() == cipher
        found = new_stream(gp.TEE_ALG_AES_CTS, False, key, b"", iv).update(bytes.fromhex(cipher), True)
        assert found == plain


_STREAMS = {
    gp.TEE_ALG_AES_ECB_NOPAD: (16, 16),
    gp.TEE_ALG_AES_CBC_NOPAD: (16, 16),
    gp.TEE_ALG_AES_CTR: (16, 1),
    gp.TEE_ALG_AES_CTS: (16, 1),
    gp.TEE_ALG_AES_XTS: (16, 1),
    gp.TEE_ALG_DES_CBC_NOPAD: (8, 8),
    gp.TEE_ALG_DES3_CBC_NOPAD: (24, 8),
    gp.TEE_ALG_SM4_CBC_NOPAD: (16, 16),
    gp.TEE_ALG_SM4_CTR: (16, 16),
    gp.TEE_ALG_SM4_XTS: (16, 1),
}


@given(
    st.sampled_from(sorted(_STREAMS)),
    st.booleans(),
    st.lists(st.integers(1, 5), max_size=5),
    st.integers(17, 90),
)
def test_pieces_and_copies_give_what_one_piece_gives(
    algorithm: int, encrypting: bool, blocks: list[int], rest: int
) -> None:
    size, grain = _STREAMS[algorithm]
    key, key2, iv = b"k" * (size - 1) + b"2", b"t" * size, b"i" * (8 if grain == 8 else 16)
    iv = b"" if algorithm == gp.TEE_ALG_AES_ECB_NOPAD else iv
    pieces = [bytes([n]) * 16 * n for n in blocks] + [b"r" * (rest - rest % grain)]
    running = new_stream(algorithm, encrypting, key, key2, iv)
    out = b""
    for piece in pieces[:-1]:
        left = running.copy()
        out += running.update(piece, False)
        assert left.update(piece, False)
        running = running.copy()
    out += running.update(pieces[-1], True)
    assert out == new_stream(algorithm, encrypting, key, key2, iv).update(b"".join(pieces), True)
    back = new_stream(algorithm, not encrypting, key, key2, iv).update(out, True)
    assert back == b"".join(pieces)


def _code(action: object) -> int:
    with pytest.raises(TeeResult) as caught:
        action()  # type: ignore[operator]
    return caught.value.code


def test_lengths_that_a_cipher_does_not_take() -> None:
    assert _code(lambda: check_length(gp.TEE_ALG_AES_CBC_NOPAD, 15, True)) == TEE_ERROR_BAD_PARAMETERS
    assert _code(lambda: check_length(gp.TEE_ALG_AES_XTS, 15, False)) == TEE_ERROR_BAD_PARAMETERS
    assert _code(lambda: check_length(gp.TEE_ALG_SM4_CTR, 15, True)) == TEE_ERROR_NOT_SUPPORTED
    check_length(gp.TEE_ALG_AES_CTR, 15, False)
    check_length(gp.TEE_ALG_AES_CTS, 17, True)
    cts = new_stream(gp.TEE_ALG_AES_CTS, True, bytes(16), b"", bytes(16))
    assert _code(lambda: cts.update(bytes(16), True)) == TEE_ERROR_BAD_STATE
    xts = new_stream(gp.TEE_ALG_AES_XTS, True, bytes(16), bytes(16), bytes(16))
    assert _code(lambda: xts.update(bytes(8), True)) == TEE_ERROR_BAD_STATE


def test_ivs_and_keys_of_wrong_sizes() -> None:
    cbc = gp.TEE_ALG_AES_CBC_NOPAD
    assert _code(lambda: new_stream(cbc, True, bytes(16), b"", bytes(8))) == TEE_ERROR_BAD_PARAMETERS
    assert _code(lambda: new_stream(cbc, True, bytes(20), b"", bytes(16))) == TEE_ERROR_BAD_STATE
    xts = gp.TEE_ALG_AES_XTS
    assert _code(lambda: new_stream(xts, True, bytes(16), bytes(32), bytes(16))) == TEE_ERROR_BAD_PARAMETERS


# ---- authenticated encryption


def _open(algorithm: int, encrypting: bool, vector: Record, tag: int, aad: bytes, size: int) -> Authenticated:
    nonce = bytes.fromhex(vector.get("iv") or vector["nonce"])
    key = bytes.fromhex(vector["key"])
    return new_authenticated(algorithm, encrypting, key, nonce, tag, len(aad), size)


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_gcm(bits: int) -> None:
    seen = 0
    for vector in records(f"ciphers/AES/GCM/gcmEncryptExtIV{bits}.rsp", "Tag", every=60):
        plain, aad, cipher, tag = (bytes.fromhex(vector[name]) for name in ("pt", "aad", "ct", "tag"))
        running = _open(gp.TEE_ALG_AES_GCM, True, vector, len(tag), aad, len(plain))
        running.update_aad(aad)
        assert running.finish_encryption(plain, 16) == (cipher, tag)
        running = _open(gp.TEE_ALG_AES_GCM, False, vector, len(tag), aad, len(plain))
        running.update_aad(aad)
        assert running.finish_decryption(cipher, tag) == plain
        seen += 1
    assert seen > 100


@pytest.mark.parametrize("name", ["VADT128", "VADT256", "VNT128", "VPT192", "VTT128"])
def test_ccm(name: str) -> None:
    seen = 0
    for vector in records(f"ciphers/AES/CCM/{name}.rsp", "CT", every=4):
        size, length, tag = (int(vector[part]) for part in ("plen", "alen", "tlen"))
        plain = bytes.fromhex(vector["payload"])[:size]
        aad, wanted = bytes.fromhex(vector["adata"])[:length], bytes.fromhex(vector["ct"])
        running = _open(gp.TEE_ALG_AES_CCM, True, vector, tag, aad, size)
        if aad:
            running.update_aad(aad)
        cipher, found = running.finish_encryption(plain, 16)
        assert cipher + found == wanted
        running = _open(gp.TEE_ALG_AES_CCM, False, vector, tag, aad, size)
        if aad:
            running.update_aad(aad)
        assert running.finish_decryption(cipher, found) == plain
        seen += 1
    assert seen > 10


def test_ccm_refuses_what_nist_calls_a_failure() -> None:
    for vector in records("ciphers/AES/CCM/DVPT128.rsp", "Result", every=3):
        size, length, tag = (int(vector[part]) for part in ("plen", "alen", "tlen"))
        data, aad = bytes.fromhex(vector["ct"]), bytes.fromhex(vector["adata"])[:length]
        running = _open(gp.TEE_ALG_AES_CCM, False, vector, tag, aad, size)
        if aad:
            running.update_aad(aad)
        if vector["result"].startswith("Pass"):
            running.finish_decryption(data[:size], data[size:])
        else:
            found = _code(lambda: running.finish_decryption(data[:size], data[size:]))  # noqa: B023
            assert found == TEE_ERROR_MAC_INVALID


@settings(max_examples=60)
@given(
    st.sampled_from([gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM]),
    st.lists(st.binary(max_size=40), max_size=4),
    st.lists(st.binary(max_size=40), max_size=4),
    st.integers(7, 13),
)
def test_pieces_and_copies_authenticate_as_one(
    algorithm: int, aads: list[bytes], pieces: list[bytes], nonce: int
) -> None:
    key, aad, plain = b"0123456789abcdef", b"".join(aads), b"".join(pieces)

    def begin(encrypting: bool) -> Authenticated:
        return new_authenticated(algorithm, encrypting, key, b"n" * nonce, 16, len(aad), len(plain))

    whole = begin(True)
    whole.update_aad(aad)
    wanted = whole.finish_encryption(plain, 16)
    running = begin(True)
    for piece in aads:
        running.update_aad(piece)
        running = running.copy()
    out = b""
    for piece in pieces:
        kept = running.copy()
        out += running.update(piece)
        kept.update(piece)
        running = kept
    assert (out, running.finish_encryption(b"", 16)[1]) == wanted


def test_gcm_with_the_counter_s_end_in_the_middle() -> None:
    """The 32 bits of the counter wrap, and no other bit changes: by the definition with ECB."""
    from elfhaven.secure.crypto.algorithms import AES
    from elfhaven.secure.crypto.blocks import Block, Ctr

    block = Block(AES, bytes(16))
    counter = Ctr(block, b"n" * 12 + b"\xff\xff\xff\xfe", bits=32)
    wanted = block.encrypt(b"".join(b"n" * 12 + n for n in (b"\xff\xff\xff\xfe", b"\xff" * 4, bytes(4))))
    assert counter.update(bytes(20)) + counter.copy().update(bytes(28)) == wanted


def test_out_of_turn() -> None:
    gcm = new_authenticated(gp.TEE_ALG_AES_GCM, True, bytes(16), bytes(12), 16, 0, 0)
    gcm.update(b"data")
    assert _code(lambda: gcm.update_aad(b"late")) == TEE_ERROR_BAD_PARAMETERS
    assert _code(lambda: gcm.finish_encryption(b"", 8)) == TEE_ERROR_SHORT_BUFFER
    ccm = new_authenticated(gp.TEE_ALG_AES_CCM, True, bytes(16), bytes(12), 16, 3, 4)
    assert _code(lambda: ccm.update(b"data")) == TEE_ERROR_BAD_STATE  # the additional data are missing
    ccm.update_aad(b"aad")
    assert _code(lambda: ccm.update_aad(b"more")) == TEE_ERROR_BAD_STATE
    assert _code(lambda: ccm.update(b"too much")) == TEE_ERROR_BAD_STATE
    assert _code(lambda: ccm.finish_encryption(b"", 16)) == TEE_ERROR_BAD_STATE


@pytest.mark.parametrize("algorithm", [gp.TEE_ALG_AES_GCM, gp.TEE_ALG_AES_CCM])
def test_going_on_after_the_end(algorithm: int) -> None:
    running = new_authenticated(algorithm, True, bytes(16), bytes(12), 16, 0, 4)
    cipher, tag = running.finish_encryption(b"data", 16)
    again = running.copy().finish_encryption(b"", 16)[1]
    assert running.finish_encryption(b"", 16)[1] == again
    other = new_authenticated(algorithm, False, bytes(16), bytes(12), 16, 0, 4)
    assert other.finish_decryption(cipher, tag) == b"data"


@pytest.mark.parametrize(
    "algorithm, nonce, tag, code",
    [
        (gp.TEE_ALG_AES_GCM, 12, 17, TEE_ERROR_BAD_PARAMETERS),
        (gp.TEE_ALG_AES_CCM, 14, 16, TEE_ERROR_BAD_PARAMETERS),
        (gp.TEE_ALG_AES_CCM, 12, 15, TEE_ERROR_NOT_SUPPORTED),
        (gp.TEE_ALG_AES_CCM, 12, 2, TEE_ERROR_NOT_SUPPORTED),
        (gp.TEE_ALG_AES_CCM, 6, 16, TEE_ERROR_BAD_STATE),
    ],
)
def test_nonces_and_tags_that_are_refused(algorithm: int, nonce: int, tag: int, code: int) -> None:
    assert _code(lambda: new_authenticated(algorithm, True, bytes(16), bytes(nonce), tag, 0, 0)) == code
