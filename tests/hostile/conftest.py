# SPDX-License-Identifier: BSD-2-Clause
"""One emulated device for each module of hostile tests; it must leak nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.hostile.inside import Device


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    made = Device(tmp_path_factory.mktemp("device"))
    os.symlink("data", made.place / "in/link")
    yield made
    made.close()
