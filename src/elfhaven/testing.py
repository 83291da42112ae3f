# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures for the tests of a TA, as a pytest plugin.

tas       the TAs: those of the project (see `elfhaven new`); override it to give others
tee       a Context on an emulator with those TAs and a fresh device; nothing may be left open at its end
session   a session with the first TA
console   the lines of the secure console so far
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from elfhaven.client import Context, Session
    from elfhaven.ta import TrustedApplication

__all__ = ["console", "session", "tas", "tee"]


@pytest.fixture
def tas(request: pytest.FixtureRequest) -> Sequence[type[TrustedApplication]]:
    """The TAs of the project that the tests lie in."""
    from elfhaven.sdk.ta_project import load_tas

    return load_tas(request.config.rootpath)


@pytest.fixture
def tee(tas: Sequence[type[TrustedApplication]], tmp_path: Path) -> Iterator[Context]:
    """A context with the TAs on a device of its own."""
    from elfhaven.client import Context

    with Context(tas=tas, state=tmp_path / "device") as context:
        yield context


@pytest.fixture
def session(tee: Context, tas: Sequence[type[TrustedApplication]]) -> Iterator[Session]:
    """A session with the first of the TAs."""
    with tee.open_session(tas[0].uuid) as opened:
        yield opened


@pytest.fixture
def console(tee: Context) -> Sequence[str]:
    """What TAs and core say."""
    return tee.console
