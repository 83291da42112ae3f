# SPDX-License-Identifier: BSD-2-Clause
"""Every TA of Debian's packages loads and opens a session, or gives the error that it gives on the metal."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.errors import PackageError, TeeError
from elfhaven.sdk import ta_files
from elfhaven.target.emulator import Emulator
from elfhaven.target.qemu.parts import guest
from elfhaven.target.state import StateDirectory
from elfhaven.target.xtest_fixtures import PLUGINS, PSEUDO_TAS

TA, TEE, OK, GENERIC = 4, 3, 0, 0xFFFF0000
REFUSED = {
    "c3f6e2c0-3548-11e1-b86c-0800200c9a66": (GENERIC, TA),  # fails to create itself, on purpose
    "b3091a65-9751-4784-abf7-0298a7cc35ba": (GENERIC, TEE),  # a library
    "ffd2bded-ab7d-4988-95ee-e4962fff7154": (GENERIC, TEE),  # a library
}
LEAST = 19


@pytest.fixture(scope="module")
def store() -> Path:
    try:
        tree = guest(lambda text: None)
    except PackageError as error:
        pytest.skip(f"Debian's packages are not to be had: {error.cause}")
    return tree / "usr/lib/optee_armtz"


def outcome(emulator: Emulator, uuid: UUID) -> tuple[int, int]:
    """Result and origin of opening a session."""
    try:
        emulator.context.open_session(uuid).close()
    except TeeError as error:
        return error.code, error.origin
    return OK, TA


@pytest.mark.parametrize("memory", ["stock", "large"])
def test_every_ta_opens_a_session(store: Path, tmp_path: Path, memory: str) -> None:
    files = sorted(store.glob("*.ta"))
    assert len(files) >= LEAST
    with Emulator(
        StateDirectory(tmp_path), memory, stores=(store,), pseudo_tas=PSEUDO_TAS, plugins=PLUGINS
    ) as emulator:
        found = {path.stem: outcome(emulator, UUID(path.stem)) for path in files}
    assert found == {path.stem: REFUSED.get(path.stem, (OK, TA)) for path in files}


def test_every_ta_can_be_shown(store: Path) -> None:
    for path in store.glob("*.ta"):
        shown = ta_files.show(path)
        assert shown["uuid"] == path.stem
        assert "default key" in str(shown["signer"])
        assert shown["loads"] == "yes"
