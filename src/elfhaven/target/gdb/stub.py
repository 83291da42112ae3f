# SPDX-License-Identifier: BSD-2-Clause
"""What gdb asks while the guest stands, and when it stands. A machine.watched_engine.Observer.

The program stands first at its entry. Breakpoints live here and are given to each engine at each entry
into the TA: a call that leaves the TEE comes back by a new entry. A single step from the program into the
runtime goes on until the program is reached again: a call is one step, as on Linux.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol, cast

from elfhaven.machine.address_space import GuestFault
from elfhaven.machine.engine import PC, Translation
from elfhaven.machine.watched_engine import WatchedEngine, Why
from elfhaven.target.gdb import description, registers
from elfhaven.target.gdb.wire import Wire
from elfhaven.target.inside import Context, Guest, Inside

_ERROR: Final = b"E01"
_FAULT: Final = b"E14"  # EFAULT
_SIGNALS: Final = {Why.ASKED: 2, Why.BREAKPOINT: 5, Why.STEP: 5, Why.FAULT: 11}
_FEATURES: Final = b";".join(
    (
        b"PacketSize=4000",
        b"QStartNoAckMode+",
        b"qXfer:features:read+",
        b"qXfer:libraries:read+",
        b"qXfer:exec-file:read+",
        b"swbreak+",
        b"vContSupported+",
    )
)
_SLICE = 0.2  # seconds after which a wait looks whether the run is to end


class Memory(Guest, Protocol):
    """Guest memory under the guest's own rights."""

    def write(self, address: int, data: bytes) -> None: ...


class Stub:
    """`files` are the images whose files are at hand, by offset in the TA. `connect` waits for gdb: None
    where the run is to end first."""

    def __init__(
        self,
        inside: Inside,
        files: Iterable[tuple[str, int]],
        connect: Callable[[WatchedEngine], Wire | None],
    ) -> None:
        self._inside = inside
        self._files = tuple(files)
        program = inside.images[0].base if inside.images else None
        self._program = next((each for each in self._files if each[1] == program), None)
        self._connect = connect
        self._wire: Wire | None = None
        self._started = False
        self._base = 0
        self._engine: WatchedEngine | None = None  # while it runs
        self._breakpoints: set[int] = set()
        self._own: set[int] = set()  # a breakpoint of ours: the program's entry
        self._stepping = False
        self._range = (0, 0)
        self._from_runtime = False  # the step began there
        self._thread = 0  # whose registers are asked for; 0: of the one that runs

    # ---- Observer

    def began(self, engine: WatchedEngine, space: Translation, pc: int) -> bool:
        base = self._inside.find(cast(Guest, space), pc)
        if base is None:
            return False
        self._base, self._engine = base, engine
        if not self._started:
            self._started = True
            self._own = {base + self._inside.start}
        self._arm(engine)
        return True

    def stopped(self, engine: WatchedEngine, space: Translation, why: Why) -> None:
        pc = int(engine.registers[PC])
        if why is Why.STEP and self._passes(pc):
            return
        self._own.clear()
        self._stepping = False
        if self._wire is None:
            self._wire = self._connect(engine)
        elif not self._wire.closed:
            wished = self._wire.calm()
            self._wire.send(self._why(Why.ASKED if wished and why is Why.ASKED else why, space))
        if self._wire is not None:
            self._converse(engine, space, self._wire)
        self._arm(engine)

    def left(self, engine: WatchedEngine) -> None:
        self._engine = None

    def ask(self) -> None:
        """gdb wants the guest to stop. From its thread."""
        engine = self._engine
        if engine is not None:
            engine.ask()

    def ended(self, status: int | None) -> None:
        """The run is over: gdb is told, and left. None: by an error."""
        if self._wire is not None:
            if not self._wire.closed:
                self._wire.send(b"X09" if status is None else b"W%02x" % (status & 0xFF))
            self._wire.close()

    # ---- going on

    def _arm(self, engine: WatchedEngine) -> None:
        gone = self._wire is not None and self._wire.closed
        engine.breakpoints = set() if gone else self._breakpoints | self._own
        engine.stepping = self._stepping and not gone

    def _passes(self, pc: int) -> bool:
        """Whether a step is not at its end yet."""
        if self._wire is not None and self._wire.closed:
            return False
        start, end = self._range
        return start <= pc < end or not (self._of_program(pc) or self._from_runtime)

    def _of_program(self, pc: int) -> bool:
        offset = pc - self._base
        return any(image.begin <= offset < image.end for image in self._inside.images)

    def _converse(self, engine: WatchedEngine, space: Translation, wire: Wire) -> None:
        """Answers until gdb lets the guest go on, or has gone, or the run is to end."""
        self._thread = 0
        while not wire.closed and not engine.interrupted:
            asked = wire.take(_SLICE)
            if asked is None:
                continue
            try:
                answer = self._answer(engine, space, wire, asked)
            except GuestFault:
                answer = _FAULT
            except (ValueError, IndexError):
                answer = _ERROR
            if answer is None:
                return
            wire.send(answer)

    def _answer(self, engine: WatchedEngine, space: Translation, wire: Wire, asked: bytes) -> bytes | None:
        """None: the guest goes on."""
        text = asked.decode("latin-1")
        if text[:1] in ("c", "C", "s", "S", "v", "D", "k"):
            return self._run_control(engine, wire, text)
        if text[:1] in ("q", "Q", "H", "T", "?", "!"):
            return self._query(space, wire, text)
        if text[:1] in ("z", "Z"):
            return self._breakpoint(text)
        return self._data(engine, space, text)

    def _run_control(self, engine: WatchedEngine, wire: Wire, text: str) -> bytes | None:
        if text == "vCont?":
            return b"vCont;c;C;s;S;r"
        self._from_runtime = not self._of_program(int(engine.registers[PC]))
        if text[0] in "cC" or text.startswith(("vCont;c", "vCont;C")):
            return None
        if text[0] in "sS" or text.startswith(("vCont;s", "vCont;S")):
            self._stepping, self._range = True, (0, 0)
            return None
        if text.startswith("vCont;r"):
            start, _, end = text[7:].partition(":")[0].partition(",")
            self._stepping, self._range = True, (int(start, 16), int(end.partition(";")[0], 16))
            return None
        if text[0] == "D":
            wire.send(b"OK")
            self._breakpoints.clear()
            wire.close()
            return None
        if text == "k" or text.startswith("vKill"):
            if text != "k":
                wire.send(b"OK")
            engine.interrupt()
            return None
        return b""

    def _breakpoint(self, text: str) -> bytes:
        kind, address, *_ = text[1:].split(",")
        if kind not in ("0", "1"):
            return b""  # watchpoints: not here
        change = self._breakpoints.add if text[0] == "Z" else self._breakpoints.discard
        change(int(address, 16))
        return b"OK"

    # ---- registers and memory

    def _data(self, engine: WatchedEngine, space: Translation, text: str) -> bytes:
        kind, rest = text[:1], text[1:]
        memory = cast(Memory, space)
        if kind == "m":
            address, length = (int(word, 16) for word in rest.split(","))
            return self._readable(memory, address, min(length, 0x2000)).hex().encode()
        if kind in ("M", "X"):
            where, _, digits = rest.partition(":")
            address, length = (int(word, 16) for word in where.split(","))
            data = bytes.fromhex(digits) if kind == "M" else digits.encode("latin-1")
            if len(data) != length:
                return _ERROR
            memory.write(address, data)
            return b"OK"
        if kind == "g":
            return b"".join(
                map(registers.shown, self._registers(engine, space), range(description.REGISTERS))
            )
        if kind == "p":
            number = int(rest, 16)
            return registers.shown(self._registers(engine, space)[number], number)
        if kind in ("G", "P") and self._other(space) is not None:
            return _ERROR  # of a thread that waits: the runtime's to keep
        if kind == "G":
            for number, value in enumerate(registers.split(rest.encode())):
                registers.write(engine, number, value)
            return b"OK"
        if kind == "P":
            register, _, digits = rest.partition("=")
            registers.write(engine, int(register, 16), bytes.fromhex(digits))
            return b"OK"
        return b""

    def _readable(self, memory: Guest, address: int, length: int) -> bytes:
        """What of a range can be read, up to the first page that cannot."""
        try:
            return memory.read(address, length)
        except GuestFault:
            shorter = -address % 4096
            if not 0 < shorter < length:
                raise
            return memory.read(address, shorter)

    def _registers(self, engine: WatchedEngine, space: Translation) -> list[bytes | None]:
        other = self._other(space)
        return registers.of_context(other) if other is not None else [*registers.of_engine(engine)]

    def _threads(self, space: Translation) -> tuple[Context, ...]:
        return self._inside.threads(cast(Guest, space), self._base)

    def _other(self, space: Translation) -> Context | None:
        """The thread that gdb has chosen, where it is not the one that runs."""
        chosen = (thread for thread in self._threads(space) if thread.tid == self._thread)
        return next((thread for thread in chosen if not thread.running), None)

    def _running(self, space: Translation) -> int:
        return next((thread.tid for thread in self._threads(space) if thread.running), 0) or 1

    # ---- questions

    def _why(self, why: Why, space: Translation) -> bytes:
        reason = b"swbreak:;" if why is Why.BREAKPOINT else b""
        return b"T%02xthread:%x;%s" % (_SIGNALS[why], self._running(space), reason)

    def _query(self, space: Translation, wire: Wire, text: str) -> bytes:
        name, _, rest = text.partition(":")
        if text[0] == "?":
            return self._why(Why.STEP, space)
        if text[0] == "H":
            self._thread = 0 if text[1:2] != "g" else max(int(text[2:], 16), 0)
            return b"OK"
        if text[0] == "T":
            return b"OK" if int(text[1:], 16) in self._tids(space) else _ERROR
        if name == "qXfer":
            return self._document(rest)
        if name == "QStartNoAckMode":
            wire.without_acks()
            return b"OK"
        if text.startswith("qThreadExtraInfo"):
            tid = int(text.partition(",")[2], 16)
            return (b"runs" if tid == self._running(space) else b"waits in a call").hex().encode()
        answers = {
            "qSupported": _FEATURES,
            "qC": b"QC%x" % self._running(space),
            "qAttached": b"1",
            "qfThreadInfo": b"m" + b",".join(b"%x" % tid for tid in self._tids(space)),
            "qsThreadInfo": b"l",
            "qSymbol": b"OK",
            "qOffsets": b"TextSeg=%x" % (self._base + self._program[1]) if self._program else b"",
        }
        return answers.get(name, b"")

    def _tids(self, space: Translation) -> tuple[int, ...]:
        return tuple(thread.tid or 1 for thread in self._threads(space)) or (1,)

    def _document(self, text: str) -> bytes:
        what, _, where = text.rpartition(":")
        if what == "features:read:target.xml":
            return description.piece(description.target(), where)
        if what.startswith("exec-file:read:") and self._program is not None:
            return description.piece(self._program[0].encode(), where)
        if what == "libraries:read:":
            others = (each for each in self._files if each != self._program)
            files = ((file, self._base + offset) for file, offset in others)
            return description.piece(description.libraries(files), where)
        return b""
