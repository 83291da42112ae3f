# SPDX-License-Identifier: BSD-2-Clause
"""The liars themselves: that they lie as they are told, so that the tests built on them mean something."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from tests.hostile import liar
from tests.unit.normal.delegation import Requester

from elfhaven.abi import linux
from elfhaven.abi.container import SLOT, SLOTS_OFFSET, SlotState
from elfhaven.calls.row import Result
from elfhaven.normal.agent import Agent
from elfhaven.normal.policy import Root, RootPolicy

PATH = "/dev/null"
Make = Callable[[type[Agent]], Requester]


@pytest.fixture
def policy() -> RootPolicy:
    return RootPolicy([Root("/dev/null"), Root("/dev", True)], [], "/")


@pytest.fixture
def null() -> Iterator[int]:
    fd = os.open(PATH, os.O_RDWR)
    yield fd
    os.close(fd)


def test_a_lie_is_told_for_its_calls_alone(policy: RootPolicy, null: int) -> None:
    agent = liar.Liar(policy, liar.always(77), ["fsync"], (null, null, null))
    requester = Requester(agent)
    assert requester.call("fsync", [1]) == 77
    assert requester.call("write", [1, 2], data=b"ab") == 2
    assert agent.seen.names == ["fsync", "write"]
    assert agent.told == 1


def test_a_lie_can_wait_and_end(policy: RootPolicy, null: int) -> None:
    agent = liar.Liar(policy, liar.always(5), ["lseek"], (null, null, null), after=1, times=1)
    requester = Requester(agent)
    assert [requester.call("lseek", [0, 0, 0]) for _ in range(3)] == [0, 5, 0]


def test_output_of_the_program_is_not_lied_about(policy: RootPolicy, null: int) -> None:
    requester = Requester(liar.Liar(policy, liar.always(9), ["write"], (null, null, null)))
    assert requester.call("write", [1, 2], data=b"ab") == 2


def test_lies_about_lengths(policy: RootPolicy, null: int) -> None:
    for lie, told in [
        (liar.beyond_the_buffer, 17),
        (liar.far_beyond_the_buffer, 1 << 47),
        (liar.plus(3), 3),
    ]:
        requester = Requester(liar.Liar(policy, lie, ["read"], (null, null, null)))
        assert requester.call("read", [0, 16], room=16) == told


def test_lies_about_bytes(policy: RootPolicy, null: int) -> None:
    requester = Requester(liar.Liar(policy, liar.stat_field(8, -1), ["newfstatat"], (null, null, null)))
    assert requester.call("newfstatat", [0], [PATH], room=128) == 0
    fields = linux.STAT.unpack(requester.output(128))
    assert (fields[8], fields[2]) == (-1, os.stat(PATH).st_mode)
    requester = Requester(liar.Liar(policy, liar.overwrite(4, b"evil"), ["read"], (null, null, null)))
    assert requester.call("read", [0, 16], room=16) == 0
    assert requester.output(8) == b"\0\0\0\0evil"


def test_lies_about_directories(policy: RootPolicy, null: int) -> None:
    record = liar.dirent(b"a/b", reclen=0)
    assert len(record) == 24
    requester = Requester(liar.Liar(policy, liar.entries(record), ["getdents64"], (null, null, null)))
    assert requester.call("openat", [5, linux.O_DIRECTORY, 0], ["/dev"], room=32) == 0
    assert requester.call("getdents64", [5, 4096], room=4096) == 24
    assert requester.output(24) == record
    assert requester.call("getdents64", [5, 4096], room=4096) == 0
    requester.agent.close()


def test_the_rows_give_the_lies() -> None:
    assert "close" in liar.delegated(Result.ZERO)
    assert "read" not in liar.delegated(Result.ZERO)
    assert "read" in liar.delegated(Result.COUNT)
    foreign = liar.foreign_errnos("close")
    assert linux.ENOENT in foreign
    assert linux.EIO not in foreign


def sabotaged(policy: RootPolicy, null: int, sabotage: liar.Sabotage) -> Requester:
    requester = Requester(liar.Saboteur(policy, sabotage, (null, null, null)))
    requester.request("write", [1, 3], data=b"abc")
    requester.agent.serve(requester.block, None, 1)
    return requester


def test_sabotage(policy: RootPolicy, null: int) -> None:
    assert sabotaged(policy, null, liar.drop).answer()[0] == SlotState.REQUESTED
    assert sabotaged(policy, null, liar.wrong_state).answer()[0] == 77
    view = sabotaged(policy, null, liar.wrong_id).block.view
    assert SLOT.struct.unpack_from(view, SLOTS_OFFSET)[0] == 2
    scribbled = sabotaged(policy, null, liar.scribble)
    assert scribbled.answer()[:2] == (SlotState.ANSWERED, 3)
    assert set(scribbled.block.view[:SLOTS_OFFSET]) == {0xA5}


def test_replays(policy: RootPolicy, null: int) -> None:
    replay = liar.Replay()
    requester = sabotaged(policy, null, replay)
    requester.request("write", [1, 2], data=b"xy")
    requester.agent.serve(requester.block, None, 1)
    assert requester.answer()[1] == 3
    assert replay.replayed == 1


def test_a_witness_keeps_what_it_saw(policy: RootPolicy, null: int) -> None:
    agent = liar.Witness(policy, (null, null, null))
    requester = Requester(agent)
    requester.call("write", [1, 3], data=b"abc")
    assert agent.seen.calls == [("write", (), (1, 3))]
    assert b"abc" in agent.blocks[0]
