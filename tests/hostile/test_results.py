# SPDX-License-Identifier: BSD-2-Clause
"""Results that no honest kernel gives: the program sees an error, and nothing beyond its buffers changes."""

from __future__ import annotations

from functools import partial

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device, Outcome
from tests.hostile.probe import PROBE

from elfhaven.abi import linux
from elfhaven.calls.linux import LINUX
from elfhaven.calls.linux_sockets import SOCKETS
from elfhaven.calls.row import Result, Served

STDIN = b"from the normal world's side"
# as they cross: readv as read, preadv as pread64, renameat as renameat2, faccessat as faccessat2, and so on
# calls on sockets have a probe of their own: test_sockets.py
ACTS = sorted(
    {row.name for row in LINUX.rows if row.served is Served.DELEGATED}
    - {row.name for row in SOCKETS}
    - {"execve", "wait4"}  # test_children.py
    - {"readv", "writev", "preadv", "preadv2", "pwritev", "pwritev2", "renameat", "faccessat", "fchmodat"}
    - {f"{how}{what}xattr" for how in "lf" for what in ("get", "set", "list", "remove")}
)
COUNTS = [name for name in liar.delegated(Result.COUNT) if name in ACTS]
ZEROS = [name for name in liar.delegated(Result.ZERO) if name in ACTS]
EPERM = -linux.EPERM


def lied(
    device: Device, act: str, lie: liar.Lie, *, only: str = "", times: int = 1
) -> tuple[Outcome[liar.Liar], list[int]]:
    """The probe under a lie; its results. Every guard around its buffers must stand."""
    make = partial(_liar, lie, only or act)
    outcome = device.run(PROBE, make, act, str(times), stdin=STDIN)
    assert outcome.error is None
    assert outcome.status == 0
    assert outcome.agent.told >= 1, "the lie was never told"
    found = [line.split() for line in outcome.lines if line.startswith(act + " ")]
    assert [words[2] for words in found] == ["1"] * times, outcome.lines
    return outcome, [int(words[1]) for words in found]


def _liar(lie: liar.Lie, only: str, policy: object, streams: tuple[int, int, int]) -> liar.Liar:
    return liar.Liar(policy, lie, [only], streams)  # type: ignore[arg-type]


@pytest.mark.parametrize("lie", [liar.beyond_the_buffer, liar.far_beyond_the_buffer])
@pytest.mark.parametrize("act", COUNTS)
def test_more_than_was_asked_for(device: Device, act: str, lie: liar.Lie) -> None:
    outcome, results = lied(device, act, lie)
    assert results == [EPERM]
    assert outcome.violated == ("answers",)


def test_more_than_was_asked_for_in_pieces(device: Device) -> None:
    outcome, results = lied(device, "readv", liar.beyond_the_buffer, only="read")
    assert results == [EPERM]
    assert outcome.violated == ("answers",)


@pytest.mark.parametrize("value", [-4095, -4096, -5000, -(1 << 31), -(1 << 63)])
@pytest.mark.parametrize("act", ["openat", "newfstatat", "read", "pread64", "write", "close", "lseek"])
def test_no_such_error(device: Device, act: str, value: int) -> None:
    outcome, results = lied(device, act, liar.always(value))
    assert results == [EPERM]
    assert outcome.violated == ("answers",)


@pytest.mark.parametrize("act", ACTS)
def test_errors_that_the_call_cannot_have(device: Device, act: str) -> None:
    """Each errno outside the row's list in turn; EPERM itself may be among them and is told as it is."""
    foreign = liar.foreign_errnos(act)
    answers = iter(foreign)
    outcome, results = lied(device, act, lambda call, result: -next(answers, linux.EPERM), times=len(foreign))
    assert results == [EPERM] * len(foreign)
    assert outcome.violated == ("answers",)


@pytest.mark.parametrize("act", ACTS)
def test_errors_that_the_call_can_have(device: Device, act: str) -> None:
    """The same lies with errors of the list reach the program: the check is no blanket refusal.

    ENOMEM for a cached read is left out: the runtime then reads once more, past its cache.
    """
    allowed = sorted(linux.ERRNO[name] for name in LINUX.by_name(act).errors)
    if act == "pread64":
        allowed.remove(linux.ERRNO["ENOMEM"])
    answers = iter(allowed)
    outcome, results = lied(device, act, lambda call, result: -next(answers, linux.EPERM), times=len(allowed))
    assert results == [-number for number in allowed]
    assert outcome.violated == ()


@pytest.mark.parametrize("value", [1, 4096, (1 << 63) - 1])
@pytest.mark.parametrize("act", ZEROS)
def test_a_count_where_there_is_none(device: Device, act: str, value: int) -> None:
    outcome, results = lied(device, act, liar.always(value))
    assert results == [EPERM]
    assert outcome.violated == ("answers",)


@pytest.mark.parametrize("value", [0, 1, 2, 3, 4, 1000, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1])
def test_descriptors_are_not_the_normal_worlds(device: Device, value: int) -> None:
    """A descriptor in the answer of openat: live, unused or huge. Only 0 means success."""
    outcome, results = lied(device, "openat", liar.always(value))
    if value:
        assert results == [EPERM]
        assert outcome.violated == ("answers",)
    else:
        assert results == [3]  # the lowest that is free inside


@pytest.mark.parametrize("value", [1 << 62, (1 << 63) - 1])
def test_offsets_are_numbers_of_the_file(device: Device, value: int) -> None:
    """lseek on a stream: any offset is possible, and harmless."""
    _, results = lied(device, "lseek", liar.always(value))
    assert results == [value]
