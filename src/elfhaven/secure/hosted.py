# SPDX-License-Identifier: BSD-2-Clause
"""A TA that runs in this process and not on an engine, beside the ones that do.

It has an address space like any other: parameters are mapped into it, buffers of its calls lie in it, and
its calls are served by the handlers of the utee table. So the same rights, limits and errors hold for it.
What it does not have is guest code.

Lock: `_guard` guards `_inside`: whether the TA's own code runs, and so may be ended from another host thread.
It is a leaf.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_ACCESS_DENIED,
    TEE_ERROR_NOT_SUPPORTED,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_TARGET_DEAD,
    TEE_ORIGIN_TEE,
    TEE_ORIGIN_TRUSTED_APP,
)
from elfhaven.abi.utee import Entry
from elfhaven.machine.address_space import AddressSpace, GuestFault, Kind, Mapping, NoRoom
from elfhaven.machine.engine import Fault, Stop
from elfhaven.machine.memory import PAGE
from elfhaven.machine.pages import OutOfPages
from elfhaven.machine.pagetable import OutOfTables, Protection
from elfhaven.secure.loader import Loaded
from elfhaven.secure.params import Parameters
from elfhaven.secure.result import Panicked, TeeResult
from elfhaven.secure.task import Task
from elfhaven.tee_errors import OutOfMemory

if TYPE_CHECKING:
    from elfhaven.secure.core import SecureCore

_RW = Protection.READ | Protection.WRITE
EntryPoint = Callable[[int, int, list[int], int], int]


class HostedTa(Protocol):
    """What a core hosts: see ta.program.PythonTa. `start` is given the instance's HostedTask."""

    @property
    def uuid(self) -> UUID: ...

    @property
    def flags(self) -> int: ...

    @property
    def stack_size(self) -> int: ...

    @property
    def data_size(self) -> int: ...

    @property
    def start(self) -> Callable[[HostedTask], EntryPoint]: ...


class _Ended(BaseException):
    """The TA is dead; what unwinds may not stop it."""


class HostedTask(Task):
    """One instance; it is the ta.system.System of its TA. The core's lock is free while the TA runs."""

    def __init__(self, core: SecureCore, ta: HostedTa, space: AddressSpace) -> None:
        self.space = space
        self._pool = core.pages
        stack = self._map(ta.stack_size, "(stack)")
        super().__init__(core, ta.uuid, space, Loaded(space, stack, stack_top=stack.end, flags=ta.flags))
        self._room = ta.data_size
        self._guard = threading.Lock()
        self._inside = self._stopped = False
        self._host = 0
        self._entry = ta.start(self)

    def _map(self, size: int, label: str, kind: Kind = Kind.PLAIN) -> Mapping:
        """Fresh zeroed pages; TeeResult OUT_OF_MEMORY where they give out."""
        size = (size + PAGE - 1) // PAGE * PAGE
        try:
            pages = self._pool.allocate(size)
            try:
                return self.space.map(pages, size, _RW, kind=kind, label=label)
            except BaseException:
                self._pool.free(pages)
                raise
        except (OutOfPages, OutOfTables, NoRoom):
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None

    # ---- entry

    def _enter(self, entry: Entry, params: Parameters, command: int) -> tuple[int, int]:
        words = self._map_params(params)
        self._panic = None
        returned = self._run_hosted(entry, words, command & 0xFFFFFFFF)
        if returned is None:
            self._die(Stop.LEFT)
            return TEE_ERROR_TARGET_DEAD, TEE_ORIGIN_TEE
        self._take_answers(params, tuple(words))
        return returned & 0xFFFFFFFF, TEE_ORIGIN_TRUSTED_APP

    def _run_hosted(self, entry: Entry, words: list[int], command: int) -> int | None:
        """The TA's result; None if it died."""
        thread, session = self.thread, self.session.reference
        if thread.interrupted:
            return None
        outer, thread.stop_hosted = thread.stop_hosted, self._stop
        self._host, self._stopped = threading.get_ident(), False
        self.core.lock.release()
        try:
            try:
                self._go_inside(True)
                returned = self._entry(entry, session, words, command)
            finally:
                self._go_inside(False)
        except _Ended:
            return None
        finally:
            self._inside = False
            self.core.lock.acquire()
            thread.stop_hosted = outer
        return None if self._over else returned

    def _go_inside(self, inside: bool) -> None:
        with self._guard:
            self._inside = inside

    def _stop(self) -> None:
        """From another host thread: the TA's own code ends where it is, once; a call of it ends by itself."""
        with self._guard:
            if self._inside and not self._stopped:
                self._stopped = True
                host = ctypes.c_ulong(self._host)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(host, ctypes.py_object(_Ended))

    @property
    def _over(self) -> bool:
        return self._panic is not None or self.thread.interrupted

    def _call_stack(self, why: Fault | Stop) -> list[int]:
        return []

    # ---- what the TA asks for

    def call(self, number: int, *words: int) -> int:
        """A utee call, with the lock."""
        if self._over:
            raise _Ended
        if not 0 < number < len(self._table):
            return TEE_ERROR_NOT_SUPPORTED
        self._go_inside(False)
        result = self._serve(number, words)
        if self._over:
            raise _Ended
        self._go_inside(True)
        return result

    def _serve(self, number: int, words: tuple[int, ...]) -> int:
        handler, count = self._table[number]
        self.core.lock.acquire()
        try:
            return handler(*words[:count]) or 0
        except TeeResult as error:
            return error.code
        except GuestFault:
            return TEE_ERROR_ACCESS_DENIED
        except Panicked as panic:
            self._panic = panic
            raise _Ended from None
        finally:
            self.core.lock.release()

    def read(self, address: int, size: int) -> bytes:
        return self.space.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.space.write(address, data)

    def reserve(self, size: int, shareable: bool = False) -> int:
        """Memory of the TA's own, within its `data_size`; OutOfMemory beyond."""
        if size > self._room:
            raise OutOfMemory(f"{size} bytes where {self._room} of the TA's data_size are left")
        self.core.lock.acquire()
        try:
            made = self._map(size, "", Kind.SHAREABLE if shareable else Kind.PLAIN)
        except TeeResult:
            raise OutOfMemory("the secure world has no more pages") from None
        finally:
            self.core.lock.release()
        self._room -= made.size
        return made.start

    def release(self, address: int) -> None:
        """Gives what `reserve` gave back."""
        found = self.space.find(address)
        assert found is not None
        self.core.lock.acquire()
        try:
            self.space.unmap(found.start, found.size)
        finally:
            self.core.lock.release()
        self._room += found.size
