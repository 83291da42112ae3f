# SPDX-License-Identifier: BSD-2-Clause
"""A client written against the SDK sees the same of Debian's TAs on the real OP-TEE and on the emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfhaven.client import Context
from elfhaven.target.emulator import Emulator
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.parts import guest
from elfhaven.target.state import StateDirectory
from tests.support.debian_clients import CLIENTS, STORES


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client(machine: Machine, tmp_path: Path, name: str) -> None:
    with Context("qemu") as real:
        there = CLIENTS[name](real)
    stores = [guest(lambda text: None) / store for store in STORES]
    with Context(Emulator(StateDirectory(tmp_path), stores=stores)) as emulated:
        here = CLIENTS[name](emulated)
    assert here == there, "left: the emulator, right: the real OP-TEE"
