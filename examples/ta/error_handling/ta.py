# SPDX-License-Identifier: BSD-2-Clause
"""A TA that fails in every way."""

from proto import ADD, BUG, FAIL, NOT_FOUND, OUT_OF_RANGE, UUID

from elfhaven.ta import ItemNotFound, OwnError, TrustedApplication, ValueInput, ValueOutput, command
from elfhaven.tee_errors import error_of


class ErrorHandling(TrustedApplication):
    uuid = UUID

    @command(FAIL)
    def fail(self, code: int) -> None:
        raise error_of(code)

    @command(NOT_FOUND)
    def not_found(self) -> None:
        raise ItemNotFound("there is nothing here")

    @command(BUG)
    def bug(self) -> None:
        print({}["key"])

    @command(ADD)
    def add(self, numbers: ValueInput, out: ValueOutput) -> None:
        total = numbers.a + numbers.b
        if total >> 32:
            raise OwnError(OUT_OF_RANGE, f"{numbers.a} + {numbers.b}")
        out.a = total
