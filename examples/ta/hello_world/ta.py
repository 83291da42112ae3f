# SPDX-License-Identifier: BSD-2-Clause
"""A TA that counts up and down."""

from proto import DECREMENT, INCREMENT, UUID

from elfhaven.ta import TrustedApplication, ValueInout, command, trace


class HelloWorld(TrustedApplication):
    uuid = UUID

    @command(INCREMENT)
    def increment(self, value: ValueInout) -> None:
        trace(f"got {value.a}")
        value.a += 1

    @command(DECREMENT)
    def decrement(self, value: ValueInout) -> None:
        value.a -= 1
