# SPDX-License-Identifier: BSD-2-Clause
"""What holds for every test."""

import signal

import pytest
from hypothesis import HealthCheck, settings

# a machine that has much else to do is no fault of a test
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """A job in the background, as CI may be, ignores SIGINT, and so would what a test starts."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
