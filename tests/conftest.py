# SPDX-License-Identifier: BSD-2-Clause
"""What holds for every test."""

import signal

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """A job in the background, as CI may be, ignores SIGINT, and so would what a test starts."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
