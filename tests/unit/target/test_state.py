# SPDX-License-Identifier: BSD-2-Clause
"""The device's directory: keys made once, atomic objects, one transaction at a time."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest

from elfhaven.errors import StateError
from elfhaven.target.state import StateDirectory, replace_file

NAME = UUID("12345678-1234-5678-1234-567812345678")


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    key = StateDirectory(tmp_path / "device").huk()
    assert len(set(key)) > 1
    assert StateDirectory(tmp_path / "device").huk() == key
    assert StateDirectory(tmp_path / "other").huk() != key
    assert (tmp_path / "device/huk").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "device").stat().st_mode & 0o777 == 0o700


def test_a_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "huk").write_bytes(b"short")
    with pytest.raises(StateError, match="holds 5 bytes"):
        StateDirectory(tmp_path).huk()
    assert (tmp_path / "huk").read_bytes() == b"short"


def test_old_form_of_storage_is_refused_by_name(tmp_path: Path) -> None:
    device = StateDirectory(tmp_path)
    assert device.storage() == tmp_path / "tee"
    (tmp_path / "storage").mkdir()
    assert device.storage() == tmp_path / "tee"  # one that never held anything
    (tmp_path / "storage" / "ocore%2Fta_ver.db").write_bytes(b"x")
    with pytest.raises(StateError, match="given up") as refused:
        device.storage()
    assert "remove" in refused.value.fix


def test_a_put_that_fails_leaves_the_old_object(tmp_path: Path) -> None:
    target = tmp_path / "object"
    replace_file(target, b"old")
    with pytest.raises(TypeError):
        replace_file(target, "no bytes")  # type: ignore[arg-type]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["object"]


def test_a_name_belongs_to_its_first_signer(tmp_path: Path) -> None:
    device = StateDirectory(tmp_path)
    device.claim(NAME, "llama", "aa" * 32)
    device.claim(NAME, "llama", "aa" * 32)
    with pytest.raises(StateError, match="llama is installed on this device under another key"):
        StateDirectory(tmp_path).claim(NAME, "llama", "bb" * 32)


def test_a_second_process_waits_for_the_lock(tmp_path: Path) -> None:
    device = StateDirectory(tmp_path)
    done = threading.Event()

    def other() -> None:
        with StateDirectory(tmp_path).transaction():
            done.set()

    with device.transaction():
        thread = threading.Thread(target=other)
        thread.start()
        assert not done.wait(0.1)
    assert done.wait(5)
    thread.join()


def test_a_lock_that_is_not_released_names_its_holder(tmp_path: Path) -> None:
    script = (
        "import sys; from elfhaven.target.state import StateDirectory\n"
        "with StateDirectory(sys.argv[1]).transaction(): print('held', flush=True); sys.stdin.read()"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        with pytest.raises(StateError, match=f"in use by process {holder.pid} "):
            StateDirectory(tmp_path, lock_wait=0.1).huk()
        assert 0.1 <= time.monotonic() - started < 3
        holder.kill()
    assert StateDirectory(tmp_path, lock_wait=0.1).huk()


def test_a_directory_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="Not a directory"):
        StateDirectory(tmp_path / "file" / "device")
    (tmp_path / "device").mkdir()
    (tmp_path / "device/huk").mkdir()
    with pytest.raises(StateError, match="huk"):
        StateDirectory(tmp_path / "device").huk()


def test_trusted_keys_are_the_defaults_until_the_directory_exists(tmp_path: Path) -> None:
    device = StateDirectory(tmp_path)
    assert device.trusted_keys() is None
    (tmp_path / "trusted").mkdir()
    assert device.trusted_keys() == ()
    (tmp_path / "trusted/a.pem").write_bytes(b"key")
    assert device.trusted_keys() == (tmp_path / "trusted/a.pem",)


def test_the_store_holds_the_last_installed(tmp_path: Path) -> None:
    device = StateDirectory(tmp_path)
    for image in (b"one", b"two", b"two", b"longer"):
        device.install(NAME, image)
        assert (tmp_path / f"ta/{NAME}.ta").read_bytes() == image
