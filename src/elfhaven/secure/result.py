# SPDX-License-Identifier: BSD-2-Clause
"""The two kinds of error that a TA can cause: one is returned to it, the other kills it."""

from __future__ import annotations

from elfhaven.abi.gp import TEE_ERROR_SHORT_BUFFER, result_name


class TeeResult(Exception):
    """A TEE_Result other than success, returned to the caller."""

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(f"{result_name(code)}{': ' if why else ''}{why}")
        self.code = code


class ShortBuffer(TeeResult):
    """SHORT_BUFFER, with the length that is needed."""

    def __init__(self, needed: int) -> None:
        super().__init__(TEE_ERROR_SHORT_BUFFER)
        self.needed = needed


class Panicked(Exception):
    """The TA is dead: it panicked with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"TA panicked with code {code:#x}")
        self.code = code
