# SPDX-License-Identifier: BSD-2-Clause
"""What the real OP-TEE refuses to load or to share, and how it says so."""

from __future__ import annotations

import struct
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from elfhaven.abi.elf import EHDR, PHDR
from elfhaven.image import ta
from elfhaven.normal.client import Direction, MemRef, Value
from tests.unit.secure import probe
from tests.unit.secure.probe import Probe

from .places import Ended, Place, ProbeSession, ended, install_probe, key

Both = Callable[[Callable[[Place], object]], object]
OUT_OF_MEMORY, BAD_FORMAT, SECURITY, NOT_FOUND = 0xFFFF000C, 0xFFFF0005, 0xFFFF000F, 0xFFFF0008


def _opened(change: Callable[[UUID], bytes]) -> Callable[[Place], Ended]:
    """A script: a session with the file that `change` makes for a UUID."""

    def script(place: Place) -> Ended:
        uuid = uuid4()
        place.install(uuid, change(uuid))
        return ended(lambda: place.context.open_session(uuid).close())

    return script


def _signed(image: Callable[[bytearray], object], **options: int) -> Callable[[UUID], bytes]:
    """The probe's ELF, changed, then signed."""

    def make(uuid: UUID) -> bytes:
        raw = bytearray(probe.image(uuid, **options))  # type: ignore[arg-type]
        image(raw)
        return ta.sign(bytes(raw), uuid, key())

    return make


def _header(index: int, field: int, value: int) -> Callable[[bytearray], object]:
    """Changes a field of a program header: 0 type, 1 flags, 2 offset, 3 vaddr, 5 filesz, 6 memsz, 7 align."""

    def change(raw: bytearray) -> None:
        at = EHDR.unpack_from(raw)[5] + 56 * index
        fields = list(PHDR.unpack_from(raw, at))
        fields[field] = value
        PHDR.pack_into(raw, at, *fields)

    return change


def _nothing(_: bytearray) -> None:
    pass


@pytest.mark.parametrize("mib", [1, 4, 8, 11, 12, 13, 14, 16, 64])
def test_how_much_memory_a_ta_gets(both: Both, mib: int) -> None:
    both(_opened(_signed(_nothing, heap=mib << 20)))


@pytest.mark.parametrize("stack", [4096, 16384, 1 << 20, 8 << 20, 64 << 20, 0xFFFFF000, 0xFFFFFFFF])
def test_how_much_stack_a_ta_gets(both: Both, stack: int) -> None:
    both(_opened(_signed(_nothing, stack=stack)))


ELVES = {
    "writable code": _header(0, 1, 7),
    "code that cannot be read": _header(0, 1, 1),
    "a segment that reaches into the next": _header(0, 6, 1 << 20),
    "a segment behind the file": _header(0, 2, 1 << 20),
    "more in the file than in memory": _header(1, 6, 0),
    "a segment in the middle of a page": _header(1, 3, 0x3123),
    "segments that overlap": _header(1, 3, 0),
    "no magic": lambda raw: struct.pack_into("<I", raw, 0, 0),
    "a 32-bit class": lambda raw: struct.pack_into("<B", raw, 4, 1),
    "big endian": lambda raw: struct.pack_into("<B", raw, 5, 2),
    "another machine": lambda raw: struct.pack_into("<H", raw, 18, 62),
    "an executable at a fixed address": lambda raw: struct.pack_into("<H", raw, 16, 2),
    "no program headers": lambda raw: struct.pack_into("<H", raw, 56, 0),
    "program headers behind the file": lambda raw: struct.pack_into("<Q", raw, 32, 1 << 20),
    "program headers of another size": lambda raw: struct.pack_into("<H", raw, 54, 64),
}


@pytest.mark.parametrize("name", ELVES)
def test_an_elf_that_ldelf_refuses(both: Both, name: str) -> None:
    both(_opened(_signed(ELVES[name])))


def _other_key(uuid: UUID) -> bytes:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ta.sign(probe.image(uuid), uuid, other)


def _flipped(at: int) -> Callable[[UUID], bytes]:
    def make(uuid: UUID) -> bytes:
        data = bytearray(ta.sign(probe.image(uuid), uuid, key()))
        data[at] ^= 1
        return bytes(data)

    return make


FILES: dict[str, Callable[[UUID], bytes]] = {
    "another key": _other_key,
    "another uuid": lambda uuid: ta.sign(probe.image(uuid), uuid4(), key()),
    "a changed magic": _flipped(0),
    "a changed type": _flipped(4),
    "a changed size": _flipped(8),
    "a changed algorithm": _flipped(12),
    "a changed hash": _flipped(20),
    "a changed signature": _flipped(60),
    "a changed image": _flipped(-100),
    "half a file": lambda uuid: ta.sign(probe.image(uuid), uuid, key())[:4000],
    "a header alone": lambda uuid: ta.sign(probe.image(uuid), uuid, key())[:20],
    "one byte": lambda uuid: b"O",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_refused(both: Both, name: str) -> None:
    seen = both(_opened(FILES[name]))
    assert seen != (0, 0)


def test_the_uuid_in_the_head_is_not_looked_at(both: Both) -> None:
    assert both(_opened(lambda uuid: ta.sign(probe.image(uuid4()), uuid, key()))) == (0, 0)


def test_a_ta_that_is_not_there(both: Both) -> None:
    assert both(lambda place: ended(lambda: place.context.open_session(uuid4()))) == (NOT_FOUND, 3)


@pytest.mark.parametrize("mib", [1, 2])
def test_how_large_a_file_is_loaded(both: Both, mib: int) -> None:
    """The bytes lie behind the ELF's last segment: only the file is large, not the TA.

    One of 6 MiB halts a stock OP-TEE ("xlat tables exhausted"), and so may one of 4 MiB where the machine has
    loaded much before.
    """

    def large(uuid: UUID) -> bytes:
        image = probe.image(uuid)
        return ta.sign(image + bytes((mib << 20) - len(image)), uuid, key())

    assert both(_opened(large)) == (0, 0)


@pytest.mark.parametrize("mib", [1, 4, 8, 16, 32])
def test_how_much_memory_is_shared_in_a_call(both: Both, mib: int) -> None:
    def script(place: Place) -> Ended:
        session = place.context.open_session(install_probe(place))

        def share() -> None:
            with place.context.allocate(mib << 20) as memory:
                session.invoke(Probe.ECHO, Value.inout(), memory.ref(Direction.INOUT))

        seen = ended(share)
        session.close()
        return seen

    seen = both(script)
    assert (seen == (0, 0)) == (mib < 16)


def test_a_parameter_of_every_kind(both: Both) -> None:
    def script(place: Place) -> list[object]:
        session = place.context.open_session(install_probe(place))
        seen: list[object] = [session.invoke(Probe.ECHO, Value.inout(1, 0xFFFFFFFF))]
        seen.append(ended(lambda: session.invoke(99, MemRef.input(b"x"), MemRef.output(7))))
        seen.append(ended(lambda: session.invoke(99, MemRef(Direction.INOUT), MemRef.output(0))))
        session.close()
        return seen

    both(script)


def test_a_session_that_is_none(both: Both) -> None:
    def script(place: Place) -> Ended:
        session = place.context.open_session(install_probe(place))
        session.close()
        return ended(lambda: session.invoke(Probe.ECHO))

    both(script)


def test_single_instance_and_kept_alive(both: Both) -> None:
    """Flags of the head: 4 single instance, 8 multi session, 16 keep alive."""

    def script(place: Place) -> list[object]:
        seen: list[object] = []
        for flags in (0, 4, 12, 28):
            uuid = install_probe(place, flags=flags)
            first = ProbeSession(place, uuid)
            seen.append(ended(lambda uuid=uuid: place.context.open_session(uuid).close()))
            first.run(Probe.COUNTERS)
            seen += [first.word(0), first.word(1)]
            first.close()
            again = ProbeSession(place, uuid)
            again.run(Probe.COUNTERS)
            seen += [again.word(0), again.word(1)]
            again.close()
        return seen

    both(script)
