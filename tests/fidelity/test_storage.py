# SPDX-License-Identifier: BSD-2-Clause
"""Trusted storage, both ways: what the emulator has written the real OP-TEE reads, and the reverse; the same
calls give the same results, and tampering has the same consequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from elfhaven.abi import gp
from elfhaven.image import ta
from elfhaven.target.emulator import Emulator
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.state import StateDirectory
from tests.unit.secure import probe

from .places import EmulatedPlace, Place, RealPlace, ended, key
from .stored import (
    ALL,
    OVERWRITE,
    READ,
    SHARE_READ,
    SHARE_WRITE,
    WRITE,
    Seen,
    Storage,
    directory_files,
    guest_files,
    put_directory_files,
    put_guest_files,
)

pytestmark = pytest.mark.qemu

SECRET = (0xC0000000,)
RSA = (0xD0000130, 0xD0000230, 0xC0000330, 0xC0000430, 0xC0000530, 0xC0000630, 0xC0000730, 0xC0000830)
ECC = (0xD0000141, 0xD0000241, 0xC0000341, 0xF0000441)
KEYS = {  # type, bits, curve, attributes
    b"aes": (0xA0000010, 256, None, SECRET),
    b"hmac": (0xA0000004, 512, None, SECRET),
    b"rsa": (0xA1000030, 1024, None, RSA),
    b"ecdsa": (0xA1000041, 256, 3, ECC),
}
MANY = 10  # the real one decrypts a block for each entry that it looks at
Files = dict[str, bytes]


class Side:
    """One of the two places, with a way to its files."""

    def __init__(self, place: Place, read: Callable[[], Files], write: Callable[[Files], None]) -> None:
        self.place = place
        self.read = read
        self.write = write


@pytest.fixture
def device(tmp_path: Path) -> StateDirectory:
    """A device with the hardware unique key of Debian's build: zeros."""
    made = StateDirectory(tmp_path / "zero")
    (made.path / "huk").write_bytes(bytes(16))
    return made


@pytest.fixture
def sides(real: RealPlace, machine: Machine, device: StateDirectory) -> Iterator[dict[str, Side]]:
    files = device.path / "tee"

    def put(found: Files) -> None:
        _forget(real, machine)
        put_guest_files(machine, found)

    put({})
    with Emulator(device, "stock") as target:
        yield {
            "real": Side(real, lambda: guest_files(machine), put),
            "emulated": Side(
                EmulatedPlace(target, device),
                lambda: directory_files(files),
                lambda found: put_directory_files(files, found),
            ),
        }


def installed(*places: Place) -> UUID:
    """The same probe in each place."""
    uuid = uuid4()
    image = ta.sign(probe.image(uuid), uuid, key())
    for place in places:
        place.install(uuid, image)
    return uuid


def _forget(place: Place, machine: Machine) -> None:
    """Have OP-TEE close its directory, which it may keep open for long: that fails once without its files."""
    uuid = installed(place)
    for _ in range(3):
        put_guest_files(machine, {})
        code, _ = ended(lambda: place.context.open_session(uuid).close())
        if code:
            assert code == gp.TEE_ERROR_CORRUPT_OBJECT
            return


def fill(storage: Storage) -> None:
    """Objects of many sizes, keys, and what changes do to them."""
    for size in (0, 4071, 4073, 9000):
        storage.close(storage.create(b"data%d" % size, bytes(n % 251 for n in range(size))))
    for name, (kind, bits, curve, _) in KEYS.items():
        made = storage.generate(kind, bits, curve)
        storage.close(storage.create(name, b"beside the key", key=made))
        storage.close(made)
    for n in range(MANY):
        storage.close(storage.create(b"many%d" % n, b"%d" % n))
    large = storage.create(b"large")
    assert isinstance(large, int)
    for n in range(36):
        assert storage.write(large, bytes([n]) * 4096) == 0
    storage.close(large)
    change(storage, b"first")


def change(storage: Storage, tag: bytes) -> None:
    """Rename, cut, extend, overwrite, delete."""
    storage.close(storage.create(tag + b" old name", b"x" * 3000))
    handle = storage.open(tag + b" old name")
    assert isinstance(handle, int)
    assert storage.rename(handle, tag + b" new name") == 0
    assert storage.truncate(handle, 1234) == 0
    assert storage.seek(handle, 5000) == 0
    assert storage.write(handle, b"behind a gap") == 0
    storage.close(handle)
    storage.close(storage.create(tag + b" twice", b"1" * 6000))
    storage.close(storage.create(tag + b" twice", b"2" * 10, ALL | OVERWRITE))
    storage.close(storage.create(tag + b" gone", b"gone"))
    gone = storage.open(tag + b" gone")
    assert isinstance(gone, int)
    assert storage.delete(gone) == 0
    storage.close(storage.create(b"", tag, ALL | OVERWRITE))


def everything(storage: Storage) -> dict[bytes, object]:
    """All objects, in the order of their enumeration."""
    attributes = {name: found[3] for name, found in KEYS.items()}
    return {name: storage.look(name, attributes.get(name, ())) for name in storage.names()}


@pytest.mark.parametrize("writer,reader", [("emulated", "real"), ("real", "emulated")])
def test_files_of_one_are_read_by_the_other(sides: dict[str, Side], writer: str, reader: str) -> None:
    from_, to = sides[writer], sides[reader]
    uuid = installed(from_.place, to.place)
    here = Storage(from_.place, uuid)
    fill(here)
    written = everything(here)
    assert len(written) == 4 + len(KEYS) + MANY + 1 + 2 + 1
    assert all(isinstance(seen, Seen) for seen in written.values())
    here.close_session()
    to.write(from_.read())

    there = Storage(to.place, uuid)
    assert everything(there) == written
    change(there, b"second")
    changed = everything(there)
    there.close_session()
    from_.write(to.read())

    back = Storage(from_.place, uuid)
    assert everything(back) == changed
    back.close_session()


def test_the_same_results(sides: dict[str, Side]) -> None:
    uuid = installed(*(side.place for side in sides.values()))
    there, here = (calls(Storage(side.place, uuid), Storage(side.place, uuid)) for side in sides.values())
    assert here == there, "left: the emulator, right: the real OP-TEE"


def calls(one: Storage, other: Storage) -> list[object]:
    """Calls of two sessions of one TA; handles are told by their being there."""
    seen: list[object] = []

    def note(result: object) -> int:
        seen.append("a handle" if isinstance(result, int) and result > 0 else result)
        return result if isinstance(result, int) else 0

    for storage in (0, 1, 2, 0x80000000, 0x80000100, 0x80000200, 1 << 32 | 1, 1 << 32):
        handle = note(one.create(b"id", b"x", storage=storage))
        if handle > 0:
            note(one.delete(handle))
    for flags in (0, READ, ALL, 0x8, 0x40, 0x800, 1 << 32 | READ):
        handle = note(one.create(b"flags", b"", flags))
        note(other.open(b"flags", READ))
        if handle > 0:
            note(one.close(handle))
    for length in (0, 1, 63, 64, 65):
        note(one.create(b"n" * length, b"length"))
        note(other.open(b"n" * length, READ | SHARE_READ))
    note(one.open(b"none"))
    shared = READ | WRITE | SHARE_READ | SHARE_WRITE
    note(one.close(note(one.create(b"shared", b"0123456789"))))
    first, second = note(one.open(b"shared", shared)), note(other.open(b"shared", shared))
    for round_ in range(2):
        note(one.write(first, b"%dabc" % round_))
        note(other.read(second, 3))
    note(other.seek(second, 0))
    note(other.read(second, 3))
    note(other.names() == one.names())
    note(one.close(first))
    for offset, whence in ((5, 0), (-9, 1), (3, 2), (1 << 31, 0), (-1, 0), (0, 3), (0, 1 << 32)):
        handle = note(one.create(b"seek", b"12345678", ALL | OVERWRITE))
        note(one.seek(handle, offset, whence))
        note(one.info(handle)[4:])
        note(one.close(handle))
    one.close_session()
    other.close_session()
    return seen


@pytest.mark.parametrize("length", [0, 1, 4096, 8192, 12288, 20000, 40000])
def test_a_large_object_is_cut(sides: dict[str, Side], length: int) -> None:
    uuid = installed(*(side.place for side in sides.values()))

    def cut(place: Place) -> list[object]:
        storage = Storage(place, uuid)
        handle = storage.create(b"large")
        assert isinstance(handle, int)
        for n in range(10):
            assert storage.write(handle, bytes([n]) * 4096) == 0
        seen: list[object] = [storage.truncate(handle, length), storage.info(handle)]
        storage.close(handle)
        seen += [storage.look(b"large"), storage.look(b"large"), storage.names()]
        storage.close_session()
        return seen

    there, here = (cut(side.place) for side in sides.values())
    assert here == there


@pytest.mark.parametrize("what", ["head", "root", "block", "short", "missing", "older", "swapped"])
def test_tampering_has_the_same_consequences(sides: dict[str, Side], what: str) -> None:
    uuid = installed(*(side.place for side in sides.values()))

    def tamper(side: Side) -> list[object]:
        storage = Storage(side.place, uuid)
        storage.close(storage.create(b"one", b"1" * 100))
        before = set(side.read())
        storage.close(storage.create(b"two", b"2" * 100))
        (name,) = set(side.read()) - before
        files = side.read()
        handle = storage.open(b"two")
        assert isinstance(handle, int)
        storage.write(handle, b"newer")
        storage.close(handle)
        side.write(tampered(side.read(), files, name, before, what))
        seen: list[object] = [storage.look(b"two"), storage.look(b"two"), storage.look(b"one")]
        seen += [storage.names(), name in side.read()]
        storage.close_session()
        return seen

    there, here = (tamper(side) for side in sides.values())
    assert here == there


def tampered(files: Files, older: Files, name: str, others: set[str], what: str) -> Files:
    """The files after something was done to the one called `name`."""
    data = bytearray(files[name])
    if what == "missing":
        return {n: d for n, d in files.items() if n != name}
    if what == "older":
        data = bytearray(older[name])
    elif what == "swapped":
        data = bytearray(files[max(others - {"dirf.db"})])
    elif what == "short":
        del data[5000:]
    else:
        start, end = {"head": (0, 136), "root": (4096, 4096 + 132), "block": (8192, 16384)}[what]
        for at in range(start, min(end, len(data))):
            data[at] ^= 0x5A
    return files | {name: bytes(data)}
