# SPDX-License-Identifier: BSD-2-Clause
"""A haven: programs that share sealed files under a key of their owner's, and those outside of it."""

from __future__ import annotations

import pytest
from tests.hostile.inside import Device
from tests.hostile.test_sealed import PROGRAM

from elfhaven.abi.container import Command
from elfhaven.errors import TeeError
from elfhaven.normal.agent import Agent
from elfhaven.normal.client import MemRef
from elfhaven.normal.policy import Policy

FILES = '[files]\nsealed = ["vault/"]\n'
HAVEN = '[haven]\nname = "payroll"\n'
KEY, OTHER = bytes(range(32)), bytes(32)


def member(name: str) -> str:
    return f'name = "{name}"\n{FILES}{HAVEN}'


def run(device: Device, text: str, *words: str) -> list[str]:
    def make(policy: Policy, streams: tuple[int, int, int]) -> Agent:
        return Agent(policy, streams=streams)

    return device.run(PROGRAM, make, *words, text=text).lines


def give(device: Device, text: str, key: bytes) -> None:
    with device.session(device.pack(PROGRAM, text)) as session:
        session.invoke(Command.GIVE_KEY, MemRef.input(key))


def test_a_haven(device: Device) -> None:
    (device.place / "vault").mkdir()
    one, two = member("one"), member("two")
    assert run(device, one, "w", "vault/a", "1", "3") == ["open 13"]  # no key yet
    for text in (one, two):
        give(device, text, KEY)
    assert run(device, one, "w", "vault/a", "1", "3") == ["close 0"]
    first = run(device, one, "r", "vault/a")
    old = (device.place / "vault/a").read_bytes()
    assert first[0].startswith("12288 ")
    assert run(device, two, "r", "vault/a") == first
    assert run(device, two, "w", "vault/a", "2", "5") == ["close 0"]
    second = run(device, one, "r", "vault/a")
    assert second == run(device, two, "r", "vault/a")
    assert second != first
    (device.place / "vault/a").write_bytes(old)
    for text in (one, two):  # both have seen what came after
        assert run(device, text, "r", "vault/a") == ["open 5"]


def test_outside_of_it(device: Device) -> None:
    inside, outside = member("inside"), f'name = "outside"\n{FILES}'
    give(device, inside, KEY)
    assert run(device, inside, "w", "vault/b", "1", "3") == ["close 0"]
    assert run(device, outside, "r", "vault/b") == ["open 5"]
    stranger = member("stranger")
    give(device, stranger, OTHER)
    assert run(device, stranger, "r", "vault/b") == ["open 5"]


def test_a_key_is_given_once(device: Device) -> None:
    text = member("once")
    give(device, text, KEY)
    give(device, text, KEY)
    with pytest.raises(TeeError, match="ACCESS_CONFLICT"):
        give(device, text, OTHER)
    with pytest.raises(TeeError, match="BAD_PARAMETERS"):
        give(device, text, KEY[:16])
    with pytest.raises(TeeError, match="BAD_PARAMETERS"):
        give(device, f'name = "none"\n{FILES}', KEY)
