# SPDX-License-Identifier: BSD-2-Clause
"""Persistent objects by way of the probe TA, in the emulator or on the real OP-TEE; and their files."""

from __future__ import annotations

import io
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from elfhaven.target.qemu.command import captured
from elfhaven.target.qemu.machine import Machine
from tests.unit.secure.probe import PRIVATE, SHARED, Probe

from .places import Ended, Place, ProbeSession

READ, WRITE, META, SHARE_READ, SHARE_WRITE, OVERWRITE = 1, 2, 4, 0x10, 0x20, 0x400
ALL = READ | WRITE | META
DIRECTORY = "/var/lib/optee-client/data/tee"
NAME, CONTENT, OUT, SIZE, AREA = (PRIVATE | at for at in (512, 1024, 8192, 9216, 12288))
_STAGE = 49152
_PIECE = 4096
Info = tuple[int, ...]  # type, size, max size, usage, size of the data, position, flags


@dataclass(frozen=True)
class Seen:
    """An object as a TA sees it."""

    info: Info
    data: bytes
    attributes: dict[int, bytes | int | Ended]


class Storage:
    """The storage calls of a probe. A call that fails gives its result negated, or how the TA ended."""

    def __init__(self, place: Place, uuid: UUID) -> None:
        self.session = ProbeSession(place, uuid)
        assert self.session.run(Probe.SCRATCH) == (0, 0)
        self._scratch = self.session.word()

    def close_session(self) -> None:
        self.session.close()

    # ---- the TA's memory

    def put(self, data: bytes, where: int) -> int:
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            self.session.memory.view[_STAGE : _STAGE + len(piece)] = piece
            assert self.session.run(Probe.COPY, where + at, SHARED | _STAGE, len(piece)) == (0, 0)
        return where

    def get(self, size: int, where: int) -> bytes:
        assert self.session.run(Probe.COPY, SHARED | _STAGE, where, size) == (0, 0)
        return bytes(self.session.memory.view[_STAGE : _STAGE + size])

    def svc(self, number: int, *arguments: int) -> int | Ended:
        result = self.session.svc(number, *arguments)
        return -result if isinstance(result, int) else result

    def _handle(self, result: int | Ended) -> int | Ended:
        return int.from_bytes(self.get(4, OUT), "little") if result == 0 else result

    # ---- calls

    def create(
        self, name: bytes, data: bytes = b"", flags: int = ALL, *, key: int = 0, storage: int = 1
    ) -> int | Ended:
        names, content = self.put(name, NAME), self.put(data, CONTENT) if data else 0
        return self._handle(self.svc(42, storage, names, len(name), flags, key, content, len(data), OUT))

    def open(self, name: bytes, flags: int = ALL, storage: int = 1) -> int | Ended:
        return self._handle(self.svc(41, storage, self.put(name, NAME), len(name), flags, OUT))

    def close(self, handle: int | Ended) -> int | Ended:
        assert isinstance(handle, int)
        return self.svc(28, handle)

    def delete(self, handle: int) -> int | Ended:
        return self.svc(43, handle)

    def rename(self, handle: int, name: bytes) -> int | Ended:
        return self.svc(44, handle, self.put(name, NAME), len(name))

    def read(self, handle: int, size: int) -> bytes | int | Ended:
        result = self.svc(50, handle, AREA, size, SIZE)
        return self.get(int.from_bytes(self.get(8, SIZE), "little"), AREA) if result == 0 else result

    def write(self, handle: int, data: bytes) -> int | Ended:
        return self.svc(51, handle, self.put(data, AREA), len(data))

    def truncate(self, handle: int, length: int) -> int | Ended:
        return self.svc(52, handle, length)

    def seek(self, handle: int, offset: int, whence: int = 0) -> int | Ended:
        return self.svc(53, handle, offset & 0xFFFFFFFFFFFFFFFF, whence)

    def info(self, handle: int) -> Info:
        assert self.svc(24, handle, OUT) == 0
        return struct.unpack("<7I", self.get(28, OUT))

    def attribute(self, handle: int, number: int) -> bytes | int | Ended:
        self.put((2048).to_bytes(8, "little"), SIZE)
        result = self.svc(26, handle, number, AREA, SIZE)
        return self.get(int.from_bytes(self.get(8, SIZE), "little"), AREA) if result == 0 else result

    def generate(self, kind: int, bits: int, curve: int | None = None) -> int:
        """A transient key of a kind."""
        made = self._handle(self.svc(27, kind, bits, OUT))
        assert isinstance(made, int)
        assert made > 0, hex(-made)
        attributes = b"" if curve is None else struct.pack("<QQII", curve, 0, 0xF0000441, 0)
        result = self.svc(54, made, bits, self.put(attributes, CONTENT), len(attributes) // 24)
        assert result == 0, result
        return made

    # ---- all of it

    def names(self) -> list[bytes]:
        """What an enumerator gives, in its order."""
        number = self._handle(self.svc(45, OUT))
        assert isinstance(number, int)
        found = []
        if self.svc(48, number, 1) == 0:
            while self.svc(49, number, OUT, AREA, SIZE) == 0:
                found.append(self.get(int.from_bytes(self.get(8, SIZE), "little"), AREA))
        assert self.svc(46, number) == 0
        return found

    def look(self, name: bytes, attributes: tuple[int, ...] = ()) -> Seen | int | Ended:
        """An object with all of its data, and the attributes that are asked for."""
        handle = self.open(name, READ)
        if not isinstance(handle, int) or handle < 0:
            return handle
        info, data = self.info(handle), b""
        while len(data) < info[4]:
            piece = self.read(handle, _PIECE)
            assert isinstance(piece, bytes), piece
            data += piece
        seen = Seen(info, data, {number: self.attribute(handle, number) for number in attributes})
        self.close(handle)
        return seen


# ---- files


def guest_files(machine: Machine) -> dict[str, bytes]:
    """The files of REE-FS in the guest."""
    status, packed, _ = captured(machine, ("tar", "c", "-C", DIRECTORY, "."))
    assert status == 0
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        return {Path(m.name).name: archive.extractfile(m).read() for m in members}  # type: ignore[union-attr]


def put_guest_files(machine: Machine, files: dict[str, bytes]) -> None:
    """These files, and no others."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o600
            archive.addfile(member, io.BytesIO(data))
    script = f"rm -rf {DIRECTORY}/* && tar x -C {DIRECTORY}"
    assert captured(machine, ("sh", "-c", script), packed.getvalue())[0] == 0


def directory_files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def put_directory_files(path: Path, files: dict[str, bytes]) -> None:
    path.mkdir(exist_ok=True)
    for old in path.iterdir():
        old.unlink()
    for name, data in files.items():
        (path / name).write_bytes(data)
