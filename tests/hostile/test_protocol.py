# SPDX-License-Identifier: BSD-2-Clause
"""The protocol broken: answers to other requests, replays, words rewritten while they are read, re-entry."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

import pytest
from tests.hostile import liar
from tests.hostile.inside import Device

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.abi.container import CONTROL, SLOT, SLOTS_OFFSET, Command, State
from elfhaven.errors import ProgramFault, TeeError
from elfhaven.normal.agent import Agent
from elfhaven.normal.client import Direction, MemRef, Session, Value
from elfhaven.normal.control import ControlBlock
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import RootPolicy

THREE = r"""
int main(void) {
    char buffer[16] = "";
    say("one");
    say("read %ld %s", CALL(SYS_read, 0, buffer, 5), buffer);
    say("three");
    return 5;
}
"""
EXPECTED = ["one", "read 5 hello", "three"]

MANY_READS = r"""
int main(void) {
    long good = 0, refused = 0;
    for (int i = 0; i < 300; i++) {
        guard();
        long result = CALL(SYS_read, 0, room.data, 16);
        if (result > 16 || (result < 0 && result != -EPERM && result != -EINTR) || !intact(16))
            return 66;
        good += result >= 0;
        refused += result < 0;
    }
    char line[16]; /* the answer to this write is rewritten too: its result is not looked at */
    write(1, line, sprintf(line, "%ld\n", good + refused));
    return 0;
}
"""

SECRET = r"""
int main(void) {
    char secret[4096], path[64];
    for (int i = 0; i < 4096; i++)
        secret[i] = "5ECRET-K"[i % 8];
    char small[3] = "ok\n";
    for (int i = 1; i <= 20; i++) {
        write(1, small, 3);
        sprintf(path, "out/f%d", i);
        int fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
        write(fd, "x", 1);
        struct stat st;
        fstat(fd, &st);
        close(fd);
        unlink(path);
        read(0, secret + 4000, 1);
    }
    return secret[77] != "5ECRET-K"[77 % 8];
}
"""


def sabotaged(
    sabotage: liar.Sabotage, at: tuple[int, ...] | None, policy: RootPolicy, streams: tuple[int, int, int]
) -> liar.Saboteur:
    return liar.Saboteur(policy, sabotage, streams, at)


@pytest.mark.parametrize("sabotage", [liar.wrong_id, liar.wrong_state])
@pytest.mark.parametrize("crossing", [0, 1])
def test_an_answer_to_something_else_ends_the_program(
    device: Device, sabotage: liar.Sabotage, crossing: int
) -> None:
    outcome = device.run(THREE, partial(sabotaged, sabotage, (crossing,)), stdin=b"hello")
    assert isinstance(outcome.error, ProgramFault)
    assert "protocol" in outcome.error.cause
    assert outcome.lines == EXPECTED[: crossing + (1 if crossing == 0 else 0)]


def test_a_replay_ends_the_program(device: Device) -> None:
    replay = liar.Replay()
    outcome = device.run(THREE, partial(sabotaged, replay, None), stdin=b"hello")
    assert replay.replayed == 1
    assert isinstance(outcome.error, ProgramFault)
    assert outcome.status is None
    assert "three" not in outcome.lines


def test_a_dropped_answer_is_asked_for_again(device: Device) -> None:
    outcome = device.run(THREE, partial(sabotaged, liar.drop, (1,)), stdin=b"hello")
    assert outcome.error is None
    assert outcome.status == 5
    assert outcome.lines == ["one", "read 0 ", "three"]  # the pipe was read twice; the program sees an answer


def test_only_result_and_state_are_read_back(device: Device) -> None:
    """Offsets, lengths, arguments and the whole header rewritten: the runtime goes by its own copies."""
    outcome = device.run(THREE, partial(sabotaged, liar.scribble, None), stdin=b"hello")
    assert (outcome.error, outcome.status, outcome.lines) == (None, 5, EXPECTED)


@contextmanager
def flipping(block: ControlBlock, words: list[tuple[int, bytes, bytes]]) -> Iterator[list[int]]:
    """Within, a thread writes the one and the other of each (offset, bytes, bytes) as fast as it can."""
    done = threading.Event()
    flips = [0]

    def flip() -> None:
        while not done.is_set():
            for offset, one, other in words:
                block.view[offset : offset + len(one)] = one
                block.view[offset : offset + len(other)] = other
            flips[0] += 1

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        yield flips
    finally:
        done.set()
        thread.join()


class Flipper(Agent):
    """Answers, and has the answer rewritten by another thread while the TA looks at it."""

    def __init__(self, policy: RootPolicy, streams: tuple[int, int, int]) -> None:
        super().__init__(policy, streams=streams)
        self._flipping: object = None
        self.flips = 0

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        self.stop()
        answered = super().serve(block, window, pending, patience)
        result = SLOTS_OFFSET + SLOT.offset("result")
        length = SLOTS_OFFSET + SLOT.offset("out_capacity")
        small, large = (5).to_bytes(8, "little"), (1 << 40).to_bytes(8, "little")
        self._flipping = flipping(block, [(result, small, large), (length, b"\xff" * 4, bytes(4))])
        self._counter = self._flipping.__enter__()
        return answered

    def stop(self) -> None:
        if self._flipping is not None:
            self._flipping.__exit__(None, None, None)  # type: ignore[attr-defined]
            self.flips += self._counter[0]
            self._flipping = None

    def close(self) -> None:
        self.stop()
        super().close()


def test_words_rewritten_while_they_are_read(device: Device) -> None:
    outcome = device.run(MANY_READS, Flipper, stdin=b"z" * 8000)
    assert outcome.error is None
    assert (outcome.status, outcome.lines) == (0, ["300"])
    assert outcome.agent.flips > 300


def test_nothing_of_the_program_leaks_in_messages(device: Device) -> None:
    """Padding, unused words and rests of earlier requests: no byte of the program's memory is among them."""
    outcome = device.run(SECRET, liar.Witness, stdin=b"-" * 30)
    assert outcome.status == 0
    assert len(outcome.agent.blocks) > 80
    for block in outcome.agent.blocks:
        assert b"ECRET" not in block
        fields = SLOT.struct.unpack_from(block, SLOTS_OFFSET)
        assert fields[10:12] == (0, 0)  # result and value are the answer's
        assert fields[20:] == (0, 0)  # reserved
        reserved = CONTROL.offset("reserved1")
        assert not any(block[reserved : CONTROL.size])
        assert not any(block[SLOTS_OFFSET + SLOT.size : SLOTS_OFFSET + 32 * SLOT.size])  # unused slots


class Intruder(Agent):
    """During the program's delegated calls, enters the TA in other ways and keeps the results."""

    session: Session

    def __init__(self, policy: RootPolicy, streams: tuple[int, int, int]) -> None:
        super().__init__(policy, streams=streams)
        self.results: list[int] = []
        self.block: ControlBlock | None = None

    def serve(
        self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
    ) -> int:
        self.block = block
        return super().serve(block, window, pending, patience)

    def perform(self, call: Call) -> int:
        strings = MemRef.input(b"evil\0/\0")
        with self.session.context.allocate(16384) as other:
            other.view[:256] = bytes(self.block.view[:256]) if self.block else b""
            control = other.ref(Direction.INOUT)
            self._try(Command.START, control, None, strings)
            self._try(Command.RESUME, other.ref(Direction.INOUT, 0, 8192))  # another size
            self._try(Command.RESUME)
            self._try(Command.RESUME, MemRef.inout(bytearray(4096)))
            self._try(Command.AUDIT_VERIFY, MemRef.input(b"x"), Value(0), Value.output())
            self._try(77)
        return super().perform(call)

    def _try(self, command: int, *params: object) -> None:
        try:
            self.session.invoke(command, *params)  # type: ignore[arg-type]
            self.results.append(0)
        except TeeError as error:
            self.results.append(error.code)


def _let_in(agent: Intruder, session: Session) -> None:
    agent.session = session


def test_the_ta_entered_again_during_a_call(device: Device) -> None:
    outcome = device.run(THREE, Intruder, stdin=b"hello", hook=_let_in)
    assert (outcome.error, outcome.status, outcome.lines) == (None, 5, EXPECTED)
    assert len(outcome.agent.results) == 4 * 6
    refusals = {gp.TEE_ERROR_BAD_STATE, gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ERROR_NOT_SUPPORTED}
    assert set(outcome.agent.results) <= refusals, [hex(code) for code in outcome.agent.results]


def test_a_resume_too_many_changes_nothing(device: Device) -> None:
    """Resumed before the answer is there: the TA returns again with the same request."""

    class Impatient(liar.Witness):
        session: Session
        resumed = 0

        def serve(
            self, block: ControlBlock, window: memoryview | None, pending: int, patience: int | None = None
        ) -> int:
            before = bytes(block.view[SLOTS_OFFSET : SLOTS_OFFSET + SLOT.size])
            for handle, buffer in tuple(self.session.context.transport._buffers._known.items()):  # type: ignore[attr-defined]
                if buffer.view.obj is block.view.obj and len(buffer.view) == len(block.view):
                    self.session.invoke(
                        Command.RESUME, MemRef(Direction.INOUT, None, handle, 0, len(block.view))
                    )
                    self.resumed += 1
                    break
            assert bytes(block.view[SLOTS_OFFSET : SLOTS_OFFSET + SLOT.size]) == before
            assert block.header().state == State.REQUESTS
            return super().serve(block, window, pending, patience)

    def let_in(agent: Impatient, session: Session) -> None:
        agent.session = session

    outcome = device.run(THREE, Impatient, stdin=b"hello", hook=let_in)
    assert (outcome.error, outcome.status, outcome.lines) == (None, 5, EXPECTED)
    assert outcome.agent.resumed == 4


def test_after_its_end_a_program_cannot_be_resumed(device: Device) -> None:
    packed = device.pack(THREE)
    outcome = device.run(THREE, Intruder, stdin=b"hello", hook=_let_in)
    with device.session(packed) as session, session.context.allocate(16384) as control:
        with pytest.raises(TeeError) as caught:
            session.invoke(Command.RESUME, control.ref(Direction.INOUT))
        assert caught.value.code == gp.TEE_ERROR_BAD_STATE
    assert outcome.status == 5


def test_two_clients_on_one_session(device: Device) -> None:
    """Another thread invokes commands of its own on the session all the time."""
    codes: set[int] = set()
    done = threading.Event()
    threads: list[threading.Thread] = []

    def disturb(session: Session) -> None:
        while not done.is_set():
            try:
                session.invoke(Command.START, None, None, MemRef.input(b"x"))
            except TeeError as error:
                codes.add(error.code)

    def hook(agent: liar.Witness, session: Session) -> None:
        threads.append(threading.Thread(target=disturb, args=(session,)))
        threads[0].start()

    try:
        outcome = device.run(THREE, liar.Witness, stdin=b"hello", hook=hook)
    finally:
        done.set()
        threads[0].join(30)
    assert (outcome.error, outcome.status, outcome.lines) == (None, 5, EXPECTED)
    assert codes
    assert 0 not in codes


def test_the_normal_world_cannot_pretend_to_be_a_ta(device: Device) -> None:
    """Sessions of other TAs are refused by the container, so the login must mean what it says."""
    packed = device.pack(THREE)
    driver = device.emulator.driver
    reply = driver._transact(msg.CMD_OPEN_SESSION, 0, 0, 1, (), _meta(packed.uuid, gp.TEE_LOGIN_TRUSTED_APP))
    assert reply.code in (gp.TEE_ERROR_BAD_PARAMETERS, gp.TEE_ERROR_ACCESS_DENIED)
    assert reply.session == 0


def _meta(uuid: UUID, login: int) -> tuple[bytes, bytes]:
    octets = (int.from_bytes(uuid.bytes[:8], "little"), int.from_bytes(uuid.bytes[8:], "little"))
    attr = msg.ATTR_META | msg.ATTR_VALUE_INPUT
    return msg.PARAM.pack(attr, *octets, 0), msg.PARAM.pack(attr, 0, 0, login)
