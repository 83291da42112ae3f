# SPDX-License-Identifier: BSD-2-Clause
"""Rows of Advanced SIMD that narrow and saturate, and of shifts by a constant that saturate or round
(Arm ARM C4.1.96)."""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields
from elfhaven.machine.native.emitter import Emitter, bits
from elfhaven.machine.native.kinds import each, element, like
from elfhaven.machine.native.saturating import (
    both,
    clamped,
    gather,
    limit,
    note,
    rounded_right,
    shifted_left,
    with_operands,
)
from elfhaven.machine.native.shapes import call, choose, read, shape, write, write_half


def _narrowed(e: Emitter, f: Fields, type: str, value: str, unsigned: int, to_unsigned: int) -> None:
    width = bits(element(type)) // 2
    out, narrow = clamped(e, type, value, width, unsigned, to_unsigned), like(type, f"i{width}")
    write_half(e, f["rd"], e.op(f"trunc {type} {out} to {narrow}"), narrow, f.get("Q", 0))


def _source(f: Fields) -> str:
    """The type of what is narrowed to elements of `size`."""
    kind = f"i{16 << f['size']}"
    return f"<{8 >> f['size']} x {kind}>" if "Q" in f else kind


def _extract_narrow(e: Emitter, f: Fields) -> None:
    """SQXTN, UQXTN, SQXTUN."""
    type = _source(f)
    _narrowed(e, f, type, read(e, f["rn"], type), f["U"] & f["same"], f["U"])


def _amount(f: Fields) -> tuple[int, int]:
    """(element width, the field's value above it) of shifts by a constant."""
    width = 8 << f["immh"].bit_length() - 1
    return width, f["immh"] << 3 | f["immb"]


def _shift_narrow(e: Emitter, f: Fields) -> None:
    """SQSHRN, UQSHRN, SQSHRUN and the rounded ones."""
    width, field = _amount(f)
    g = {**f, "size": width.bit_length() - 4}
    type, amount, unsigned = _source(g), 2 * width - field, f["U"] & f["same"]
    value = read(e, f["rn"], type)
    if f["rounded"]:
        value = rounded_right(e, type, value, amount, unsigned)
    else:
        value = e.op(f"{'lshr' if unsigned else 'ashr'} {type} {value}, {each(type, amount)}")
    _narrowed(e, g, type, value, unsigned, f["U"])


def _shift_left(e: Emitter, f: Fields) -> None:
    """SQSHL, UQSHL, SQSHLU by a constant."""
    width, field = _amount(f)
    type = shape({**f, "size": width.bit_length() - 4})
    value, by = read(e, f["rn"], type), each(type, field - width)
    signed_in = not f["same"]  # SQSHLU
    start = call(e, "smax", type, value, each(type, 0)) if signed_in else value
    moved, lost = shifted_left(e, type, start, by, f["U"])
    out = choose(e, type, lost, limit(e, type, start, f["U"]), moved)
    if signed_in:
        note(e, type, start, value)
    gather(e, type, e.op(f"sext {like(type, 'i1')} {lost} to {type}"))
    write(e, f["rd"], out, type)


def _round_right(e: Emitter, f: Fields) -> None:
    """SRSHR, URSHR; SRSRA, URSRA add Rd."""
    width, field = _amount(f)
    type = shape({**f, "size": width.bit_length() - 4})
    value = rounded_right(e, type, read(e, f["rn"], type), 2 * width - field, f["U"])
    if f["more"]:
        value = e.op(f"add {type} {read(e, f['rd'], type)}, {value}")
    write(e, f["rd"], value, type)


def _not_doubles(f: Fields) -> bool:
    return f["size"] != 3


def _is_narrow_shift(f: Fields) -> bool:
    """SHRN and RSHRN are elsewhere."""
    return 0 < f["immh"] < 8 and bool(f["same"] or f["U"])


def _is_shift(f: Fields) -> bool:
    return f["immh"] != 0 and (f["immh"] < 8 or f.get("Q", 1) == 1)


def _is_left(f: Fields) -> bool:
    return _is_shift(f) and bool(f["same"] or f["U"])


_NARROW = "0 Q U 01110 size:2 1000010100 10 rn:5 rd:5"
_NARROW_UNSIGNED = "0 Q 1 01110 size:2 1000010010 10 rn:5 rd:5"
ROWS = (
    *both("qxtn", _NARROW, with_operands(_extract_narrow, same=1), _not_doubles, _not_doubles),
    *both(
        "sqxtun", _NARROW_UNSIGNED, with_operands(_extract_narrow, same=0, U=1), _not_doubles, _not_doubles
    ),
    *both(
        "qshrn",
        "0 Q U 011110 immh:4 immb:3 100 same rounded 1 rn:5 rd:5",
        _shift_narrow,
        _is_narrow_shift,
        _is_narrow_shift,
    ),
    *both("qshl", "0 Q U 011110 immh:4 immb:3 011 same 0 1 rn:5 rd:5", _shift_left, _is_left, _is_left),
    *both(
        "rshr/rsra",
        "0 Q U 011110 immh:4 immb:3 001 more 0 1 rn:5 rd:5",
        _round_right,
        _is_shift,
        lambda f: f["immh"] >= 8,
    ),
)
