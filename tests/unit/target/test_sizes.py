# SPDX-License-Identifier: BSD-2-Clause
"""A file that would halt a stock OP-TEE is not sent to it."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from elfhaven.errors import UsageError
from elfhaven.target.state import StateDirectory
from elfhaven.target.targets import STOCK_FILE_MAX, open_target


@pytest.mark.parametrize("target", ["emulator", "qemu"])
def test_a_file_that_is_too_large_for_a_stock_core(target: str, tmp_path: Path) -> None:
    images = {uuid4(): bytes(100), uuid4(): bytes(STOCK_FILE_MAX + 1)}
    with pytest.raises(UsageError, match="halts on one of more than") as error:
        open_target(target, StateDirectory(tmp_path), "stock", images)
    assert "--memory large" in str(error.value.fix)


def test_the_large_build_takes_it(tmp_path: Path) -> None:
    with open_target("emulator", StateDirectory(tmp_path), "large", {uuid4(): bytes(STOCK_FILE_MAX + 1)}):
        pass
