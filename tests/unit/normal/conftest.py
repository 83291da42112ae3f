# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the normal world's tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.normal.delegation import Requester

from elfhaven.normal.agent import Agent
from elfhaven.normal.policy import Root, RootPolicy


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with `in` (readable), `out` (writable) and `secret` (neither)."""
    root = tmp_path.resolve()
    for name in ("in", "out", "secret"):
        (root / name).mkdir()
    (root / "in" / "data").write_bytes(b"0123456789")
    (root / "secret" / "key").write_bytes(b"secret")
    return root


@pytest.fixture
def policy(place: Path) -> RootPolicy:
    return RootPolicy([Root(f"{place}/in", True)], [Root(f"{place}/out", True)], str(place))


@pytest.fixture
def requester(policy: RootPolicy) -> Iterator[Requester]:
    """An agent whose streams are /dev/null; it must not leave a descriptor open."""
    before = set(os.listdir("/proc/self/fd"))
    null = os.open("/dev/null", os.O_RDWR)
    agent = Agent(policy, streams=(null, null, null))
    yield Requester(agent)
    agent.close()
    os.close(null)
    assert set(os.listdir("/proc/self/fd")) == before
