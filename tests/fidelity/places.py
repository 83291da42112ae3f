# SPDX-License-Identifier: BSD-2-Clause
"""The two places where a transcript is made, with one face, and a session with the probe TA."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid4

from elfhaven.errors import TeeError
from elfhaven.image import ta
from elfhaven.normal.client import Context, Direction, Value
from elfhaven.packing import signer
from elfhaven.target.emulator import Emulator
from elfhaven.target.faults import Fault, read_report
from elfhaven.target.qemu.target import Qemu
from elfhaven.target.state import StateDirectory
from tests.unit.secure import probe
from tests.unit.secure.probe import Probe

if TYPE_CHECKING:
    from elfhaven.image.keys import PrivateKey

Ended = tuple[int, int]  # TEE_Result and its origin
BUFFER = 65536
_SETTLED = 0.3  # seconds in which the secure console has printed what it has to say


@cache
def key() -> PrivateKey:
    """OP-TEE's public default key, which both places trust."""
    return signer("optee-default").key()


class Place(Protocol):
    """A TEE under observation."""

    @property
    def context(self) -> Context: ...

    def install(self, uuid: UUID, image: bytes) -> None: ...

    def console(self) -> list[str]:
        """Everything that the secure console has printed."""
        ...


class RealPlace:
    def __init__(self, target: Qemu) -> None:
        self._target = target
        self.context = target.context

    def install(self, uuid: UUID, image: bytes) -> None:
        self._target.install(uuid, image)

    def console(self) -> list[str]:
        return self._target.console


class EmulatedPlace:
    def __init__(self, target: Emulator, device: StateDirectory) -> None:
        self._target = target
        self._device = device
        self.context = target.context

    def install(self, uuid: UUID, image: bytes) -> None:
        self._device.install(uuid, image)

    def console(self) -> list[str]:
        return self._target.console


def ended(action: Callable[[], object]) -> Ended:
    """How a call ended: (0, 0) or the error's code and origin."""
    try:
        action()
    except TeeError as error:
        return error.code, error.origin
    return 0, 0


def install_probe(place: Place, **options: int) -> UUID:
    """A probe TA of its own, signed with the key that both places trust."""
    uuid = uuid4()
    place.install(uuid, ta.sign(probe.image(uuid, **options), uuid, key()))  # type: ignore[arg-type]
    return uuid


class ProbeSession:
    """A session with the probe. `words` are u64 at the start of a buffer that is parameter 1."""

    def __init__(self, place: Place, uuid: UUID) -> None:
        self._place = place
        self._before = len(place.console())
        self.session = place.context.open_session(uuid)
        self.memory = place.context.allocate(BUFFER)

    def run(self, command: Probe, *words: int, value: tuple[int, int] = (0, 0)) -> Ended:
        struct.pack_into(f"<{len(words)}Q", self.memory.view, 0, *words)
        value_param = Value(*value, Direction.INOUT)
        return ended(lambda: self.session.invoke(command, value_param, self.memory.ref(Direction.INOUT)))

    def word(self, index: int = 0) -> int:
        found: int = struct.unpack_from("<Q", self.memory.view, 8 * index)[0]
        return found

    def svc(self, number: int, *arguments: int) -> int | Ended:
        """One system call of the TA; its result, or how the TA ended."""
        words = [*arguments, *[0] * (8 - len(arguments))]
        seen = self.run(Probe.SVC, number, *words)
        return self.word() if seen == (0, 0) else seen

    def fault(self) -> Fault | None:
        """What the secure console tells of this session's end, without what differs from boot to boot."""
        deadline = time.monotonic() + _SETTLED
        while True:
            found = read_report(self._place.console()[self._before :])
            if (found and (found.load or found.kind == "panic")) or time.monotonic() > deadline:
                break
            time.sleep(0.02)
        return _placed(found) if found else None

    def said(self, text: str) -> bool:
        """Whether the secure console has a line with `text` since this session began."""
        deadline = time.monotonic() + _SETTLED
        while not (found := any(text in line for line in self._place.console()[self._before :])):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        return found

    def close(self) -> None:
        self.session.close()
        self.memory.close()


def _placed(fault: Fault) -> Fault:
    """Addresses in the TA as offsets from where it was loaded, which is random."""
    load = fault.load

    def place(address: int) -> int:
        return address - load if load is not None and load <= address < load + (1 << 30) else address

    pc = None if fault.pc is None else place(fault.pc)
    return replace(fault, address=place(fault.address), pc=pc, load=None, uuid="")
