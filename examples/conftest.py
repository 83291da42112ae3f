# SPDX-License-Identifier: BSD-2-Clause
"""Lets the tests import what lies beside them and belongs to no package."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("cases")
