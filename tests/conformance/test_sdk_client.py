# SPDX-License-Identifier: BSD-2-Clause
"""A client written against the SDK talks to Debian's own TAs on the emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfhaven.client import Context
from elfhaven.errors import PackageError
from elfhaven.target.emulator import Emulator
from elfhaven.target.qemu.parts import guest
from elfhaven.target.state import StateDirectory
from tests.support.debian_clients import CLIENTS, STORES


@pytest.fixture(scope="module")
def stores() -> list[Path]:
    try:
        return [guest(lambda text: None) / store for store in STORES]
    except PackageError as error:
        pytest.skip(f"Debian's packages are not to be had: {error.cause}")


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client(stores: list[Path], tmp_path: Path, name: str) -> None:
    emulator = Emulator(StateDirectory(tmp_path), stores=stores)
    with Context(emulator) as tee:
        seen = CLIENTS[name](tee)
        assert len(seen) >= 3
        assert not emulator.core.all_sessions()
