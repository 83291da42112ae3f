# SPDX-License-Identifier: BSD-2-Clause
"""Connections that end in the middle, and bridges that are killed: nothing half-written stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from tests.unit.qemu.bridge_process import BridgeProcess, Start

from elfhaven.abi import bridge as wire
from elfhaven.normal.bridge_link import Link, User, frame

NAME = UUID(int=7)
TOTAL = 1000


def _part(offset: int, size: int) -> bytes:
    head = wire.INSTALL.struct.pack(NAME.bytes, TOTAL, offset)
    return frame(wire.Kind.INSTALL, 1, head, b"x" * size)


def _begun(bridge: BridgeProcess, directory: Path) -> Link:
    """A connection with half a file on its way."""
    link = Link(bridge.stream)
    assert link.greet(User(0, 0, ()), 5.0)
    link.send((_part(0, TOTAL // 2), frame(wire.Kind.LOG, 2)))
    assert link.take().kind == wire.Kind.TEXT, "what was sent before was taken"
    assert [path.name for path in directory.iterdir()] == [f".{NAME}.{bridge.process.pid}"]
    return link


def test_a_client_that_goes_in_the_middle_of_a_file(start: Start, tmp_path: Path) -> None:
    bridge = start()
    _begun(bridge, tmp_path)
    bridge.stream.close()
    assert bridge.ends() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_the_rules_is_removed(start: Start, tmp_path: Path) -> None:
    bridge = start()
    link = _begun(bridge, tmp_path)
    link.send((_part(TOTAL // 2 + 1, 1),))
    assert link.take().kind == wire.Kind.ERROR
    assert bridge.ends() == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_bridge_left_is_removed_by_the_next_one(start: Start, tmp_path: Path) -> None:
    killed = start()
    _begun(killed, tmp_path)
    killed.process.kill()
    killed.process.wait()
    assert len(list(tmp_path.iterdir())) == 1
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    others = [f".{NAME}.{running.pid}", f".{NAME}.x", ".hidden", f"{NAME}.txt"]
    try:
        for name in others:
            (tmp_path / name).touch()
        link = Link(start().stream)
        assert link.greet(User(0, 0, ()), 5.0)
        link.send((_part(0, TOTAL),))
        assert link.take().kind == wire.Kind.REPLY
    finally:
        running.communicate(b"\n")
    assert sorted(os.listdir(tmp_path)) == sorted([*others, f"{NAME}.ta"])
    assert (tmp_path / f"{NAME}.ta").read_bytes() == b"x" * TOTAL
