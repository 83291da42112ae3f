# SPDX-License-Identifier: BSD-2-Clause
"""Finding a node, and what a user reads where there is none, a wrong one, or one that may not be used."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from elfhaven.abi import tee_ioctl as tee
from elfhaven.errors import TargetError
from elfhaven.target.device import node as module
from elfhaven.target.device.node import Node, find

from .fake_tee import FakeTee


def test_the_first_optee_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(module.VARIABLE, raising=False)
    for name in ("tee10", "tee1", "tee0", "teepriv0", "teeth"):
        (tmp_path / name).touch()
    answers = [FakeTee(implementation=tee.IMPL_ID_AMDTEE), FakeTee()]
    asked = iter(answers)
    found = find(tmp_path, lambda *words: next(asked).ioctl(*words))
    assert found.path == tmp_path / "tee1"
    found.close()


def test_another_tee_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "node"
    path.touch()
    monkeypatch.setenv(module.VARIABLE, str(path))
    for number, name in ((tee.IMPL_ID_AMDTEE, "AMD-TEE"), (99, "implementation 99")):
        with pytest.raises(TargetError, match=f"no OP-TEE answers: .*{name}") as caught:
            find(tmp_path, FakeTee(implementation=number).ioctl)
        assert caught.value.fix


def test_the_supplicants_node_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "teepriv0"
    path.touch()
    monkeypatch.setenv(module.VARIABLE, str(path))
    with pytest.raises(TargetError, match="supplicant's own"):
        find(tmp_path, FakeTee(capabilities=tee.GEN_CAP_GP | tee.GEN_CAP_PRIVILEGED).ioctl)


def test_no_tee_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(module.VARIABLE, raising=False)
    for devices in (tmp_path, tmp_path / "none"):
        with pytest.raises(TargetError, match="there is no TEE") as caught:
            find(devices)
        assert "dmesg" in str(caught.value.fix)


def test_a_node_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.VARIABLE, str(tmp_path / "tee7"))
    with pytest.raises(TargetError, match=r"there is no .*tee7"):
        find(tmp_path)


def test_a_file_that_is_no_node(tmp_path: Path) -> None:
    path = tmp_path / "tee0"
    path.touch()
    with pytest.raises(TargetError, match="is no node of a TEE"):
        Node(path)
    assert not any(path.samefile(f"/proc/self/fd/{fd}") for fd in _open_descriptors())


@pytest.mark.parametrize(("mode", "said"), [(0o600, "give the node a group"), (0o660, "usermod -aG")])
def test_a_node_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, said: str) -> None:
    path = tmp_path / "tee0"
    path.touch()
    path.chmod(mode)
    os.chown(path, -1, os.getgid() or 12345)

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(module.os, "open", refuse)  # root may open everything
    with pytest.raises(TargetError, match="this user may not use") as caught:
        Node(path)
    assert said in str(caught.value.fix)


def test_a_signal_ends_what_is_not_to_go_on(tmp_path: Path) -> None:
    fake = FakeTee()
    node = fake.node(tmp_path / "tee0")
    for number in (errno.EINTR, errno.EAGAIN):
        fake.failures.append(number)
        with pytest.raises(OSError) as caught:
            node.ask(tee.IOC_CANCEL, bytearray(tee.CANCEL_ARG.size), lambda: False)
        assert caught.value.errno == number
    node.close()
    node.close()


def _open_descriptors() -> list[int]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            os.stat(f"/proc/self/fd/{name}")
        except OSError:
            continue
        found.append(int(name))
    return found
