# SPDX-License-Identifier: BSD-2-Clause
"""A machine's TEE as a place to run programs, with the same face as the emulator's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self
from uuid import UUID

from elfhaven.errors import SignatureError
from elfhaven.image.ta import parse, verify
from elfhaven.normal.client import Context
from elfhaven.packing import default_public
from elfhaven.target.qemu.boot import SECURE_LOG
from elfhaven.target.qemu.machine import Machine
from elfhaven.target.qemu.parts import Report
from elfhaven.target.qemu.port import connect
from elfhaven.target.targets import window

_DEBUG: Final = b"D/"  # lines that a debug build of OP-TEE prints at every step


class Qemu:
    """A connection to a machine, which is switched on if it is off and stays on. Close it.

    `images` are put where the machine's supplicant finds them. Raises SignatureError where one of them is not
    signed by the key that the machine's OP-TEE trusts; TargetError or PackageError.
    """

    def __init__(
        self, machine: Machine, memory: str, report: Report, images: Mapping[UUID, bytes] | None = None
    ) -> None:
        for uuid, data in (images or {}).items():
            _check_signature(uuid, data)
        if machine.up(memory, report):
            report(f"the machine {machine.name} stays on: `elfhaven qemu down` switches it off")
        self._machine = machine
        self._transport = connect(machine)
        self._logged = len(machine.log(SECURE_LOG))
        for uuid, data in (images or {}).items():
            self.install(uuid, data)
        self.context = Context(self._transport, window(memory))

    @property
    def console(self) -> list[str]:
        """Lines of the secure console since the connection was made, without OP-TEE's debug lines."""
        lines = self._machine.log(SECURE_LOG)[self._logged :].splitlines()
        return [line.decode(errors="replace") for line in lines if not line.startswith(_DEBUG)]

    def install(self, uuid: UUID, data: bytes) -> None:
        """Puts a TA file where the machine's supplicant finds it; OP-TEE judges whether it is good."""
        self._transport.install(uuid, data)

    def interrupt(self) -> None:
        """Ends the programs that run, else the connection, from any thread: then Linux closes the sessions.

        A program that computes without a call, and was not packed as stoppable, goes on in the TEE, which
        offers no way to stop it.
        """
        if not self.context.stops.ask_all():
            self._transport.abort()

    def close(self) -> None:
        self.context.close()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check_signature(uuid: UUID, data: bytes) -> None:
    """Refuses here, with the reason, what OP-TEE would refuse as TEE_ERROR_SECURITY (0xffff000f)."""
    try:
        verify(parse(data, f"{uuid}.ta"), (default_public(),))
    except SignatureError as error:
        raise SignatureError(
            f"{error.cause}; the machine's OP-TEE trusts OP-TEE's public default key alone",
            "pack the program with `--sign optee-default`",
        ) from None
