# SPDX-License-Identifier: BSD-2-Clause
"""The plugin: a shelf of the normal world."""

from uuid import UUID

from proto import LOAD, PLUGIN, SAVE

SUCCESS, ITEM_NOT_FOUND, BAD_PARAMETERS = 0, 0xFFFF0008, 0xFFFF0006


class Shelf:
    """Holds one thing. A plugin is given the TA's data in memory that both see, and gives a TEE_Result and
    how many bytes of them count."""

    def __init__(self) -> None:
        self.held = b""

    def __call__(self, command: int, sub_command: int, data: memoryview) -> tuple[int, int]:
        if command == SAVE:
            self.held = bytes(data)
            return SUCCESS, 0
        if command == LOAD and self.held:
            data[: len(self.held)] = self.held
            return SUCCESS, len(self.held)
        return ITEM_NOT_FOUND if command == LOAD else BAD_PARAMETERS, 0


def plugins(shelf: Shelf) -> dict[UUID, Shelf]:
    return {UUID(PLUGIN): shelf}
