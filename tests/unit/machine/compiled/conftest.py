# SPDX-License-Identifier: BSD-2-Clause
"""What the random tests of the native tier were made from is said at their end."""

from __future__ import annotations

import os

import pytest

_CHOICES = ("ELFHAVEN_SEED", "ELFHAVEN_STATES", "ELFHAVEN_SEQUENCES")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    words = [f"{name}={os.environ[name]}" for name in _CHOICES if name in os.environ]
    terminalreporter.write_line(f"native tier, random tests: {' '.join(words) or 'ELFHAVEN_SEED=1'}")
