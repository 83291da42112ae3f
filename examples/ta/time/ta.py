# SPDX-License-Identifier: BSD-2-Clause
"""Clocks."""

from proto import OWN, REE, SET, SYSTEM, UUID, WAIT

from elfhaven.ta import (
    Time,
    TrustedApplication,
    ValueInput,
    ValueOutput,
    command,
    ree_time,
    set_ta_time,
    system_time,
    ta_time,
    unmask_cancellation,
    wait,
)


class Clocks(TrustedApplication):
    uuid = UUID

    @command(SYSTEM)
    def system(self, out: ValueOutput) -> None:
        out.a, out.b = system_time()

    @command(OWN)
    def own(self, out: ValueOutput) -> None:
        out.a, out.b = ta_time()

    @command(REE)
    def ree(self, out: ValueOutput) -> None:
        out.a, out.b = ree_time()

    @command(SET)
    def set(self, time: ValueInput) -> None:
        set_ta_time(Time(time.a, time.b))

    @command(WAIT)
    def wait(self, milliseconds: int) -> None:
        unmask_cancellation()
        wait(milliseconds)
