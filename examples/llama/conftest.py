# SPDX-License-Identifier: BSD-2-Clause
"""Lets the tests import the scripts, which lie beside them and belong to no package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
