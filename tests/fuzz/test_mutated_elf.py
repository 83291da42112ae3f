# SPDX-License-Identifier: BSD-2-Clause
"""Mutated ELFs and TA files: each is packed or refused, never a traceback, never a hang."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.unit.image import programs, standin
from tests.unit.image.ldelf import check_ldelf

from elfhaven.abi import elf as abi
from elfhaven.errors import ImageError
from elfhaven.image import ta
from elfhaven.image.layout import ContainerConfig, lay_out
from elfhaven.image.reader import Elf
from elfhaven.image.summary import summarise

SEED = 20240607
CASES = 500
SECONDS = 5.0  # far above what a case takes, far below a hang
SOURCES = (
    (programs.HELLO, ()),
    (programs.HELLO, programs.STRIP),
    (programs.SWITCH, ()),
    (programs.KILLERS, programs.STRIP),
)

Mutation = Callable[[random.Random, bytes], bytes]


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    return [programs.build(source, *flags) for source, flags in SOURCES]


def flip(chance: random.Random, data: bytes, places: list[int]) -> bytes:
    """One to eight bits turned over at random `places`."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        out[chance.choice(places)] ^= 1 << chance.randrange(8)
    return bytes(out)


def flip_anywhere(chance: random.Random, data: bytes) -> bytes:
    return flip(chance, data, range(len(data)))  # type: ignore[arg-type]


def flip_headers(chance: random.Random, data: bytes) -> bytes:
    return flip(chance, data, list(range(64 + 56 * len(Elf.parse(data, "x").segments))))


def flip_tables(chance: random.Random, data: bytes) -> bytes:
    """Section headers, the dynamic section, unwind tables."""
    elf = Elf.parse(data, "x")
    places = list(range(elf.shoff, min(len(data), elf.shoff + 64 * elf.shnum)))
    for kind in (abi.PT_DYNAMIC, abi.PT_GNU_EH_FRAME):
        segment = elf.segment(kind)
        if segment is not None:
            places += range(segment.offset, segment.offset + segment.file_size)
    return flip(chance, data, places)


def truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def lie(chance: random.Random, data: bytes) -> bytes:
    """A field of a program header set to a number that programs choose to hurt."""
    out = bytearray(data)
    index = chance.randrange(len(Elf.parse(data, "x").segments))
    at = 64 + 56 * index + chance.choice((8, 16, 32, 40, 48))
    value = chance.choice((0, 1, 4095, 4096, 1 << 31, 1 << 32, 1 << 47, 1 << 63, (1 << 64) - 1))
    out[at : at + 8] = value.to_bytes(8, "little")
    return bytes(out)


MUTATIONS: tuple[Mutation, ...] = (flip_anywhere, flip_headers, flip_tables, truncate, lie)


def mutants(originals: list[bytes]) -> Iterator[tuple[str, bytes]]:
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    for number in range(CASES):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        yield f"{number}-{mutation.__name__}", mutation(chance, chance.choice(originals))


def refusal(action: Callable[[], object]) -> str | None:
    """The cause of an ImageError that `action` raises; None if it raises nothing."""
    try:
        action()
    except ImageError as error:
        return error.cause
    return None


@pytest.mark.timeout(120)
def test_mutants_are_packed_or_refused(originals: list[bytes]) -> None:
    seen: Counter[str] = Counter()
    for name, data in mutants(originals):
        begun = time.perf_counter()
        cause = refusal(lambda data=data, name=name: check_ldelf(standin.pack(data, name)))  # type: ignore[misc]
        assert time.perf_counter() - begun < SECONDS, name
        assert cause is None or cause.startswith(f"{name}: "), cause
        seen["packed" if cause is None else "refused"] += 1
    assert sum(seen.values()) == CASES
    assert min(seen["refused"], seen["packed"]) > CASES // 10, seen


@pytest.mark.timeout(120)
def test_mutants_are_summarised_or_refused(originals: list[bytes]) -> None:
    for name, data in mutants(originals):
        cause = refusal(lambda data=data, name=name: summarise(Elf.parse(data, name)))  # type: ignore[misc]
        assert cause is None or cause.startswith(f"{name}: "), cause


def unused(data: bytes) -> list[int]:
    """Offsets of the bytes that are in no header and in no loaded segment."""
    elf = Elf.parse(data, "x")
    used = bytearray(len(data))
    spans = [(0, 64 + 56 * len(elf.segments)), (elf.shoff, 64 * elf.shnum)]
    spans += [(load.offset, load.file_size) for load in elf.loads]
    for offset, size in spans:
        used[offset : offset + size] = b"\1" * size
    return [at for at, mark in enumerate(used) if not mark]


@pytest.mark.timeout(120)
def test_bytes_that_nothing_loads_do_not_matter(originals: list[bytes]) -> None:
    """Symbols, strings and debug data changed: the same TA, byte for byte, and it runs."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    for data in originals:
        places, wanted = unused(data), standin.pack(data)
        for _ in range(25):
            assert standin.pack(flip(chance, data, places)) == wanted
        scrambled = bytearray(data)
        for at in places:
            scrambled[at] = chance.randrange(256)
        packed = standin.pack(bytes(scrambled))
        assert packed == wanted
        before, after = standin.run(wanted), standin.run(packed)
        assert (after.out, after.status, after.calls) == (before.out, before.status, before.calls)


def test_cutting_off_what_nothing_loads_does_not_matter(originals: list[bytes]) -> None:
    for data in originals:
        elf = Elf.parse(data, "prog")
        end = max(load.offset + load.file_size for load in elf.loads)
        config = ContainerConfig(standin.UUID_1)
        whole = lay_out(standin.runtime(), elf, config, b"")
        cut = lay_out(standin.runtime(), Elf.parse(data[:end], "prog"), config, b"")
        assert cut.images[0].pieces == whole.images[0].pieces
        assert standin.run(cut.elf).out == standin.run(whole.elf).out


@pytest.mark.timeout(120)
def test_tampered_ta_is_refused(originals: list[bytes]) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    raw = ta.sign(standin.pack(originals[1]), UUID(int=1), key)
    chance = random.Random(SEED)
    for number in range(CASES):
        changed = truncate(chance, raw) if number % 4 == 3 else flip_anywhere(chance, raw)
        if changed == raw:
            continue
        with pytest.raises(ImageError):
            ta.verify(ta.parse(changed), [key.public_key()])
