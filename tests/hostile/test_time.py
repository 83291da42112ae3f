# SPDX-License-Identifier: BSD-2-Clause
"""The normal world's clock lies: it runs backwards, jumps, and says impossible things."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.hostile.inside import Device
from tests.hostile.liar import Witness

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.world.message import Param

CLOCKS = r"""
int main(void) {
    struct timespec last = {0, 0}, now;
    struct timespec monotonic = {0, 0};
    for (int i = 0; i < 40; i++) {
        struct timespec pause = {0, i < 3 ? 2000000 : 0};
        if (CALL(SYS_clock_gettime, CLOCK_REALTIME, &now))
            return 2;
        if (now.tv_nsec < 0 || now.tv_nsec >= 1000000000)
            return 3;
        if (now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec))
            return 4;
        last = now;
        if (CALL(SYS_clock_gettime, CLOCK_MONOTONIC, &now) || now.tv_nsec >= 1000000000)
            return 5;
        if (now.tv_sec < monotonic.tv_sec ||
            (now.tv_sec == monotonic.tv_sec && now.tv_nsec < monotonic.tv_nsec))
            return 6;
        monotonic = now;
        nanosleep(&pause, 0);
    }
    say("fine");
    return 0;
}
"""


class Clock:
    """Answers GET_TIME with the next of `told`, (seconds, nanoseconds), and then the last of them."""

    def __init__(self, told: list[tuple[int, int]]) -> None:
        self._told = list(told)
        self.asked = 0

    def __call__(self, params: list[Param]) -> int:
        self.asked += 1
        params[0].a, params[0].b = self._told.pop(0) if len(self._told) > 1 else self._told[0]
        return gp.TEE_SUCCESS


@pytest.fixture
def served(device: Device) -> Iterator[dict[int, object]]:
    table = device.emulator.driver._rpc._served
    honest = table[msg.RPC_CMD_GET_TIME]
    yield table  # type: ignore[misc]
    table[msg.RPC_CMD_GET_TIME] = honest


@pytest.mark.parametrize(
    "told",
    [
        [(1_700_000_000 - i, 0) for i in range(50)],
        [(1_700_000_000, 1_000_000_000), (1_700_000_000, 0xFFFF_FFFF)],
        [(1_700_000_000, 999_999_999), (1_600_000_000, 0), (1_800_000_000, 5)],
        [(0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF), (0, 0)],
        [(0, 0)],
    ],
    ids=["backwards", "impossible nanoseconds", "jumps", "huge", "zero"],
)
def test_time_never_runs_backwards_inside(
    device: Device, served: dict[int, object], told: list[tuple[int, int]]
) -> None:
    clock = Clock(told)
    served[msg.RPC_CMD_GET_TIME] = clock
    outcome = device.run(CLOCKS, Witness)
    assert (outcome.error, outcome.status, outcome.lines) == (None, 0, ["fine"])
    assert clock.asked >= 1
