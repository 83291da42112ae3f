# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven ta`: show, install, list."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.unit.secure import probe
from tests.unit.secure.test_images import encrypted
from tests.unit.secure.test_libraries import thread_local
from tests.unit.secure.test_loader import LIBRARY, linked

from elfhaven.cli.main import main
from elfhaven.image import ta
from elfhaven.secure.store import ta_encryption_key
from elfhaven.target.emulator import Emulator
from elfhaven.target.state import StateDirectory

FLAGS = 1 << 2 | 1 << 3


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device that trusts the key of the probes."""
    state = tmp_path / "device"
    trusted = StateDirectory(state).path / "trusted"
    trusted.mkdir()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (trusted / "key.pem").write_bytes(probe.key().public_key().public_bytes(serialization.Encoding.PEM, form))
    return state


@pytest.fixture
def file(tmp_path: Path) -> tuple[Path, UUID]:
    uuid = uuid4()
    path = tmp_path / "probe.ta"
    path.write_bytes(probe.signed(uuid, version=3, flags=FLAGS, stack=10000))
    return path, uuid


def shown(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main(["ta", "show", "--json", str(path)]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    assert main(["ta", "show", str(path)]) == 0
    assert str(found["uuid"]) in capsys.readouterr().out
    return found


def test_show(file: tuple[Path, UUID], capsys: pytest.CaptureFixture[str]) -> None:
    path, uuid = file
    found = shown(path, capsys)
    assert (found["uuid"], found["version"], found["type"]) == (str(uuid), 3, "BOOTSTRAP_TA")
    assert (found["flags"], found["stack"]) == (["single instance", "multi session"], 10000)
    assert "not signed by a trusted key" in str(found["signer"])
    assert found["loads"] == "yes"


def test_memory_is_what_the_core_takes(
    file: tuple[Path, UUID], device: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, uuid = file
    told = int(str(shown(path, capsys)["memory"]).split()[0])
    with Emulator(StateDirectory(device), images={uuid: path.read_bytes()}) as emulator:
        emulator.context.open_session(uuid)
        assert emulator.core.leaks()["pages"] * 4096 == told


def test_show_a_ta_with_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uuid, path = uuid4(), tmp_path / "linked.ta"
    path.write_bytes(ta.sign(linked("linked.c", "library.c"), uuid, probe.key()))
    found = shown(path, capsys)
    assert found["needs"] == [str(LIBRARY)]
    assert found["imports"] == ["library_value", "library_word", "missing"]
    path.write_bytes(ta.sign(thread_local("-ftls-model=initial-exec")[0], uuid, probe.key()))
    found = shown(path, capsys)
    assert found["thread-local data"] == "16 bytes"
    assert "of type 1030" in str(found["relocations"])


def test_what_would_not_load_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.ta"
    path.write_bytes(ta.sign(b"no ELF", uuid4(), probe.key()))
    assert "TEE_ERROR_BAD_FORMAT" in str(shown(path, capsys)["loads"])


def test_install_and_list(file: tuple[Path, UUID], device: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, uuid = file
    assert main(["ta", "install", "--state", str(device), str(path)]) == 0
    assert str(uuid) in capsys.readouterr().out
    with Emulator(StateDirectory(device)) as emulator:
        emulator.context.open_session(uuid).close()
    (device / "ta" / "other.ta").write_bytes(b"junk")
    assert main(["ta", "list", "--state", str(device)]) == 0
    told = capsys.readouterr().out
    assert f"{uuid}" in told
    assert "version 3" in told
    assert "truncated TA" in told
    assert main(["ta", "list", "--state", str(device), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["uuid"] in (str(uuid), "other")


def test_install_what_only_this_device_can_read(
    tmp_path: Path, device: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uuid, path = uuid4(), tmp_path / "secret.ta"
    own = ta_encryption_key(StateDirectory(device).huk(), probe.key().public_key())
    path.write_bytes(encrypted(uuid, own))
    assert "one device" in str(shown(path, capsys)["encrypted"])
    assert main(["ta", "install", "--state", str(device), str(path)]) == 0
    with Emulator(StateDirectory(device)) as emulator:
        emulator.context.open_session(uuid).close()
    path.write_bytes(encrypted(uuid, AESGCM.generate_key(256)))
    assert main(["ta", "install", "--state", str(device), str(path)]) == 2
    assert "another key" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"hello", b"HSTO" + bytes(100), None])
def test_bad_input_ends_with_an_error(
    tmp_path: Path, device: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "bad.ta"
    if content is not None:
        path.write_bytes(content)
    for words in (["ta", "show", str(path)], ["ta", "install", "--state", str(device), str(path)]):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert told.startswith("elfhaven: ")
        assert "Traceback" not in told
        assert "internal error" not in told


def test_an_untrusted_ta_is_not_installed(
    file: tuple[Path, UUID], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ta", "install", "--state", str(tmp_path / "another"), str(file[0])]) == 2
    assert "not signed by a trusted key" in capsys.readouterr().err
