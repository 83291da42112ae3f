# SPDX-License-Identifier: BSD-2-Clause
"""Two TAs."""

from proto import COUNT, COUNTER, UUID

from elfhaven.ta import (
    AccessDenied,
    MemrefOutput,
    Params,
    Room,
    Session,
    TaSession,
    TrustedApplication,
    ValueOutput,
    command,
)


class Asking(TrustedApplication):
    uuid = UUID

    @command(COUNT)
    def count(self, out: ValueOutput) -> None:
        with TaSession(COUNTER) as counter:
            (answer, who) = counter.invoke(COUNT, ValueOutput(), Room(16))
            assert isinstance(answer, tuple)
            assert isinstance(who, bytes)
            out.a = answer[0]


class Counter(TrustedApplication):
    """One for all, for TAs only."""

    uuid = COUNTER
    single_instance = True
    multi_session = True
    keep_alive = True

    def create(self) -> None:
        self.total = 0

    def open_session(self, session: Session, params: Params) -> None:
        if not session.client.is_ta:
            raise AccessDenied("clients of the normal world are not served")

    @command(COUNT)
    def count(self, session: Session, out: ValueOutput, who: MemrefOutput) -> None:
        self.total += 1
        out.a = self.total
        who.write(session.client.uuid.bytes)
