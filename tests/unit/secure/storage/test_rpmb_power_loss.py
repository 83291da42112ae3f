# SPDX-License-Identifier: BSD-2-Clause
"""The power fails at every write of a block of the eMMC."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from elfhaven.normal.supplicant.rpmb import Partition, answer
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.storage.hash_tree import Secrets
from elfhaven.secure.storage.ree_fs import ReeFs
from elfhaven.secure.storage.rpmb_fs import RpmbFs
from elfhaven.secure.storage.rpmb_remote import RemoteRpmb
from elfhaven.secure.turn import Turn

from .fake_files import HUK, Objects, PowerCut, randomness
from .test_power_loss import Step, put, remove, rename, truncate, write

WORKLOAD = (
    put(b"a", b"first" * 10),
    put(b"b", b"B" * 1000),
    write(b"a", 20, b"second" * 100),
    write(b"a", 3, b"inside one block"),
    write(b"b", 250, b"across two blocks"),
    truncate(b"b", 300),
    truncate(b"b", 900),
    rename(b"b", b"d"),
    remove(b"a"),
    put(b"e", b"E" * 700),
)


class Device(RemoteRpmb):
    """The eMMC in a file, reached directly; `writes` blocks are written before the power fails."""

    def __init__(self, file: Path, writes: int) -> None:
        self.writes = writes
        self.done = 0
        self._partition = Partition(file, self._replace)

    def _replace(self, path: Path, data: bytes) -> None:
        if self.done == self.writes:
            raise PowerCut
        self.done += 1
        path.write_bytes(data)

    def transfer(self, request: bytes, size: int) -> bytes:
        return answer(self._partition, request, size)[1]


def storage(device: Device) -> Objects:
    """The file system as after a reset."""
    fs = RpmbFs(device, Turn(cast(Rpc, None)), Secrets(HUK, randomness(1)), None)
    return Objects(cast(ReeFs, fs))


def run(file: Path, writes: int) -> tuple[list[dict[bytes, bytes]], int]:
    """The states that may be there after so many writes; how many there were."""
    model: dict[bytes, bytes] = {}
    before: dict[bytes, bytes] = {}
    device = Device(file, writes)
    steps: tuple[Step, ...] = WORKLOAD
    try:
        objects = storage(device)
        for step in steps:
            before = dict(model)
            step(objects, model)
    except PowerCut:
        return [before, model], device.done
    return [model], device.done


def test_power_fails_at_every_write(tmp_path: Path) -> None:
    states, total = run(tmp_path / "whole", -1)
    assert storage(Device(tmp_path / "whole", -1)).all() == states[0]
    assert total > 40
    for writes in range(total):
        file = tmp_path / f"cut{writes}"
        states, _ = run(file, writes)
        found = storage(Device(file, -1))
        assert found.all() in states, f"after {writes} writes"
        for name in (b"a", b"e"):  # one of which may have been left unfinished
            if name not in found.names():
                found.put(name, b"y")
                assert found.get(name) == b"y"
        found.put(b"goes on", b"x" * 700)
        assert found.get(b"goes on") == b"x" * 700
        file.unlink(missing_ok=True)
