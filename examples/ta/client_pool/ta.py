# SPDX-License-Identifier: BSD-2-Clause
"""A TA whose calls take a while."""

from proto import UUID, WORK

from elfhaven.ta import Session, TrustedApplication, ValueOutput, command, wait


class Slow(TrustedApplication):
    uuid = UUID

    @command(WORK)
    def work(self, session: Session, milliseconds: int, out: ValueOutput) -> None:
        session.state = (session.state or 0) + 1
        wait(milliseconds)
        out.a = session.state
