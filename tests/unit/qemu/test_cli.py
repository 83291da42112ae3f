# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven qemu` where no machine is on, and what the target refuses before it starts one."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from elfhaven.cli.main import main
from elfhaven.errors import SignatureError, UsageError
from elfhaven.image import ta
from elfhaven.target.qemu.boot import prepare
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.target import Qemu


@pytest.fixture(autouse=True)
def own_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_no_machine_is_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qemu", "status"]) == 1
    assert capsys.readouterr().out == "no machine is on\n"
    assert main(["qemu", "down"]) == 0
    assert "no machine was on" in capsys.readouterr().err


def test_a_shell_and_a_log_of_a_machine_that_is_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["qemu", "shell"]) == 2
    assert "the machine stock is off" in capsys.readouterr().err
    (tmp_path / "elfhaven/qemu/stock").mkdir(parents=True)
    (tmp_path / "elfhaven/qemu/stock/secure.log").write_text("I/TC: of the last run\n")
    assert main(["qemu", "log"]) == 0
    assert capsys.readouterr().out == "I/TC: of the last run\n"


def test_a_ta_that_the_machine_would_not_load_is_refused_here(tmp_path: Path) -> None:
    uuid = UUID(int=5)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    image = ta.sign(b"\x7fELF", uuid, key)
    with pytest.raises(SignatureError, match="public default key alone"):
        Qemu(Machine("stock", tmp_path), "stock", print, {uuid: image})


def test_a_layout_that_is_none() -> None:
    with pytest.raises(UsageError, match="no secure memory called 'huge'"):
        prepare("huge", print)
