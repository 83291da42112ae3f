# SPDX-License-Identifier: BSD-2-Clause
"""What clients and TAs said to each other in one run: recorded on the wire between the worlds.

Lock: `_lock` guards the tables of calls; nothing is called while it is held.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.sdk.explain import explain
from elfhaven.sdk.sequence_inside import watched
from elfhaven.sdk.sequence_names import PSEUDO_TAS, Names, rpc_name
from elfhaven.sdk.sequence_shown import Shown, shown_memory
from elfhaven.tee_errors import origin_name
from elfhaven.world.message import Message, Param
from elfhaven.world.tap import Handling, Tap

CLIENT: Final = "client"
_WHAT: Final = {
    msg.CMD_OPEN_SESSION: "open session",
    msg.CMD_INVOKE_COMMAND: "invoke",
    msg.CMD_CLOSE_SESSION: "close session",
    msg.CMD_CANCEL: "cancel",
}
_VALUES: Final = {
    msg.ATTR_VALUE_INPUT: "value in",
    msg.ATTR_VALUE_OUTPUT: "value out",
    msg.ATTR_VALUE_INOUT: "value inout",
}
_MEMORY: Final = {
    msg.ATTR_RMEM_INPUT: "memref in", msg.ATTR_TMEM_INPUT: "memref in",
    msg.ATTR_RMEM_OUTPUT: "memref out", msg.ATTR_TMEM_OUTPUT: "memref out",
    msg.ATTR_RMEM_INOUT: "memref inout", msg.ATTR_TMEM_INOUT: "memref inout",
}  # fmt: skip
_QUIET: Final = (msg.RPC_CMD_SHM_ALLOC, msg.RPC_CMD_SHM_FREE)  # how a message travels, and none itself
_TA, _MAP = "D/TA:  ", "E/LD:"  # what a TA says; the map of one that died


class Kind(Enum):
    """What an event is."""

    CALL = "call"
    ANSWER = "answer"
    RPC = "rpc"
    SAID = "said"


@dataclass(slots=True)
class Event:
    """`call` is the number of the client's call it belongs to (0: none), `ta` the TA that is called or that
    runs, `source` who calls it; `seconds` since the beginning. Of an RPC `times` is how often the same came
    in a row."""

    kind: Kind
    call: int
    ta: str
    text: str
    seconds: float
    params: list[Shown] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)  # of an answer that is an error
    result: int = gp.TEE_SUCCESS
    times: int = 1
    source: str = CLIENT


@dataclass(slots=True)
class _Call:
    what: str
    uuid: UUID | None
    began: float
    sizes: list[int]
    number: int
    told_why: bool = False


class Recorder:
    """world.tap.Listener. `events` are what happened, in the order of the wire."""

    def __init__(self, names: Names, now: Callable[[], float] = time.perf_counter) -> None:
        self._names, self._now = names, now
        self._start = now()
        self._lock = threading.Lock()
        self._calls: dict[int, _Call] = {}
        self._here: dict[int, int] = {}  # the call under way on each host thread
        self._sessions: dict[int, UUID] = {}
        self._numbers = itertools.count(1)
        self._inside: dict[int, list[tuple[UUID | None, float]]] = {}  # TAs that TAs call, by host thread
        self.tap = Tap(self, lambda ta: watched(ta, self))
        self.events: list[Event] = []

    # ---- what the wire tells

    def called(self, call: int, message: Message) -> None:
        what = _WHAT.get(message.command)
        if what is None:
            return
        uuid = self._uuid(message)
        params = _parameters(message)
        with self._lock:
            sizes = [param.b for param in params]
            number = next(self._numbers)
            self._calls[call] = _Call(what, uuid, self._now(), sizes, number)
            self._here[threading.get_ident()] = call
        text = f"{what} {self._command(uuid, message.function)}" if what == "invoke" else what
        shown = [self._shown(param, before=True) for param in params]
        self._add(Event(Kind.CALL, number, self._ta(uuid), text, self._since(), _trimmed(shown)))

    def answered(self, call: int, message: Message) -> None:
        with self._lock:
            known = self._calls.pop(call, None)
            self._here.pop(threading.get_ident(), None)
        if known is None:
            return
        if known.what == "open session" and not message.result and known.uuid is not None:
            self._sessions[message.session] = known.uuid
        if known.what == "close session":
            self._sessions.pop(message.session, None)
        shown = [
            self._shown(param, before=False, room=room, failed=bool(message.result))
            for param, room in zip(_parameters(message), known.sizes, strict=True)
        ]
        took = f"{1e3 * (self._now() - known.began):.1f} ms"
        event = Event(Kind.ANSWER, known.number, self._ta(known.uuid), took, self._since(), _trimmed(shown))
        if message.result:
            event.result, event.text = message.result, f"{gp.result_name(message.result)}, {took}"
            event.reasons = _reasons(message, known.told_why)
        self._add(event)

    # ---- what TAs say to each other

    def ta_calls(
        self, source: UUID, target: UUID | None, what: str, command: int, shown: list[Shown]
    ) -> None:
        with self._lock:
            number = self._number()
            self._inside.setdefault(threading.get_ident(), []).append((target, self._now()))
        text = f"{what} {self._command(target, command)}" if what == "invoke" else what
        self._add(
            Event(Kind.CALL, number, self._ta(target), text, self._since(), shown, source=self._ta(source))
        )

    def ta_answers(self, source: UUID, target: UUID | None, result: int, shown: list[Shown]) -> None:
        with self._lock:
            number = self._number()
            _, began = self._inside[threading.get_ident()].pop()
        took = f"{1e3 * (self._now() - began):.1f} ms"
        text = f"{gp.result_name(result)}, {took}" if result else took
        self._add(
            Event(
                Kind.ANSWER, number, self._ta(target), text, self._since(), shown, result=result,
                source=self._ta(source),
            )
        )  # fmt: skip

    def _number(self) -> int:
        """Of the client's call on this host thread; with the lock."""
        known = self._calls.get(self._here.get(threading.get_ident(), 0))
        return known.number if known else 0

    def _running(self, known: UUID | None) -> UUID | None:
        """Which TA runs on this host thread, where a client has called `known`."""
        inside = self._inside.get(threading.get_ident())
        return inside[-1][0] if inside else known

    # ---- what the secure world says meanwhile

    def asked(self, call: int, message: Message) -> Handling:
        return Handling.SERVE

    def told(self, call: int, message: Message) -> None:
        with self._lock:
            known = self._calls.get(call)
        if known is None or message.command in _QUIET:
            return
        text, last = rpc_name(message), self.events[-1]
        same = (known.number, text, message.result)
        if last.kind is Kind.RPC and (last.call, last.text, last.result) == same:
            last.times += 1
            return
        self._add(
            Event(
                Kind.RPC,
                known.number,
                self._ta(self._running(known.uuid)),
                text,
                self._since(),
                result=message.result,
            )
        )

    def said(self, line: str) -> None:
        if line.startswith(_MAP):
            return
        with self._lock:
            known = self._calls.get(self._here.get(threading.get_ident(), 0))
            if known is not None:
                known.told_why = True
        number, uuid = (known.number, known.uuid) if known else (0, None)
        self._add(
            Event(
                Kind.SAID,
                number,
                self._ta(self._running(uuid)),
                line.removeprefix(_TA).rstrip(),
                self._since(),
            )
        )

    # ---- in words

    def _add(self, event: Event) -> None:
        self.events.append(event)

    def _since(self) -> float:
        return self._now() - self._start

    def _uuid(self, message: Message) -> UUID | None:
        if message.command == msg.CMD_OPEN_SESSION:
            words = message.params[0].a, message.params[0].b
            return UUID(bytes=b"".join(word.to_bytes(8, "little") for word in words))
        return self._sessions.get(message.session)

    def _ta(self, uuid: UUID | None) -> str:
        if uuid is None:
            return "the TEE"
        if str(uuid) in PSEUDO_TAS:
            return PSEUDO_TAS[str(uuid)]
        return self._names[uuid][0] if uuid in self._names else str(uuid)

    def _command(self, uuid: UUID | None, number: int) -> str:
        names = self._names[uuid][1] if uuid is not None and uuid in self._names else {}
        return f"{names[number]} ({number})" if number in names else str(number)

    def _shown(self, param: Param, *, before: bool, room: int = 0, failed: bool = False) -> Shown:
        """What a parameter says before the call or after it; nothing where it says nothing then."""
        if param.kind in _VALUES:
            kind = _VALUES[param.kind]
            silent = failed or kind == ("value out" if before else "value in")
            return Shown("") if silent else Shown(kind, (param.a & 0xFFFFFFFF, param.b & 0xFFFFFFFF))
        kind = _MEMORY.get(param.kind, "")
        if not kind or (not before and kind == "memref in"):
            return Shown("")
        if before and kind == "memref out":
            return Shown("room for", size=param.b)
        if not before and param.b > room:
            return Shown("needs", size=param.b)
        if failed:
            return Shown("")
        return shown_memory(kind, param.b, lambda most: self.tap.read(param))


def _reasons(message: Message, told: bool) -> list[str]:
    """What a result means, and what to do unless the console has told why."""
    known = explain(str(message.result))
    means = f"{known.means}, says {origin_name(message.origin)}"
    return [means] if told else [means, known.fix]


def _parameters(message: Message) -> list[Param]:
    """Those of the client: opening a session has two before them."""
    return [param for param in message.params if not param.attr & msg.ATTR_META]


def _trimmed(shown: list[Shown]) -> list[Shown]:
    return [each for each in shown if each.kind]
