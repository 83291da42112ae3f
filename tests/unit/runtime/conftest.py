# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: the runtime's C as a library of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.runtime import host


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return host.build(tmp_path_factory.mktemp("host"))


@pytest.fixture
def fresh(library: Path, tmp_path: Path) -> Callable[..., host.Host]:
    """Makes a library in its first state: a copy is loaded anew."""
    made: list[Path] = []

    def load(memory: int = 1 << 40) -> host.Host:
        made.append(tmp_path / f"runtime{len(made)}.so")
        shutil.copy(library, made[-1])
        return host.Host(made[-1], memory)

    return load
