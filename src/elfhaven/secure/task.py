# SPDX-License-Identifier: BSD-2-Clause
"""A loaded user TA: its address space, its entry into user mode, its end.

OP-TEE calls this a user TA context. One runs on at most one thread at a time (`turn`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from elfhaven.abi.gp import (
    TA_FLAG_INSTANCE_KEEP_ALIVE,
    TA_FLAG_SINGLE_INSTANCE,
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_TARGET_DEAD,
    TEE_ORIGIN_TEE,
    TEE_ORIGIN_TRUSTED_APP,
)
from elfhaven.abi.utee import PARAMS, STACK_ALIGNMENT, Entry
from elfhaven.machine.address_space import PARAMETER, AddressSpace, GuestFault, NoRoom
from elfhaven.machine.engine import Fault, Stop
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pagetable import OutOfTables, Protection
from elfhaven.secure import report
from elfhaven.secure.calls.bind import Calls
from elfhaven.secure.loader import Loaded
from elfhaven.secure.params import BackedBuffer, Memory, Parameters, Value, is_memref
from elfhaven.secure.result import Panicked, TeeResult
from elfhaven.secure.turn import Turn

if TYPE_CHECKING:
    from elfhaven.secure.core import SecureCore
    from elfhaven.secure.session import Session
    from elfhaven.secure.threads import Thread

ABORT_PANIC = 0xDEADBEEF
_RW = Protection.READ | Protection.WRITE
_PARAMS_SPACE = (PARAMS.size + STACK_ALIGNMENT - 1) // STACK_ALIGNMENT * STACK_ALIGNMENT


class Task:
    """See the module's docstring. `thread` and `session` are those being served, in its turn. `number` is the
    instance's own, never given again."""

    def __init__(self, core: SecureCore, uuid: UUID, space: AddressSpace, loaded: Loaded) -> None:
        self.core = core
        self.number = core.sessions.next_instance()
        self.uuid = uuid
        self.space = space
        self.loaded = loaded
        self.flags = loaded.flags
        self.references = 0
        self.turn = Turn(core.rpc)
        self.panicked = False
        self.thread: Thread
        self.session: Session
        self._registers: Any = None
        self._returned = 0
        self._panic: Panicked | None = None
        self.calls = Calls(self)
        self._table = self.calls.table

    @property
    def single_instance(self) -> bool:
        return bool(self.flags & TA_FLAG_SINGLE_INSTANCE)

    @property
    def keep_alive(self) -> bool:
        return self.single_instance and bool(self.flags & TA_FLAG_INSTANCE_KEEP_ALIVE)

    # ---- entry

    def enter(
        self, thread: Thread, session: Session, entry: Entry, params: Parameters | None, command: int = 0
    ) -> tuple[int, int]:
        """One entry into the TA: (TEE_Result, origin). A TA that dies gives TARGET_DEAD and is `panicked`."""
        outer = getattr(self, "thread", None), getattr(self, "session", None)
        self.thread, self.session = thread, session
        session.cancel_masked = True
        thread.sessions.append(session)
        try:
            return self._enter(entry, params or Parameters(), command)
        except TeeResult as error:  # the origin stays that of the session's last entry
            return error.code, TEE_ORIGIN_TEE if entry is Entry.OPEN_SESSION else TEE_ORIGIN_TRUSTED_APP
        finally:
            thread.sessions.pop()
            self.space.drop_parameters()
            if outer[0] is not None:
                self.thread, self.session = outer  # type: ignore[assignment]

    def _enter(self, entry: Entry, params: Parameters, command: int) -> tuple[int, int]:
        words = self._map_params(params)
        self.space.settle()
        sp = self.loaded.stack_top - _PARAMS_SPACE
        self.space.write(sp, PARAMS.pack(*words))
        arguments = (entry, self.session.reference, sp, command & 0xFFFFFFFF)
        stopped = self._run(sp, arguments)
        if stopped is Stop.LEFT and self._panic is None:
            try:
                answers = self.space.read(sp, PARAMS.size)
            except GuestFault:  # it has unmapped its own stack
                self._panic = Panicked(ABORT_PANIC)
            else:
                self._take_answers(params, PARAMS.unpack(answers))
                return self._returned, TEE_ORIGIN_TRUSTED_APP
        self._die(stopped)
        return TEE_ERROR_TARGET_DEAD, TEE_ORIGIN_TEE

    def _run(self, sp: int, arguments: tuple[int, ...]) -> Fault | Stop:
        thread, core = self.thread, self.core
        level = len(thread.sessions) - 1
        engine = thread.engine(level)
        if level:
            engine.thread_pointer = thread.engines[level - 1].thread_pointer
        self._registers, self._panic = engine.registers, None
        if thread.interrupted:
            return Stop.INTERRUPTED
        epoch = core.pages.code_epoch
        core.lock.release()
        try:
            return engine.enter(self.space, epoch, self.loaded.entry, sp, arguments, self._on_svc)
        finally:
            core.lock.acquire()
            if level:
                thread.engines[level - 1].thread_pointer = engine.thread_pointer

    def _on_svc(self) -> bool:
        registers = self._registers
        number = registers[8]
        if number == 0:
            self._returned = registers[0] & 0xFFFFFFFF
            return False
        if number >= len(self._table):
            registers[0] = TEE_ERROR_NOT_SUPPORTED
            return True
        handler, count = self._table[number]
        self.core.lock.acquire()
        try:
            registers[0] = handler(*registers[:count]) or 0
        except TeeResult as error:
            registers[0] = error.code
        except GuestFault:
            registers[0] = TEE_ERROR_ACCESS_DENIED
        except Panicked as panic:
            self._panic = panic
            return False
        finally:
            self.core.lock.release()
        return True

    # ---- parameters

    def _map_params(self, params: Parameters) -> list[int]:
        """The nine words of struct utee_params, with memory mapped; OUT_OF_MEMORY if it does not fit."""
        words = [params.types]
        for item in params.items:
            if isinstance(item, Value):
                words += [item.a, item.b]
            elif isinstance(item, Memory):
                words += [self._map_memory(item), item.size]
            else:
                words += [0, 0]
        return words

    def _map_memory(self, item: Memory) -> int:
        """Where the TA sees it; writable whatever the direction, as on OP-TEE. A reference to no bytes of
        a buffer is mapped too: only one to no buffer is NULL."""
        buffer = item.buffer
        if not isinstance(buffer, BackedBuffer):
            return 0
        inside = buffer.offset % PAGE
        size = (inside + max(item.size, 1) + PAGE - 1) // PAGE * PAGE
        offset = buffer.offset - inside
        try:
            mapping = self.space.map(
                buffer.backing, size, _RW, offset=offset, kind=PARAMETER, label="(param)"
            )
        except (NoRoom, OutOfTables):
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None
        return mapping.start + inside

    def _take_answers(self, params: Parameters, words: tuple[int, ...]) -> None:
        for place, item in enumerate(params.items):
            a, b = words[1 + 2 * place], words[2 + 2 * place]
            if isinstance(item, Value):
                item.a, item.b = a & 0xFFFFFFFF, b & 0xFFFFFFFF
            elif isinstance(item, Memory) and is_memref(params.kind(place)):
                item.size = b

    # ---- the end

    def _die(self, why: Fault | Stop) -> None:
        """Report as OP-TEE does; the task can only be destroyed from now on."""
        self.panicked = True
        out = self.core.console
        if isinstance(why, Fault):
            out(report.abort(why, self._registers, self.space.root))
        elif self._panic is not None and not self.thread.interrupted:
            out(report.panic(self._panic.code))
        else:
            out(report.interrupted())
        out(report.status(self.uuid, self.space, self.loaded.images, self._call_stack(why)))

    def _call_stack(self, why: Fault | Stop) -> list[int]:
        first = why.pc if isinstance(why, Fault) else self._registers[32]
        return report.unwind(self.space, first, self._registers[29])

    def destroy(self) -> None:
        """Give everything back."""
        self.calls.close()
        self.space.close()
