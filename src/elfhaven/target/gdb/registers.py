# SPDX-License-Identifier: BSD-2-Clause
"""A thread's registers as gdb numbers them: in the processor for the thread that runs, else in its
context."""

from __future__ import annotations

from elfhaven.machine.watched_engine import WatchedEngine
from elfhaven.target.gdb import description as d
from elfhaven.target.inside import Context


def of_engine(engine: WatchedEngine) -> list[bytes]:
    """All registers of the thread that runs."""
    words = [int(word).to_bytes(8, "little") for word in engine.registers]
    vectors, state = engine.vectors(), engine.state()
    return [
        *words,
        state[0].to_bytes(4, "little"),
        *vectors,
        *(word.to_bytes(4, "little") for word in state[1:]),
    ]


def of_context(context: Context) -> list[bytes | None]:
    """All registers of a thread that waits; None for what is not kept there."""
    words: list[bytes | None] = [word.to_bytes(8, "little") for word in context.words]
    words.append((context.nzcv & 0xFFFF_FFFF).to_bytes(4, "little"))
    kept = context.vectors
    if not kept:
        return words + [None] * (d.VECTORS + 2)
    vectors = [kept[16 * i : 16 * i + 16] for i in range(d.VECTORS)]
    return [*words, *vectors, kept[512:516], kept[520:524]]


def shown(value: bytes | None, number: int) -> bytes:
    """In hexadecimal; what is not known as gdb writes that."""
    return (value.hex() if value is not None else "xx" * d.size(number)).encode()


def split(text: bytes) -> list[bytes]:
    """The registers in a G packet; ValueError for one of another length."""
    data = bytes.fromhex(text.decode())
    values, at = [], 0
    for number in range(d.REGISTERS):
        values.append(data[at : at + d.size(number)])
        at += d.size(number)
    if at != len(data):
        raise ValueError("a G packet of the wrong length")
    return values


def write(engine: WatchedEngine, number: int, value: bytes) -> None:
    """Sets one register of the thread that runs; ValueError for one that cannot be set."""
    if len(value) != d.size(number):
        raise ValueError("a value of the wrong size")
    word = int.from_bytes(value, "little")
    if number < d.GENERAL:
        engine.registers[number] = word
    elif d.FIRST_VECTOR <= number < d.FPSR:
        engine.set_vector(number - d.FIRST_VECTOR, value)
    else:
        engine.set_state((d.CPSR, d.FPSR, d.FPCR).index(number), word)
