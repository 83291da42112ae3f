# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: the bridge with a fake TEE, and connections to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.qemu.bridge_process import BridgeProcess, Start, build

from elfhaven.normal.bridge_link import Link, User
from elfhaven.normal.bridge_transport import BridgeTransport
from elfhaven.normal.client import Context


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("bridge") / "bridge")


@pytest.fixture
def start(program: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts bridges, each with a connection; they have ended when the test has."""
    made: list[BridgeProcess] = []

    def begin() -> BridgeProcess:
        made.append(BridgeProcess(program, tmp_path))
        return made[-1]

    yield begin
    for bridge in made:
        bridge.close()


@pytest.fixture
def bridge(start: Start) -> BridgeProcess:
    return start()


@pytest.fixture
def transport(bridge: BridgeProcess) -> BridgeTransport:
    link = Link(bridge.stream)
    assert link.greet(User(1000, 100, (100, 27)), 5.0)
    return BridgeTransport(link)


@pytest.fixture
def context(transport: BridgeTransport) -> Iterator[Context]:
    with Context(transport) as made:
        yield made
