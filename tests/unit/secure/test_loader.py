# SPDX-License-Identifier: BSD-2-Clause
"""The loader: ldelf's rules, placement, libraries and relocations."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest

from elfhaven.abi.elf import EHDR, PHDR
from elfhaven.abi.utee import TA_HEAD
from elfhaven.image import ta
from elfhaven.secure.result import TeeResult
from elfhaven.secure.ta_elf import check, ta_head
from elfhaven.world.message import Param

from .client import Client
from .normal_world import NormalWorld
from .probe import FLAGS, HERE, LINK, elf, key, signed

GENERIC, BAD_FORMAT, NOT_SUPPORTED, NOT_FOUND = 0xFFFF0000, 0xFFFF0005, 0xFFFF000A, 0xFFFF0008
LIBRARY = UUID("11111111-2222-3333-4444-555555555555")


def header(**changes: object) -> Callable[[], bytes]:
    """The probe with another ELF header; fields by their index."""

    def made() -> bytes:
        raw = bytearray(elf())
        fields = list(EHDR.unpack_from(raw))
        for name, value in changes.items():
            fields[int(name[1:])] = value
        EHDR.pack_into(raw, 0, *fields)
        return bytes(raw)

    return made


def segment(index: int, **changes: int) -> Callable[[], bytes]:
    """The probe with another program header."""
    places = {"flags": 1, "offset": 2, "address": 3, "file_size": 5, "memory_size": 6, "align": 7}

    def made() -> bytes:
        raw = bytearray(elf())
        at = EHDR.unpack_from(raw)[5] + 56 * index
        fields = list(PHDR.unpack_from(raw, at))
        for name, value in changes.items():
            fields[places[name]] = value
        PHDR.pack_into(raw, at, *fields)
        return bytes(raw)

    return made


def flags_of_the_head() -> bytes:
    raw = bytearray(elf())
    first = PHDR.unpack_from(raw, 64)[2]
    struct.pack_into("<I", raw, first + 20, 1 << 20)
    return bytes(raw)


IDENT = b"\x7fELF\x02\x01\x01"
REFUSED = [  # the codes are those of ldelf on OP-TEE 4.5
    (lambda: b"", BAD_FORMAT),
    (lambda: elf()[:63], BAD_FORMAT),
    (header(f0=IDENT + b"\x03" + bytes(8)), BAD_FORMAT),  # OSABI of Linux
    (header(f0=b"\x7fELF\x01\x01\x01" + bytes(9)), BAD_FORMAT),  # 32 bits
    (header(f1=2), BAD_FORMAT),  # ET_EXEC
    (header(f2=62), BAD_FORMAT),  # x86-64
    (header(f7=1), BAD_FORMAT),  # e_flags
    (header(f9=64), BAD_FORMAT),
    (header(f11=0), BAD_FORMAT),
    (header(f5=4096), NOT_SUPPORTED),  # program headers behind the first page
    (header(f10=73), NOT_SUPPORTED),
    (header(f5=65), GENERIC),
    (header(f6=0), GENERIC),  # no section headers
    (header(f6=1 << 30), 0xFFFF0006),
    (header(f10=0), GENERIC),  # no segments
    (segment(0, flags=1), NOT_SUPPORTED),  # not readable
    (segment(0, memory_size=0xB00), BAD_FORMAT),  # read-only, with bss
    (segment(0, memory_size=0x100), BAD_FORMAT),
    (segment(0, memory_size=1 << 20), GENERIC),  # reaches into the next
    (segment(1, flags=4), BAD_FORMAT),  # bss without the right to write
    (segment(1, align=512), GENERIC),
    (segment(1, align=0), GENERIC),
    (segment(1, align=65536), GENERIC),  # not as the other's
    (segment(1, offset=0x2010), GENERIC),
    (segment(1, offset=0x1000), GENERIC),
    (segment(1, address=0), GENERIC),  # overlap
    (segment(0, address=1 << 30), GENERIC),  # out of order
    (segment(1, file_size=1 << 20, memory_size=1 << 20), 0xFFFF0007),  # past the end of the file
    (segment(1, memory_size=0), 0xFFFF000C),
    (segment(1, memory_size=(1 << 64) - 4096), GENERIC),
    (flags_of_the_head, BAD_FORMAT),
]


@pytest.mark.parametrize("make,code", REFUSED)
def test_what_ldelf_refuses(make: Callable[[], bytes], code: int) -> None:
    raw = make()
    with pytest.raises(TeeResult) as raised:
        ta_head(raw, check(raw))
    assert raised.value.code == code
    assert ":" in str(raised.value)  # it names the rule


@pytest.mark.parametrize(
    "make,code,words",
    [
        (segment(1, align=512), GENERIC, "alignment is less than a page"),
        (segment(0, offset=0), GENERIC, "headers are in the first segment"),
        (segment(1, memory_size=1 << 40), 0xFFFF0003, "ACCESS_CONFLICT"),  # no room for the addresses
        (segment(1, memory_size=1 << 24), 0xFFFF000C, "OUT_OF_MEMORY"),
    ],
)
def test_refusal_reaches_client_and_console(
    world: NormalWorld, make: Callable[[], bytes], code: int, words: str
) -> None:
    uuid = uuid4()
    world.tas[uuid] = ta.sign(make(), uuid, key())
    opened = world.open(uuid)
    assert (opened.result, opened.origin) == (code, 3)
    assert any(words in line for line in world.core.console)
    assert not any(world.core.leaks().values())


def test_nothing_is_writable_and_executable(world: NormalWorld) -> None:
    """As under ldelf: data stay data, and code that may be written cannot be executed."""
    uuid = uuid4()
    world.tas[uuid] = ta.sign(segment(1, flags=7)(), uuid, key())
    assert world.open(uuid).result == 0
    world.tas[uuid] = ta.sign(segment(0, flags=7)(), uuid, key())
    assert world.open(uuid).result == 0xFFFF3024


def test_old_entry_in_the_head_is_used() -> None:
    raw = bytearray(elf())
    first = PHDR.unpack_from(raw, 64)[2]
    head = list(TA_HEAD.unpack_from(raw, first))
    head[6] = 0x40
    TA_HEAD.pack_into(raw, first, *head)
    assert ta_head(bytes(raw), check(bytes(raw))).entry == 0x40
    assert ta_head(elf(), check(elf())).entry == EHDR.unpack_from(elf())[4]


def test_load_addresses_differ(world: NormalWorld, install: Callable[..., UUID]) -> None:
    uuid = install()
    bases = set()
    for _ in range(8):
        opened = world.open(uuid)
        task = world.core.standard.sessions[opened.session].target
        bases.add(task.loaded.images[0][1])  # type: ignore[union-attr]
        world.close_session(opened.session)
    assert len(bases) > 1
    assert all(0x40000000 <= base < 0x40200000 and base % 4096 == 0 for base in bases)


@cache
def linked(source: str, *more: str) -> bytes:
    """A shared object made of a C file here."""
    with TemporaryDirectory() as directory:
        out = Path(directory) / "out.so"
        needed = []
        for name in more:
            path = Path(directory) / name.replace(".c", ".so")
            path.write_bytes(linked(name))
            needed.append(str(path))
        target = [
            "-target",
            "aarch64-linux-musl",
            "-mcpu=generic",
            "-shared",
            "-T",
            str(HERE / ("dynamic.lds" if more else "dynamic_library.lds")),
        ]
        soname = [] if more else [f"-Wl,-soname,{LIBRARY}"]
        flags = FLAGS.replace(" -static", "").split()
        files = ["-o", str(out), str(HERE / source), *needed]
        command = [sys.executable, "-m", "ziglang", "cc", *target, *flags, *LINK.split(), *soname, *files]
        subprocess.run(command, check=True, capture_output=True)
        return out.read_bytes()


def install_linked(world: NormalWorld) -> UUID:
    uuid = uuid4()
    world.tas[uuid] = ta.sign(linked("linked.c", "library.c"), uuid, key())
    world.tas[LIBRARY] = ta.sign(linked("library.c"), LIBRARY, key())
    return uuid


def test_ta_with_a_library(world: NormalWorld) -> None:
    uuid = install_linked(world)
    opened = world.open(uuid)
    assert opened.result == 0, world.core.console
    done = world.invoke(opened.session, 0, Param(3), Param(3))
    assert (done.params[0].a, done.params[0].b) == (42, 2 << 16 | 0x100)
    assert (done.params[1].a, done.params[1].b) == (0, 3)
    world.close_session(opened.session)
    assert not any(world.core.leaks().values())


def test_missing_library_and_missing_symbol(world: NormalWorld) -> None:
    uuid = install_linked(world)
    del world.tas[LIBRARY]
    assert world.open(uuid).result == NOT_FOUND
    world.tas[LIBRARY] = signed(LIBRARY)  # a TA, and no library
    assert world.open(uuid).result == 0xFFFF0003
    world.tas[LIBRARY] = ta.sign(linked("other_library.c"), LIBRARY, key())
    assert world.open(uuid).result == NOT_FOUND
    assert any("is not defined" in line for line in world.core.console)
    assert not any(world.core.leaks().values())


def test_library_must_be_signed_too(world: NormalWorld) -> None:
    uuid = install_linked(world)
    changed = bytearray(world.tas[LIBRARY])
    changed[-1] ^= 1
    world.tas[LIBRARY] = bytes(changed)
    assert world.open(uuid).result == 0xFFFF000F


@pytest.mark.parametrize("seed", range(40))
def test_broken_dynamic_files_are_refused_or_run(world: NormalWorld, seed: int) -> None:
    """Whatever a signed file says of itself, the core stays whole."""
    import random

    source = random.Random(seed)
    uuid = install_linked(world)
    raw = bytearray(linked("linked.c", "library.c"))
    for _ in range(12):
        raw[source.choice((source.randrange(64), source.randrange(0x1110, len(raw))))] ^= (
            1 << source.randrange(8)
        )
    world.tas[uuid] = ta.sign(bytes(raw), uuid, key())
    opened = world.open(uuid)
    if not opened.result:
        world.close_session(opened.session)
    assert not any(world.core.leaks().values())


def test_client_runs_on_after_others_failed(client: Client, world: NormalWorld) -> None:
    uuid = uuid4()
    world.tas[uuid] = ta.sign(header(f1=2)(), uuid, key())
    assert world.open(uuid).result == BAD_FORMAT
    assert client.invoke(0) == 0  # type: ignore[arg-type]
