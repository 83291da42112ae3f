# SPDX-License-Identifier: BSD-2-Clause
"""A TEE core just large enough to run the runtime alone: flat memory, utee calls as stubs, one session.

It stands at the Transport seam, so that the real Process and Agent can drive the runtime, or a test can be
the normal world itself. Shared memory is mapped at another address at every entry, and only for its time.
"""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import mmap
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from unicorn import UC_ARCH_ARM64, UC_HOOK_INTR, UC_MODE_ARM, Uc, UcError
from unicorn import arm64_const as arm

from elfhaven.image.reader import Elf
from elfhaven.normal.transport import Allocation, Direction, Login, MemRef, Output, Parameter, Reply, Value

BASE, STACK_TOP, SHARED = 0x4000_0000, 0x3F10_0000, 0x6000_0000
ARENA, ARENA_SIZE = BASE + (64 << 20), 192 << 20
TARGET_DEAD, BAD_PARAMETERS, OUT_OF_MEMORY = 0xFFFF3024, 0xFFFF0006, 0xFFFF000C
ITEM_NOT_FOUND = 0xFFFF0008
KEY = b"a key of this device and program"


@dataclass
class Session:
    """A TA instance: its memory, and what it holds of the core."""

    uc: Uc
    login: int = 0
    objects: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)  # handle: (name or key, data)
    states: dict[int, object] = field(default_factory=dict)
    free: int = 1 << 62  # bytes that MAP_ZI still gives
    entries: int = 0
    dead: bool = False
    leak: tuple[int, ...] = ()  # registers other than x0 at the last return that were not zero


class FakeCore:
    """Transport. `store` holds persistent objects by name and outlives sessions; `ree_ms` is the date."""

    def __init__(self, elf: bytes, memory: int = 64 << 20) -> None:
        self.elf = Elf.parse(elf, "container")
        self.memory = memory
        self.store: dict[bytes, bytes] = {}
        self.sessions: dict[int, Session] = {}
        self.shared: dict[int, tuple[mmap.mmap, memoryview]] = {}
        self.calls: list[int] = []
        self.console = b""
        self.now_ms: int | None = None  # None: the host's clock
        self.ree_ms = 1_700_000_000_000
        self.caller = 0

    # Transport
    def open_session(
        self, uuid: UUID, login: Login, group: int, params: Sequence[Parameter], cancel_id: int
    ) -> Reply:
        session = Session(self._load(), free=self.memory)
        code, _ = self._enter(session, 0, 0, params)
        number = len(self.sessions) + 1
        self.sessions[number] = session
        return Reply(code, 4, number, ())

    def invoke(self, session: int, command: int, params: Sequence[Parameter], cancel_id: int) -> Reply:
        target = self.sessions[session]
        if target.dead:
            return Reply(TARGET_DEAD, 3, 0, (None,) * len(params))
        code, outputs = self._enter(target, 2, command, params)
        return Reply(code, 3 if target.dead else 4, 0, outputs)

    def close_session(self, session: int) -> None:
        target = self.sessions.pop(session)
        if not target.dead:
            self._enter(target, 1, 0, ())

    def cancel(self, session: int, cancel_id: int) -> None:
        pass

    def allocate(self, size: int) -> Allocation:
        memory = mmap.mmap(-1, -(-size // 4096) * 4096)
        handle = max(self.shared, default=0) + 1
        self.shared[handle] = (memory, memoryview(memory))
        return Allocation(handle, memoryview(memory)[:size])

    def register(self, buffer: memoryview) -> Allocation:
        raise NotImplementedError

    def release(self, handle: int) -> None:
        self.shared.pop(handle, None)

    # the core
    def _load(self) -> Uc:
        uc = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        uc.ctl_set_page_size(4096)
        uc.reg_write(arm.UC_ARM64_REG_CPACR_EL1, 3 << 20)
        for load in self.elf.loads:
            start, end = load.address // 4096 * 4096, -(-load.end // 4096) * 4096
            uc.mem_map(BASE + start, end - start)
            uc.mem_write(BASE + load.address, self.elf.data[load.offset : load.offset + load.file_size])
        uc.mem_map(STACK_TOP - 65536, 65536)
        uc.mem_map(ARENA, ARENA_SIZE)  # what MAP_ZI gives: mapping it inside a hook crashes the engine
        return uc

    def _place(
        self, session: Session, params: Sequence[Parameter]
    ) -> tuple[list[int], list[tuple[int, int, object]]]:
        """Types and values as the core hands them over, and the addresses mapped for it."""
        types, words, mapped = 0, [], []
        session.entries += 1
        at = SHARED + session.entries % 7 * 0x100_0000
        for index, param in enumerate(params):
            pair = (0, 0)
            if isinstance(param, Value):
                types |= int(param.direction) << 4 * index
                pair = (param.a, param.b)
            elif isinstance(param, MemRef):
                types |= int(param.direction) + 4 << 4 * index
                memory = self.shared[param.handle][0] if param.handle else mmap.mmap(-1, max(param.size, 1))
                if param.view is not None:
                    memory[: param.size] = bytes(param.view)
                buffer = (ctypes.c_char * len(memory)).from_buffer(memory)
                size = -(-len(memory) // 4096) * 4096
                session.uc.mem_map_ptr(at, size, 3, ctypes.addressof(buffer))
                mapped.append((at, size, buffer))
                pair = (at + param.offset, param.size)
                at += size + 4096
            words += pair
        return [types, *words, *[0] * (8 - len(words))], mapped

    def _enter(
        self, session: Session, function: int, command: int, params: Sequence[Parameter]
    ) -> tuple[int, tuple[Output, ...]]:
        uc = session.uc
        words, mapped = self._place(session, params)
        at = STACK_TOP - 128
        uc.mem_write(at, struct.pack("<9Q", *words))
        for number in range(31):
            uc.reg_write(
                arm.UC_ARM64_REG_X0 + number if number < 29 else arm.UC_ARM64_REG_X29 + number - 29, 0
            )
        for register, value in enumerate((function, 1, at, command)):
            uc.reg_write(arm.UC_ARM64_REG_X0 + register, value)
        uc.reg_write(arm.UC_ARM64_REG_SP, at)
        uc.reg_write(arm.UC_ARM64_REG_TPIDR_EL0, 0xDEAD)  # of another TA: entry does not set it
        code = self._run(session)
        words = list(struct.unpack("<9Q", uc.mem_read(at, 72)))
        for address, size, _ in mapped:
            uc.mem_unmap(address, size)
        return code, tuple(_output(param, words[1 + 2 * i : 3 + 2 * i]) for i, param in enumerate(params))

    def _run(self, session: Session) -> int:
        uc, left = session.uc, []

        def interrupt(_: Uc, number: int, __: object) -> None:
            x = [uc.reg_read(arm.UC_ARM64_REG_X0 + i) for i in range(9)]
            self.calls.append(x[8])
            if x[8] == 0 or number != 2:
                session.dead = number != 2
                left.append(x[0])
                uc.emu_stop()
            else:
                uc.reg_write(arm.UC_ARM64_REG_X0, self._utee(session, x[8], x))

        hook = uc.hook_add(UC_HOOK_INTR, interrupt)
        try:
            uc.emu_start(BASE + self.elf.entry, 0)
        except UcError as error:
            session.dead = True
            self.fault = f"{error} pc {uc.reg_read(arm.UC_ARM64_REG_PC) - BASE:#x}"
        finally:
            uc.hook_del(hook)
        if session.dead:
            return TARGET_DEAD
        session.leak = tuple(
            value for i in range(1, 29) if (value := uc.reg_read(arm.UC_ARM64_REG_X0 + i))
        ) + tuple(v for i in range(32) if (v := uc.reg_read(arm.UC_ARM64_REG_Q0 + i)))
        session.leak += (uc.reg_read(arm.UC_ARM64_REG_TPIDR_EL0),) * bool(
            uc.reg_read(arm.UC_ARM64_REG_TPIDR_EL0)
        )
        return left[0] & 0xFFFFFFFF

    def _utee(self, session: Session, number: int, x: list[int]) -> int:
        uc = session.uc
        get = lambda at, size: bytes(uc.mem_read(at, size))  # noqa: E731
        put32 = lambda at, value: uc.mem_write(at, struct.pack("<I", value))  # noqa: E731
        match number:
            case 1:
                self.console += get(x[0], x[1])
            case 2:
                session.dead = True
                uc.emu_stop()
            case 3:
                uc.mem_write(x[4], struct.pack("<I16s", self.caller, bytes(16)))
            case 4:
                put32(x[3], 7)
            case 5:
                put32(x[3], 1)
            case 7:
                return self._system(session, x)
            case 12:
                self._wait(x[0])
            case 13:
                ms = self.ree_ms if x[0] == 2 else self._now()
                uc.mem_write(x[1], struct.pack("<II", ms // 1000, ms % 1000))
            case 15:
                session.states[len(session.states) + 1] = (x[0], x[2], None)
                put32(x[4], len(session.states))
            case 18:
                algorithm, key, _ = session.states[x[0]]
                made = hashlib.sha256() if not key else hmac.new(session.objects[key][0], None, "sha256")
                session.states[x[0]] = (algorithm, key, made)
            case 19:
                session.states[x[0]][2].update(get(x[1], x[2]))
            case 20:
                made = session.states[x[0]][2]
                made.update(get(x[1], x[2]) if x[2] else b"")
                uc.mem_write(x[3], made.digest())
            case 27:
                session.objects[len(session.objects) + 1] = (b"", b"")
                put32(x[2], len(session.objects))
            case 28:
                pass
            case 30:
                buffer, size = struct.unpack("<QQ", get(x[1], 16))
                session.objects[x[0]] = (get(buffer, size), b"")
            case 33:
                uc.mem_write(x[0], bytes((i * 37 + 5) & 255 for i in range(x[1])))
            case 41:
                if get(x[1], x[2]) not in self.store:
                    return ITEM_NOT_FOUND
                session.objects[len(session.objects) + 1] = (get(x[1], x[2]), b"")
                put32(x[4], len(session.objects))
            case 42:
                self.store[get(x[1], x[2])] = get(x[5], x[6])
                put32(x[7], len(session.objects) + 1)
            case 50:
                data = self.store[session.objects[x[0]][0]][: x[2]]
                uc.mem_write(x[1], data)
                uc.mem_write(x[3], struct.pack("<Q", len(data)))
            case _:
                return 0xFFFF000A
        return 0

    def _system(self, session: Session, x: list[int]) -> int:
        words = list(struct.unpack("<9Q", session.uc.mem_read(x[3], 72)))
        if x[2] == 1:
            session.uc.mem_write(
                words[3], hashlib.sha256(KEY + session.uc.mem_read(words[1], words[2])).digest()
            )
            return 0
        size, at = words[1], words[3] << 32 | words[4]
        if x[2] != 2 or size > session.free or size % 4096:
            return OUT_OF_MEMORY
        if not ARENA <= at <= at + size <= ARENA + ARENA_SIZE:
            return OUT_OF_MEMORY
        session.free -= size
        return 0

    def _now(self) -> int:
        return int(time.monotonic() * 1000) if self.now_ms is None else self.now_ms

    def _wait(self, milliseconds: int) -> None:
        if self.now_ms is None:
            time.sleep(milliseconds / 1000)
        else:
            self.now_ms += milliseconds


def _output(param: Parameter, pair: Sequence[int]) -> Output:
    if isinstance(param, Value):
        return (pair[0], pair[1])
    return pair[1] if isinstance(param, MemRef) and param.direction != Direction.INPUT else None
