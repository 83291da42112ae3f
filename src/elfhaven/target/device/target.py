# SPDX-License-Identifier: BSD-2-Clause
"""This machine's own TEE as a place to run programs, with the same face as the emulator's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Self
from uuid import UUID

from elfhaven.normal.client import Context
from elfhaven.target.device.install import Board, install
from elfhaven.target.device.node import Node, find
from elfhaven.target.device.transport import DeviceTransport


class Device:
    """A connection to this machine's OP-TEE. Close it.

    `images` are put where its supplicant finds them, and stay there. Which keys it trusts only OP-TEE knows:
    it answers TEE_ERROR_SECURITY (0xffff000f) to an image that none of them signed. Raises TargetError.
    """

    def __init__(
        self,
        report: Callable[[str], None],
        images: Mapping[UUID, bytes] | None = None,
        *,
        board: Board | None = None,
        open_node: Callable[[], Node] = find,
    ) -> None:
        self._report = report
        self._board = board or Board()
        self._transport = DeviceTransport(open_node())
        self._context = Context(self._transport)
        try:
            self._board.expect_supplicant(report)
            for uuid, data in (images or {}).items():
                self.install(uuid, data)
        except BaseException:
            self.close()
            raise

    @property
    def context(self) -> Context:
        return self._context

    @property
    def console(self) -> list[str]:
        """Nothing: a board's secure console is a wire of its own."""
        return []

    def install(self, uuid: UUID, data: bytes) -> None:
        """Puts a TA file where the supplicant finds it; OP-TEE judges whether it is good."""
        directory = self._board.directory(os.environ)
        if install(uuid, data, directory):
            self._report(f"{uuid}.ta lies in {directory} now, and stays there")

    def interrupt(self) -> None:
        """Asks the programs that run to end; else cancels what is under way, and lets nothing begin any more.

        From any thread. A program that computes without a call, and was not packed as stoppable, goes on in
        the TEE, and this process waits for it: neither OP-TEE nor Linux offers a way to end it.
        """
        if not self._context.stops.ask_all():
            self._transport.abort()

    def close(self) -> None:
        self._context.close()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
