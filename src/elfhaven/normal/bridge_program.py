# SPDX-License-Identifier: BSD-2-Clause
"""A program whose files lie at a bridge's end: the bridge resumes it and performs its calls there.

What is left for this side: the caller's standard streams, the log, and what the user is told. The bridge
waits for this side to have stored the audit records of a return before it performs the calls they tell of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from elfhaven import manifest
from elfhaven.abi import bridge as wire
from elfhaven.abi import gp
from elfhaven.abi.container import SLOT, SLOTS_OFFSET, RuleFlag, RuleKind, SlotState, State
from elfhaven.calls.linux import LINUX
from elfhaven.calls.trace import Record
from elfhaven.errors import ProgramFault, TargetError
from elfhaven.normal import messages
from elfhaven.normal.agent import Agent
from elfhaven.normal.audit import AuditLog
from elfhaven.normal.bridge_transport import BridgeTransport, Conversation
from elfhaven.normal.client import Session
from elfhaven.normal.control import DATA_OFFSET, ControlBlock, Header, Identity, log_records
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process, strings_of
from elfhaven.normal.results import tee_error

_GIVE_UP: Final = 1
_STREAMS_ONLY: Final = RootPolicy((), (), "/")  # the agent of this side reaches no file
_REACH: Final = {RuleKind.READ: wire.Reach.READ, RuleKind.WRITE: wire.Reach.WRITE}


def rules_of(policy: manifest.Policy, cwd: str) -> tuple[int, bytes]:
    """How many rules the policy has for a program that begins in `cwd` at the other end, and the rules."""
    rules = [(_REACH[rule.kind], rule.flags, rule.path) for rule in policy.rules]
    rules += [(wire.Reach.PINNED, flags, pin.path) for pin, flags in policy.pinned]
    rules += [(wire.Reach.WAY, RuleFlag(0), cwd)]
    return len(rules), b"".join(_rule(kind, flags, path, cwd) for kind, flags, path in rules)


def _rule(kind: wire.Reach, flags: RuleFlag, path: str, cwd: str) -> bytes:
    text = manifest.rule_base(path, flags, cwd).encode(errors="surrogateescape")
    return wire.RULE.struct.pack(kind, bool(flags & RuleFlag.TREE), len(text), 0) + text


class BridgeProgram(Process):
    """A program in an open session of its own, with the files of the bridge's end; `run` it once.

    `streams` are descriptors of this side; `counts` tells, once it has ended, its delegated calls by number.
    """

    def __init__(
        self,
        session: Session,
        transport: BridgeTransport,
        policy: manifest.Policy,
        streams: tuple[int, int, int],
        *,
        audit: AuditLog | None = None,
        trace: Callable[[str], None] | None = None,
        events: Callable[[Record], None] | None = None,
        report: Callable[[str], None] | None = None,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        agent = Agent(_STREAMS_ONLY, streams=streams)
        super().__init__(
            session, agent, audit=audit, trace=trace, events=events, report=report, waiting=waiting
        )
        self._number = session.number
        self._transport = transport
        self._policy = policy
        self._streams = agent
        self.counts: dict[int, int] = {}

    def ask(self, word: int) -> None:
        """As Process.ask; a call that blocks at the other end is interrupted, too."""
        self._transport.cancel(self._number, word)

    def _run(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, identity: Identity | None
    ) -> int | None:
        """The program is told of the bridge's process: `identity` is not used."""
        strings = strings_of(argv, env, cwd)
        count, rules = rules_of(self._policy, cwd)
        log_id = self._audit.log_id() if self._audit and not self._audit.empty else b""
        words = (len(strings), len(argv), len(env), count, 0, log_id)

        def head(handle: int) -> bytes:
            return wire.PROGRAM.struct.pack(self._number, self._flags(), handle, *words)

        with self._transport.program(head, rules, strings) as conversation:
            return self._status(self._follow(conversation))

    def _follow(self, conversation: Conversation) -> bytes:
        """Serves the other end until the program has ended; the payload of ENDED."""
        while True:
            heard = conversation.take()
            if heard.kind == wire.Kind.ENDED:
                return heard.payload
            try:
                if heard.kind == wire.Kind.NEWS:
                    self._hear_news(conversation, heard.payload)
                elif heard.kind == wire.Kind.ERRANDS:
                    conversation.send(wire.Kind.DONE, self._run_errands(heard.payload))
                else:
                    raise TargetError("the bridge sent what is no part of a program's run")
            except Exception:
                _give_up(conversation)
                raise

    # --- news ---

    def _hear_news(self, conversation: Conversation, payload: bytes) -> None:
        store, _ = wire.NEWS.struct.unpack_from(payload)
        header = self.last = _report(payload, wire.NEWS.size)
        records = payload[wire.NEWS.size + wire.REPORT.size :]
        if len(records) != header.log_used:
            raise ProgramFault(
                "the runtime broke the delegation protocol: more log than there is room for",
                "the image was packed by another version of elfhaven, or its memory was corrupted",
            )
        self._take_log(log_records(records))
        self._tell(header)
        if self._audit is not None and header.state == State.REQUESTS:
            self._audit.reserve(header.pending)
        if store:
            conversation.send(wire.Kind.STORED, wire.NAME.struct.pack(0, 0))

    # --- errands ---

    def _run_errands(self, payload: bytes) -> bytes:
        """Performs calls on the caller's streams. The other end is not trusted: nothing else is in reach."""
        count, wait = wire.ERRANDS.struct.unpack_from(payload)
        block, window, slots = _mirror(payload, count)
        with self._waiting():
            self._streams.serve(block, window, count, None if wait else 0)
        answers = [answer for at in slots if (answer := _done(block, window, at))]
        return wire.ERRANDS.struct.pack(len(answers), 0) + b"".join(answers)

    # --- the end ---

    def _status(self, payload: bytes) -> int | None:
        code, origin, _, last_call, counts, _ = wire.ENDED.struct.unpack_from(payload)
        header = self.last = _report(payload, wire.ENDED.size)
        at = wire.ENDED.size + wire.REPORT.size
        for index in range(counts):
            call, _, count = wire.COUNT.struct.unpack_from(payload, at + index * wire.COUNT.size)
            self.counts[call] = count
        row = LINUX.by_number(last_call)
        name = row.name if row else None
        if code == gp.TEE_ERROR_TARGET_DEAD:
            raise messages.died(name)
        if code:
            raise tee_error(code, origin, "the program cannot be run")
        if header.state == State.FATAL:
            raise messages.fatal(header.fatal_code, header.fatal_value, name)
        if header.state not in (State.EXITED, State.IDLE):
            raise ProgramFault(
                f"the runtime returned in the unexpected state {header.state}", "pack the program again"
            )
        return header.exit_status & 0xFF if header.state == State.EXITED else None


def _give_up(conversation: Conversation) -> None:
    """Ends the program at the other end, whatever it waits for."""
    conversation.send(wire.Kind.STORED, wire.NAME.struct.pack(_GIVE_UP, 0))
    while conversation.take().kind != wire.Kind.ENDED:
        pass


def _report(payload: bytes, at: int) -> Header:
    return Header._make(wire.REPORT.struct.unpack_from(payload, at))


def _mirror(payload: bytes, count: int) -> tuple[ControlBlock, memoryview, list[int]]:
    """Errands as requests in a block of this side, and where their slots lie in it.

    Input and output of each lie behind one another in a window. Raises TargetError where they are malformed.
    """
    errands, at = [], wire.ERRANDS.size
    room = 0
    for _ in range(count):
        if len(payload) - at < wire.ERRAND.size:
            raise TargetError("the bridge sent a call that is cut short")
        slot, number, call, capacity, *args, length, _ = wire.ERRAND.struct.unpack_from(payload, at)
        at += wire.ERRAND.size
        errands.append((slot, number, call, args, room, payload[at : at + length], capacity))
        at += length
        room += length + capacity
        if slot >= (DATA_OFFSET - SLOTS_OFFSET) // SLOT.size or room > 2 * wire.FRAME_MAX:
            raise TargetError("the bridge sent a call that cannot be")
    block = ControlBlock(memoryview(bytearray(max(DATA_OFFSET, 16384))), 0, room)
    window = memoryview(bytearray(room))
    for slot, number, call, args, start, data, capacity in errands:
        window[start : start + len(data)] = data
        words = (number, SlotState.REQUESTED, call, 1, *args, 0, 0)
        places = (start, len(data), start + len(data), capacity, 0, 0, 0, 0, 0, 0)
        SLOT.struct.pack_into(block.view, SLOTS_OFFSET + slot * SLOT.size, *words, *places)
    return block, window, [SLOTS_OFFSET + errand[0] * SLOT.size for errand in errands]


def _done(block: ControlBlock, window: memoryview, at: int) -> bytes:
    """The answer to the errand in a slot; nothing where it waits still."""
    slot = SLOT.struct.unpack_from(block.view, at)
    state, result, value, start, capacity = slot[1], slot[10], slot[11], slot[14], slot[15]
    if state != SlotState.ANSWERED:
        return b""
    length = capacity if capacity <= wire.WHOLE_ANSWER else min(max(result, 0), capacity)
    index = (at - SLOTS_OFFSET) // SLOT.size
    return wire.DONE.struct.pack(index, length, result, value) + bytes(window[start : start + length])
