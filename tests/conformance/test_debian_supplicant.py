# SPDX-License-Identifier: BSD-2-Clause
"""Debian's own tee-supplicant in the emulated normal world: TAs, files and plugins come through it."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from elfhaven.abi import gp
from elfhaven.errors import PackageError, TargetError, TeeError, UsageError
from elfhaven.normal.client import Session
from elfhaven.normal.transport import Direction, Value
from elfhaven.target.emulator import Emulator
from elfhaven.target.qemu import parts
from elfhaven.target.qemu.large import KIT
from elfhaven.target.ree import run_client, switched_on
from elfhaven.target.state import StateDirectory
from elfhaven.target.xtest import Reader, words
from elfhaven.target.xtest_fixtures import PSEUDO_TAS
from tests.unit.secure import probe
from tests.unit.secure.probe import PRIVATE, SHARED, Probe

CLOSE, OPEN, CREATE, READ = 28, 41, 42, 50
READ_WRITE, OUT = 7, 8192


@pytest.fixture(scope="module")
def system() -> Path:
    try:
        return parts.guest(print)
    except PackageError as error:
        pytest.skip(f"Debian's archive cannot be had: {error.cause}")


@pytest.fixture
def device(tmp_path: Path) -> StateDirectory:
    made = StateDirectory(tmp_path / "device")
    (tmp_path / "device" / "trusted").mkdir()
    pem = probe.key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "device" / "trusted" / "probe.pem").write_bytes(pem)
    return made


@pytest.fixture
def ta(device: StateDirectory) -> UUID:
    """A TA in the device's store."""
    uuid = uuid4()
    device.install(uuid, probe.signed(uuid))
    return uuid


class Probed:
    """A session with the probe; words are u64."""

    def __init__(self, emulator: Emulator, uuid: UUID) -> None:
        self.memory = emulator.context.allocate(65536)
        self.session: Session = emulator.context.open_session(uuid)

    def invoke(self, command: Probe, *given: int) -> None:
        struct.pack_into(f"<{len(given)}Q", self.memory.view, 0, *given)
        self.session.invoke(command, Value(0, 0, Direction.INOUT), self.memory.ref(Direction.INOUT))

    def svc(self, number: int, *arguments: int) -> int:
        self.invoke(Probe.SVC, number, *arguments, *[0] * (8 - len(arguments)))
        found: int = struct.unpack_from("<Q", self.memory.view, 0)[0]
        return found

    def put(self, data: bytes, offset: int) -> int:
        self.memory.view[256 : 256 + len(data)] = data
        self.invoke(Probe.COPY, PRIVATE | offset, SHARED | 256, len(data))
        return PRIVATE | offset

    def get(self, offset: int, size: int) -> bytes:
        self.invoke(Probe.COPY, SHARED | 256, PRIVATE | offset, size)
        return bytes(self.memory.view[256 : 256 + size])

    def create(self, name: bytes, data: bytes) -> int:
        names, content = self.put(name, 512), self.put(data, 16384)
        result = self.svc(CREATE, 1, names, len(name), READ_WRITE, 0, content, len(data), PRIVATE | OUT)
        return result or self.svc(CLOSE, int.from_bytes(self.get(OUT, 4), "little"))

    def read(self, name: bytes, size: int) -> bytes:
        result = self.svc(OPEN, 1, self.put(name, 512), len(name), READ_WRITE, PRIVATE | OUT)
        assert result == gp.TEE_SUCCESS, hex(result)
        handle = int.from_bytes(self.get(OUT, 4), "little")
        assert self.svc(READ, handle, PRIVATE | 16384, size, PRIVATE | OUT) == gp.TEE_SUCCESS
        found = self.get(16384, int.from_bytes(self.get(OUT, 8), "little"))
        assert self.svc(CLOSE, handle) == gp.TEE_SUCCESS
        return found


@contextmanager
def probed(device: StateDirectory, uuid: UUID, supplicant: Path | None) -> Iterator[Probed]:
    with switched_on(device, supplicant=supplicant) as emulator:
        made = Probed(emulator, uuid)
        yield made
        made.session.close()


def test_it_loads_tas_and_keeps_objects(system: Path, device: StateDirectory, ta: UUID) -> None:
    """What it has stored our own supplicant finds, and the reverse: both keep OP-TEE's files in one place."""
    data = bytes(range(256)) * 40
    with probed(device, ta, system) as one:
        assert one.create(b"theirs", data) == gp.TEE_SUCCESS
        assert one.read(b"theirs", len(data)) == data
    with probed(device, ta, None) as one:
        assert one.read(b"theirs", len(data)) == data
        assert one.create(b"ours", data[::-1]) == gp.TEE_SUCCESS
    with probed(device, ta, system) as one:
        assert one.read(b"ours", len(data)) == data[::-1]


def test_a_ta_that_it_does_not_find(system: Path, device: StateDirectory) -> None:
    with switched_on(device, supplicant=system) as emulator, pytest.raises(TeeError) as failed:
        emulator.context.open_session(uuid4())
    assert failed.value.code == gp.TEE_ERROR_ITEM_NOT_FOUND


def test_nobody_waits_for_one_that_has_ended(
    system: Path, device: StateDirectory, ta: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elfhaven.target.program_supplicant import ProgramSupplicant

    stops: list[Callable[[], None]] = []
    start = ProgramSupplicant.start

    def started(self: ProgramSupplicant, *given: object) -> None:
        start(self, *given)  # type: ignore[arg-type]
        stops.append(self.stop)

    monkeypatch.setattr(ProgramSupplicant, "start", started)
    with switched_on(device, supplicant=system) as emulator:
        stops[0]()
        with pytest.raises(TeeError):
            emulator.context.open_session(ta)


def test_a_system_without_one(device: StateDirectory, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tee-supplicant"), switched_on(device, supplicant=tmp_path):
        pass


def test_one_that_does_not_serve(system: Path, device: StateDirectory, tmp_path: Path) -> None:
    """Another program in its place: what it says is told."""
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/tee-supplicant").write_bytes((system / "usr/bin/busybox").read_bytes())
    with pytest.raises(TargetError, match="does not serve"), switched_on(device, supplicant=tmp_path):
        pass


@pytest.mark.slow
def test_xtest_through_it(system: Path, tmp_path: Path) -> None:
    """TAs, the plugin, trusted storage, sockets and several requests at once."""
    device = StateDirectory(tmp_path / "device")
    for image in (system / KIT / "ta").glob("*.ta"):
        device.install(UUID(image.stem), image.read_bytes())
    wanted = ("1001", "1004", "1033", "2004", "6001", "6004", "6016")
    reader = Reader(time.monotonic)
    command = words("regression", 0, wanted)
    status = run_client(
        system / "usr/bin" / command[0],
        command,
        device=device,
        sysroot=system,
        stdout=reader.feed,
        stderr=reader.feed,
        pseudo_tas=PSEUDO_TAS,
        supplicant=system,
    )
    report = reader.end(status)
    assert report.passed, [(case.name, case.lines) for case in report.of("failed", "unfinished")]
    assert {case.name for case in report.of("ok")} == {f"regression_{number}" for number in wanted}
