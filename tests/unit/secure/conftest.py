# SPDX-License-Identifier: BSD-2-Clause
from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from . import probe
from .client import Client
from .normal_world import NormalWorld


@pytest.fixture
def world() -> Iterator[NormalWorld]:
    made = NormalWorld()
    yield made
    made.close()


@pytest.fixture
def install(world: NormalWorld) -> Callable[..., UUID]:
    """Install a probe; its UUID."""

    def put(**options: int) -> UUID:
        uuid = uuid4()
        world.tas[uuid] = probe.signed(uuid, **options)
        return uuid

    return put


@pytest.fixture
def client(world: NormalWorld, install: Callable[..., UUID]) -> Iterator[Client]:
    """A session with a probe. Nothing may be held at the end of a test that closes it."""
    made = Client(world, install())
    yield made
    made.close()
    assert not any(world.core.leaks().values()), world.core.leaks()
