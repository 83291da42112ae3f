# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of a project's tests with its TAs packed: those in PACKED_TAS, on the emulator, or on the machine
PACKED_MACHINE with the real OP-TEE."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.client import Context
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.target import Qemu


@pytest.fixture
def tee(tmp_path: Path) -> Iterator[Context]:
    images = {UUID(file.stem): file.read_bytes() for file in Path(os.environ["PACKED_TAS"]).glob("*.ta")}
    if name := os.environ.get("PACKED_MACHINE"):
        with Qemu(Machine(name), os.environ.get("PACKED_MEMORY", "stock"), print, images) as target:
            yield target.context  # type: ignore[misc]
        return
    memory = os.environ.get("PACKED_MEMORY", "stock")
    with Context(images=images, state=tmp_path / "device", memory=memory) as context:
        yield context
