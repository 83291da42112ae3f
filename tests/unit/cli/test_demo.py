# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven demo`, whole: builds, tells natively and inside, verifies its log."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_demo_tells_the_same_tale_inside(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    env |= {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("DATA", "STATE")}
    done = subprocess.run(
        [sys.executable, "-m", "elfhaven", "demo", "--steps", "24"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^tokens/s +[0-9.]+ +[0-9.-]+$", done.stdout, re.MULTILINE)
    assert re.search(r"^  pread64 +[1-9]\d*$", done.stdout, re.MULTILINE)
    assert "audit log whole: " in done.stdout
    assert done.stdout.endswith("inside and outside told the same tale\n")
