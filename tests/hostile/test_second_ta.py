# SPDX-License-Identifier: BSD-2-Clause
"""Another Trusted Application, properly signed and loaded, cannot reach a container or what it delegates."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID, uuid4

from tests.hostile import liar
from tests.hostile.inside import Device
from tests.unit.secure import probe
from tests.unit.secure.probe import PRIVATE, Probe

from elfhaven.abi import gp
from elfhaven.abi.container import Command
from elfhaven.image import ta
from elfhaven.normal.client import Direction, Session, SharedMemory, Value
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import RootPolicy
from elfhaven.packing import signer

THREE = r"""
int main(void) {
    char buffer[16] = "";
    say("one");
    say("read %ld %s", CALL(SYS_read, 0, buffer, 5), buffer);
    say("three");
    return 5;
}
"""
OPEN_TA_SESSION, CLOSE_TA_SESSION, INVOKE_TA_COMMAND = 5, 6, 7
ANY_TIME = 0xFFFF_FFFF
NAME, PARAMS, SESSION, ORIGIN = (PRIVATE | at for at in (256, 512, 1024, 1028))
STAGE = 4096


class SecondTa:
    """A session with the probe, which makes any call of a TA on request."""

    def __init__(self, session: Session, shared: SharedMemory) -> None:
        self._session = session
        self._shared = shared

    def svc(self, number: int, *arguments: int) -> int:
        words = (number, *arguments, *[0] * (8 - len(arguments)))
        self._invoke(Probe.SVC, *words)
        result: int = struct.unpack_from("<Q", self._shared.view)[0]
        return result & 0xFFFF_FFFF

    def put(self, place: int, data: bytes) -> None:
        """Data into its own memory."""
        self._shared.view[STAGE : STAGE + len(data)] = data
        self._invoke(Probe.COPY, place, probe.SHARED | STAGE, len(data))

    def word(self, place: int) -> int:
        self._invoke(Probe.COPY, probe.SHARED | STAGE, place, 4)
        found: int = struct.unpack_from("<I", self._shared.view, STAGE)[0]
        return found

    def open(self, uuid: UUID) -> tuple[int, int, int]:
        """TEE_OpenTASession: the result, its origin, the session."""
        self.put(NAME, uuid.bytes_le)
        self.put(SESSION, bytes(8))
        self.put(PARAMS, bytes(72))
        result = self.svc(OPEN_TA_SESSION, NAME, ANY_TIME, PARAMS, SESSION, ORIGIN)
        return result, self.word(ORIGIN), self.word(SESSION)

    def command(self, session: int, command: int) -> int:
        self.put(PARAMS, bytes(72))
        return self.svc(INVOKE_TA_COMMAND, session, ANY_TIME, command, PARAMS, ORIGIN)

    def _invoke(self, command: Probe, *words: int) -> None:
        struct.pack_into(f"<{len(words)}Q", self._shared.view, 0, *words)
        self._session.invoke(command, Value.inout(), self._shared.ref(Direction.INOUT))


def installed(device: Device) -> UUID:
    """A probe of its own, signed with the key that the device trusts."""
    uuid = uuid4()
    device.state.install(uuid, ta.sign(probe.image(uuid), uuid, signer(None).key()))
    return uuid


@contextmanager
def second_ta(device: Device) -> Iterator[SecondTa]:
    context = device.emulator.context
    with context.open_session(installed(device)) as session, context.allocate(65536) as shared:
        yield SecondTa(session, shared)


def test_a_container_takes_no_session_from_a_ta(device: Device) -> None:
    packed = device.pack(THREE)
    with second_ta(device) as other:
        result, origin, session = other.open(installed(device))
        assert (result, origin) == (gp.TEE_SUCCESS, gp.TEE_ORIGIN_TRUSTED_APP)  # an ordinary TA takes it
        assert other.command(session, Probe.ECHO) == gp.TEE_SUCCESS
        assert other.svc(CLOSE_TA_SESSION, session) == gp.TEE_SUCCESS
        result, origin, _ = other.open(packed.uuid)
        assert (result, origin) == (gp.TEE_ERROR_ACCESS_DENIED, gp.TEE_ORIGIN_TRUSTED_APP)


class Neighbour(liar.Witness):
    """While the program waits for an answer, another TA tries what it can."""

    def __init__(
        self, other: SecondTa, uuid: UUID, policy: RootPolicy, streams: tuple[int, int, int]
    ) -> None:
        super().__init__(policy, streams)
        self._other = other
        self._uuid = uuid
        self.opened: set[int] = set()
        self.invoked: set[int] = set()

    def perform(self, call: Call) -> int:
        self.opened.add(self._other.open(self._uuid)[0])
        for session in range(16):  # the core's numbers are small: the program's is among them
            for command in (Command.START, Command.RESUME, Command.SERVICE_FIRST):
                self.invoked.add(self._other.command(session, command))
            self.invoked.add(self._other.svc(CLOSE_TA_SESSION, session))
        return super().perform(call)


def test_a_running_program_cannot_be_reached_by_a_ta(device: Device) -> None:
    packed = device.pack(THREE)
    numbers: list[int] = []
    with second_ta(device) as other:
        outcome = device.run(
            THREE,
            partial(Neighbour, other, packed.uuid),
            stdin=b"hello",
            hook=lambda agent, session: numbers.append(session.number),
        )
    assert (outcome.error, outcome.status, outcome.lines) == (None, 5, ["one", "read 5 hello", "three"])
    assert outcome.violated == ()
    assert numbers[0] in range(16)
    assert outcome.agent.opened == {gp.TEE_ERROR_ACCESS_DENIED}
    assert gp.TEE_SUCCESS not in outcome.agent.invoked
    assert outcome.agent.invoked <= {gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ERROR_ITEM_NOT_FOUND}
