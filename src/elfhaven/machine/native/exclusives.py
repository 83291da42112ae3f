# SPDX-License-Identifier: BSD-2-Clause
"""Rows of exclusive loads and stores (Arm ARM C4.1.94), and CLREX.

The monitor is the engine's: the address and what a load-exclusive read there. A store-exclusive succeeds
where memory at this address still holds it. So one half of a pair may be interpreted, and the other compiled.
There is one processor, and nothing else runs between compare and store.
"""

from __future__ import annotations

from elfhaven.machine.native.decode import Fields, Row
from elfhaven.machine.native.emitter import Emitter
from elfhaven.machine.native.transfers import aligned

_CLOSED = "-1"


def _load(e: Emitter, f: Fields) -> None:
    """LDXR, LDAXR."""
    size, type = 1 << f["size"], f"i{8 << f['size']}"
    address = aligned(e, e.x(f["rn"], sp=True), size)
    value = e.load(e.host(address, size, False), type)
    value = value if size == 8 else e.op(f"zext {type} {value} to i64")
    e.set_state("exclusive_low", value)
    e.set_state("exclusive", address)
    e.set_x(f["rt"], value)


def _load_pair(e: Emitter, f: Fields) -> None:
    """LDXP, LDAXP. Two words are kept as one doubleword."""
    address = aligned(e, e.x(f["rn"], sp=True), 16 if f["sz"] else 8)
    pointer = e.host(address, 16 if f["sz"] else 8, False)
    low = e.load(pointer, "i64")
    if f["sz"]:
        high = e.load(e.op(f"getelementptr i8, ptr {pointer}, i64 8"), "i64")
        e.set_state("exclusive_high", high)
        first, second = low, high
    else:
        first, second = e.op(f"and i64 {low}, {0xFFFF_FFFF}"), e.op(f"lshr i64 {low}, 32")
    e.set_state("exclusive_low", low)
    e.set_state("exclusive", address)
    e.set_x(f["rt"], first)
    e.set_x(f["rt2"], second)


def _opened(e: Emitter, f: Fields, size: int) -> str:
    """The address; a monitor that is closed, or open for another one, is for the interpreter."""
    address = e.x(f["rn"], sp=True)
    e.leave_if(e.op(f"icmp ne i64 {address}, {e.state('exclusive')}"))
    return aligned(e, address, size)


def _end(e: Emitter, f: Fields, hit: str) -> None:
    e.set_state("exclusive", _CLOSED)
    e.set_x(f["rs"], e.op(f"zext i1 {e.op(f'xor i1 {hit}, true')} to i64"))


def _store(e: Emitter, f: Fields) -> None:
    """STXR, STLXR."""
    size, type = 1 << f["size"], f"i{8 << f['size']}"
    pointer = e.host(_opened(e, f, size), size, True)
    was = e.state("exclusive_low")
    if size < 8:  # it was opened by a wider load
        e.leave_if(e.op(f"icmp uge i64 {was}, {1 << 8 * size}"))
        was = e.op(f"trunc i64 {was} to {type}")
    value = e.x(f["rt"])
    value = value if size == 8 else e.op(f"trunc i64 {value} to {type}")
    now = e.load(pointer, type)
    hit = e.op(f"icmp eq {type} {now}, {was}")
    e.store(pointer, e.op(f"select i1 {hit}, {type} {value}, {type} {now}"), type)
    _end(e, f, hit)


def _store_pair(e: Emitter, f: Fields) -> None:
    """STXP, STLXP."""
    size = 16 if f["sz"] else 8
    pointer = e.host(_opened(e, f, size), size, True)
    first, second, low = e.x(f["rt"]), e.x(f["rt2"]), e.load(pointer, "i64")
    hit = e.op(f"icmp eq i64 {low}, {e.state('exclusive_low')}")
    if not f["sz"]:
        first = e.op(f"and i64 {first}, {0xFFFF_FFFF}")
        first = e.op(f"or i64 {first}, {e.op(f'shl i64 {second}, 32')}")
    else:
        place = e.op(f"getelementptr i8, ptr {pointer}, i64 8")
        high = e.load(place, "i64")
        same = e.op(f"icmp eq i64 {high}, {e.state('exclusive_high')}")
        hit = e.op(f"and i1 {hit}, {same}")
        e.store(place, e.op(f"select i1 {hit}, i64 {second}, i64 {high}"), "i64")
    e.store(pointer, e.op(f"select i1 {hit}, i64 {first}, i64 {low}"), "i64")
    _end(e, f, hit)


def _clear(e: Emitter, _f: Fields) -> None:
    """CLREX."""
    e.set_state("exclusive", _CLOSED)


def _is_load_pair(f: Fields) -> bool:
    return f["rt"] != f["rt2"]


def _is_store(f: Fields) -> bool:
    """Where the status does not meet what is stored, or the address."""
    return f["rs"] not in (f["rt"], f.get("rt2", f["rt"])) and (f["rs"] != f["rn"] or f["rn"] == 31)


ROWS = (
    Row("ldxr", "size:2 001000010 11111 ordered 11111 rn:5 rt:5", _load),
    Row("ldxp", "1 sz 001000011 11111 ordered rt2:5 rn:5 rt:5", _load_pair, _is_load_pair),
    Row("stxr", "size:2 001000000 rs:5 ordered 11111 rn:5 rt:5", _store, _is_store),
    Row("stxp", "1 sz 001000001 rs:5 ordered rt2:5 rn:5 rt:5", _store_pair, _is_store),
    Row("clrex", "11010101000000110011 crm:4 010 11111", _clear),
)
