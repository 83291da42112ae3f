# SPDX-License-Identifier: BSD-2-Clause
"""Rows of CRC32, AES, SHA1, SHA256 and polynomials (Arm ARM C4.1.95, C4.1.96), by what the host has for them.
Rounds of SHA without the host's are written out."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import VECTOR, Emitter
from elfhaven.machine.native.kinds import each
from elfhaven.machine.native.shapes import order, read, write


def _remainder(e: Emitter, value: str) -> str:
    """32 bits of a message, times x^32, modulo the polynomial of CRC32; the lowest bit is the highest power
    everywhere (Barrett's reduction)."""

    def times(word: str, constant: int) -> str:
        wide = e.op(f"zext i32 {word} to i64")
        one = e.op(f"insertelement {VECTOR} zeroinitializer, i64 {wide}, i32 0")
        other = f"<i64 {constant}, i64 0>"
        product = e.op(f"call {VECTOR} @llvm.x86.pclmulqdq({VECTOR} {one}, {VECTOR} {other}, i8 0)")
        return e.op(f"extractelement {VECTOR} {product}, i32 0")

    quotient = e.op(f"trunc i64 {times(value, _QUOTIENT)} to i32")
    high = e.op(f"lshr i64 {times(quotient, _POLYNOMIAL)}, 32")
    return e.op(f"trunc i64 {high} to i32")


_QUOTIENT, _POLYNOMIAL = 0x1_F701_1641, 0x1_DB71_0641


def _old_checksum(e: Emitter, f: Fields) -> None:
    """CRC32B to CRC32X."""
    start, width = e.x(f["rn"], 0), 8 << f["size"]
    words = [e.x(f["rm"], 0)]
    if f["sf"]:
        upper = e.op(f"lshr i64 {e.x(f['rm'])}, 32")
        words.append(e.op(f"trunc i64 {upper} to i32"))
    for word in words:
        mixed = e.op(f"xor i32 {start}, {word}")
        if width < 32:
            left = _remainder(e, e.op(f"shl i32 {mixed}, {32 - width}"))
            start = e.op(f"xor i32 {left}, {e.op(f'lshr i32 {start}, {width}')}")
        else:
            start = _remainder(e, mixed)
    e.set_x(f["rd"], start, 0)


def _checksum(e: Emitter, f: Fields) -> None:
    """CRC32CB to CRC32CX."""
    type = f"i{8 << f['size']}"
    value = e.x(f["rm"]) if f["sf"] else e.op(f"trunc i64 {e.x(f['rm'])} to {type}")
    start = e.x(f["rn"], 0)
    if f["sf"]:
        wide = e.op(f"zext i32 {start} to i64")
        made = e.op(f"call i64 @llvm.x86.sse42.crc32.64.64(i64 {wide}, i64 {value})")
        e.set_x(f["rd"], e.op(f"trunc i64 {made} to i32"), 0)
    else:
        e.set_x(
            f["rd"], e.op(f"call i32 @llvm.x86.sse42.crc32.32.{type[1:]}(i32 {start}, {type} {value})"), 0
        )


def _cipher(e: Emitter, f: Fields) -> None:
    """AESE, AESD, AESMC, AESIMC by the host's rounds, which do the same steps in another order."""

    def do(name: str, *operands: str) -> str:
        words = ", ".join(f"{VECTOR} {operand}" for operand in operands)
        return e.op(f"call {VECTOR} @llvm.x86.aesni.{name}({words})")

    value = e.v(f["rn"])
    if f["mix"]:
        mixed = do("aesimc", value) if f["D"] else do("aesenc", do("aesdeclast", value, _ZERO), _ZERO)
        e.set_v(f["rd"], mixed)
        return
    value = e.op(f"xor {VECTOR} {value}, {e.v(f['rd'])}")
    e.set_v(f["rd"], do("aesdeclast" if f["D"] else "aesenclast", value, _ZERO))


_ZERO = "zeroinitializer"


# ---- SHA

_WORDS = "<4 x i32>"


def _words(e: Emitter, name: str, a: str, b: str) -> str:
    return e.op(f"{name} {_WORDS} {a}, {b}")


def _mixed(e: Emitter, a: str, b: str, *indices: int) -> str:
    """Words of a, then of b."""
    return e.op(f"shufflevector {_WORDS} {a}, {_WORDS} {b}, {order(indices)}")


def _turned(e: Emitter, type: str, value: str, left: int) -> str:
    name = type[1:-1].replace(" x ", "") if type.startswith("<") else type
    name = f"v{name}" if type.startswith("<") else name
    by = each(type, left)
    return e.op(f"call {type} @llvm.fshl.{name}({type} {value}, {type} {value}, {type} {by})")


def _taken(e: Emitter, value: str) -> list[str]:
    return [e.op(f"extractelement {_WORDS} {value}, i32 {i}") for i in range(4)]


def _made(e: Emitter, words: list[str]) -> str:
    out = "poison"
    for i, word in enumerate(words):
        out = e.op(f"insertelement {_WORDS} {out}, i32 {word}, i32 {i}")
    return out


def _i32(e: Emitter, name: str, *values: str) -> str:
    """Several values joined by one operation."""
    out = values[0]
    for value in values[1:]:
        out = e.op(f"{name} i32 {out}, {value}")
    return out


def _choose(e: Emitter, x: str, y: str, z: str) -> str:
    return _i32(e, "xor", z, _i32(e, "and", x, _i32(e, "xor", y, z)))


def _majority(e: Emitter, x: str, y: str, z: str) -> str:
    return _i32(e, "or", _i32(e, "and", x, y), _i32(e, "and", _i32(e, "or", x, y), z))


def _parity(e: Emitter, x: str, y: str, z: str) -> str:
    return _i32(e, "xor", x, y, z)


def _sigma(e: Emitter, value: str, *turns: int) -> str:
    return _i32(e, "xor", *(_turned(e, "i32", value, 32 - by) for by in turns))


def _sha256(e: Emitter, f: Fields) -> None:
    """SHA256H, SHA256H2: four rounds; of the new state a to d, or e to h."""
    first, second = (f["rn"], f["rd"]) if f["second"] else (f["rd"], f["rn"])
    x, y, w = (e.v(number, _WORDS) for number in (first, second, f["rm"]))
    if "sha" in e.features:
        four = f"{_WORDS} {{}}, {_WORDS} {{}}, {_WORDS} {{}}"
        call = f"call {_WORDS} @llvm.x86.sha256rnds2({four})"
        start, other = _mixed(e, x, y, 5, 4, 1, 0), _mixed(e, x, y, 7, 6, 3, 2)
        middle = e.op(call.format(other, start, w))
        end = e.op(call.format(start, middle, _mixed(e, w, w, 2, 3, 2, 3)))
        indices = (1, 0, 5, 4) if f["second"] else (3, 2, 7, 6)
        e.set_v(f["rd"], _mixed(e, end, middle, *indices), _WORDS)
        return
    a, b, c, d = _taken(e, x)
    p, q, r, s = _taken(e, y)
    for word in _taken(e, w):
        one = _i32(e, "add", s, word, _choose(e, p, q, r), _sigma(e, p, 6, 11, 25))
        two = _i32(e, "add", one, _majority(e, a, b, c), _sigma(e, a, 2, 13, 22))
        a, b, c, d, p, q, r, s = two, a, b, c, _i32(e, "add", d, one), p, q, r
    e.set_v(f["rd"], _made(e, [p, q, r, s] if f["second"] else [a, b, c, d]), _WORDS)


def _small_sigma(e: Emitter, value: str, one: int, two: int, down: int) -> str:
    turned = (_turned(e, _WORDS, value, 32 - by) for by in (one, two))
    out = _words(e, "xor", *turned)
    return _words(e, "xor", out, _words(e, "lshr", value, each(_WORDS, down)))


def _sha256_schedule0(e: Emitter, f: Fields) -> None:
    """SHA256SU0."""
    d, n = (e.v(f[name], _WORDS) for name in ("rd", "rn"))
    later = _mixed(e, d, n, 1, 2, 3, 4)
    e.set_v(f["rd"], _words(e, "add", d, _small_sigma(e, later, 7, 18, 3)), _WORDS)


def _sha256_schedule1(e: Emitter, f: Fields) -> None:
    """SHA256SU1: the upper two words need the lower two."""
    d, n, m = (e.v(f[name], _WORDS) for name in ("rd", "rn", "rm"))
    total = _words(e, "add", d, _mixed(e, n, m, 1, 2, 3, 4))
    zero = "zeroinitializer"
    low = _words(e, "add", total, _small_sigma(e, _mixed(e, m, zero, 2, 3, 4, 4), 17, 19, 10))
    high = _small_sigma(e, _mixed(e, low, zero, 4, 4, 0, 1), 17, 19, 10)
    e.set_v(f["rd"], _words(e, "add", low, high), _WORDS)


_ROUNDS = (_choose, _parity, _majority)
_ADDED = (0x5A82_7999, 0x6ED9_EBA1, 0x8F1B_BCDC)  # what the host adds by itself


def _sha1(e: Emitter, f: Fields) -> None:
    """SHA1C, SHA1P, SHA1M: four rounds."""
    kind, last = f["kind"], e.lane(f["rn"], "i32")
    x, w = e.v(f["rd"], _WORDS), e.v(f["rm"], _WORDS)
    if "sha" in e.features:
        w = _words(e, "sub", w, each(_WORDS, _ADDED[kind]))
        more = e.op(f"insertelement {_WORDS} zeroinitializer, i32 {last}, i32 0")
        w = _words(e, "add", w, more)
        state, words = (_mixed(e, value, value, 3, 2, 1, 0) for value in (x, w))
        call = f"call {_WORDS} @llvm.x86.sha1rnds4({_WORDS} {state}, {_WORDS} {words}, i8 {kind})"
        made = e.op(call)
        e.set_v(f["rd"], _mixed(e, made, made, 3, 2, 1, 0), _WORDS)
        return
    a, b, c, d = _taken(e, x)
    for word in _taken(e, w):
        mixed = _ROUNDS[kind](e, b, c, d)
        total = _i32(e, "add", _turned(e, "i32", a, 5), mixed, last, word)
        a, b, c, d, last = total, a, _turned(e, "i32", b, 30), c, d
    e.set_v(f["rd"], _made(e, [a, b, c, d]), _WORDS)


def _sha1_turn(e: Emitter, f: Fields) -> None:
    """SHA1H."""
    e.set_scalar(f["rd"], _turned(e, "i32", e.lane(f["rn"], "i32"), 30), "i32")


def _sha1_schedule0(e: Emitter, f: Fields) -> None:
    """SHA1SU0."""
    d, n, m = (e.v(f[name], _WORDS) for name in ("rd", "rn", "rm"))
    out = _words(e, "xor", _mixed(e, d, n, 2, 3, 4, 5), d)
    e.set_v(f["rd"], _words(e, "xor", out, m), _WORDS)


def _sha1_schedule1(e: Emitter, f: Fields) -> None:
    """SHA1SU1."""
    d, n = (e.v(f[name], _WORDS) for name in ("rd", "rn"))
    mixed = _words(e, "xor", d, _mixed(e, n, "zeroinitializer", 1, 2, 3, 4))
    out = _turned(e, _WORDS, mixed, 1)
    again = _mixed(e, _turned(e, _WORDS, mixed, 2), "zeroinitializer", 4, 4, 4, 0)
    e.set_v(f["rd"], _words(e, "xor", out, again), _WORDS)


# ---- polynomials over {0, 1}


def _product(e: Emitter, type: str, a: str, b: str) -> str:
    """Of polynomials of degree 7 in each lane."""
    out = each(type, 0)
    for i in range(8):
        bit = e.op(f"and {type} {b}, {each(type, 1 << i)}")
        there = e.op(f"icmp ne {type} {bit}, zeroinitializer")
        flags = type.replace("i16", "i1").replace("i8", "i1")
        part = e.op(f"select {flags} {there}, {type} {a}, {type} zeroinitializer")
        out = e.op(f"xor {type} {out}, {part}")
        a = e.op(f"add {type} {a}, {a}")
    return out


def _polynomial(e: Emitter, f: Fields) -> None:
    """PMUL."""
    type = f"<{16 if f['Q'] else 8} x i8>"
    write(e, f["rd"], _product(e, type, read(e, f["rn"], type), read(e, f["rm"], type)), type)


def _polynomial_long(e: Emitter, f: Fields) -> None:
    """PMULL, PMULL2."""
    if f["size"] == 3:
        words = f"{VECTOR} {e.v(f['rn'])}, {VECTOR} {e.v(f['rm'])}, i8 {0x11 * f['Q']}"
        e.set_v(f["rd"], e.op(f"call {VECTOR} @llvm.x86.pclmulqdq({words})"))
        return
    narrow, wide = "<8 x i8>", "<8 x i16>"
    a, b = (e.op(f"zext {narrow} {read(e, f[name], narrow, f['Q'])} to {wide}") for name in ("rn", "rm"))
    e.set_v(f["rd"], _product(e, wide, a, b), wide)


ROWS = (
    Row(
        "crc32",
        "sf 0011010110 rm:5 0100 size:2 rn:5 rd:5",
        _old_checksum,
        lambda f: f["sf"] == (f["size"] == 3),
    ),
    Row(
        "crc32c",
        "sf 0011010110 rm:5 0101 size:2 rn:5 rd:5",
        _checksum,
        lambda f: f["sf"] == (f["size"] == 3),
    ),
    Row("aes", "010011100010100001 mix D 10 rn:5 rd:5", _cipher),
    Row("sha256h", "01011110000 rm:5 010 second 00 rn:5 rd:5", _sha256),
    Row("sha256su0", "0101111000101000001010 rn:5 rd:5", _sha256_schedule0),
    Row("sha256su1", "01011110000 rm:5 011000 rn:5 rd:5", _sha256_schedule1),
    Row("sha1c/p/m", "01011110000 rm:5 00 kind:2 00 rn:5 rd:5", _sha1, lambda f: f["kind"] != 3),
    Row("sha1h", "0101111000101000000010 rn:5 rd:5", _sha1_turn),
    Row("sha1su0", "01011110000 rm:5 001100 rn:5 rd:5", _sha1_schedule0),
    Row("sha1su1", "0101111000101000000110 rn:5 rd:5", _sha1_schedule1),
    Row("pmul", "0 Q 101110001 rm:5 100111 rn:5 rd:5", _polynomial),
    Row(
        "pmull", "0 Q 001110 size:2 1 rm:5 111000 rn:5 rd:5", _polynomial_long, lambda f: f["size"] in (0, 3)
    ),
)
