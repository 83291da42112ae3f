# SPDX-License-Identifier: BSD-2-Clause
"""Clients of a TA: /dev/tee0 as Linux has it, several clients on one emulator, the end of one in a call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.secure import probe

from elfhaven.normal.ree.process import Process
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

from .running import Ended, build, run

EXPECTED = """\
version 1 1 d
public 0 0
user 0 0
group 0 0
other group -1
application -22
kernel -1
no session -22
echo 0 0: edcb 42
registered 1 8192
read-only -1 1
beyond -22
unknown -22
watched 0 0
written by the TA 2
closed -22
close 0 again -1
"""


@pytest.fixture
def device(tmp_path: Path) -> StateDirectory:
    made = StateDirectory(tmp_path / "device")
    trusted = tmp_path / "device" / "trusted"
    trusted.mkdir()
    pem = probe.key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (trusted / "probe.pem").write_bytes(pem)
    return made


@pytest.fixture
def ta() -> UUID:
    return uuid4()


@pytest.fixture
def emulator(device: StateDirectory, ta: UUID) -> Iterator[Emulator]:
    with Emulator(device, images={ta: probe.signed(ta)}) as made:
        yield made
        held = made.core.leaks()
        assert not any(held.values()), held


def client(emulator: Emulator, *arguments: str, **how: object) -> Ended:
    return run(build("tee"), *arguments, normal=emulator.normal, driver=emulator.driver, **how)  # type: ignore[arg-type]


def test_a_client_over_ioctls(emulator: Emulator, ta: UUID) -> None:
    """What it leaves open is closed at its end: the fixture looks for leaks."""
    found = client(emulator, ta.hex)
    assert (found.output, found.status) == (EXPECTED, 0)


def test_two_clients_at_once(emulator: Emulator, ta: UUID) -> None:
    before = emulator.normal.free_bytes
    found: list[str] = []

    def one() -> None:
        out = bytearray()
        process = Process(emulator.driver, emulator.normal, stdout=out.extend)
        assert process.run(build("tee"), ["tee", ta.hex], {}) == 0
        found.append(out.decode())

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [EXPECTED, EXPECTED]
    assert emulator.normal.free_bytes <= before


def test_a_client_killed_in_a_call(emulator: Emulator, ta: UUID) -> None:
    """The call comes to its end first, as on Linux; then its sessions are closed."""

    def kill_soon(process: Process) -> None:
        def later() -> None:
            while not any(thread.running for thread in emulator.core.threads.threads):
                time.sleep(0.001)
            process.kill()
            time.sleep(0.05)
            emulator.core.interrupt()

        threading.Thread(target=later).start()

    found = client(emulator, ta.hex, "spin", started=kill_soon)
    assert found.status == 137


def test_a_thread_cancels_the_call_of_another(emulator: Emulator, ta: UUID) -> None:
    found = run(build("waiting"), ta.hex, "cancel", normal=emulator.normal, driver=emulator.driver)
    assert (found.output, found.status) == ("waited 0: 0 ffff0002\ncancel 0\n", 0)


def test_memory_is_registered_while_all_of_the_tee_is_busy(emulator: Emulator, ta: UUID) -> None:
    """The calls under way end by another thread of the client: it must go on while the registration waits."""
    found = run(build("waiting"), ta.hex, "share", normal=emulator.normal, driver=emulator.driver)
    assert (found.output, found.status) == ("watched 0\nwatched 0\nregistered 1\n", 0)
