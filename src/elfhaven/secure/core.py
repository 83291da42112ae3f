# SPDX-License-Identifier: BSD-2-Clause
"""The core: SMCs in, RPCs out, and all that a secure world owns.

Lock: `lock` is the one lock of the secure world (see threads.py). `interrupt` takes none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi import smc as abi
from elfhaven.abi.gp import (
    TEE_ERROR_ITEM_NOT_FOUND,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_STORAGE_NOT_AVAILABLE,
)
from elfhaven.abi.optee_msg import RPC_MAX_PARAMS
from elfhaven.machine.address_space import AddressSpace
from elfhaven.machine.engine import Engine
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.machine.pages import PagePool
from elfhaven.machine.pagetable import OutOfTables, TablePool
from elfhaven.secure.config import CoreConfig
from elfhaven.secure.console import Console
from elfhaven.secure.entry import StandardCalls
from elfhaven.secure.hosted import HostedTa, HostedTask
from elfhaven.secure.loader import Fetch, Loader
from elfhaven.secure.profile import NORMAL_BASE, PROFILES, Profile
from elfhaven.secure.pta import PSEUDO_TAS
from elfhaven.secure.result import TeeResult
from elfhaven.secure.rpc import Rpc
from elfhaven.secure.services import Services
from elfhaven.secure.session import Session, SessionManager
from elfhaven.secure.shared import SharedMemory
from elfhaven.secure.storage.trusted import TrustedStorage
from elfhaven.secure.store import TaStore, VerifiedTa
from elfhaven.secure.tadb import TaDatabase
from elfhaven.secure.task import Task
from elfhaven.secure.threads import Answer, Thread, ThreadPool
from elfhaven.world.message import message_size
from elfhaven.world.shared_memory import NormalMemory

if TYPE_CHECKING:
    from elfhaven.machine.native.engine import NativeMachine
    from elfhaven.machine.native.report import Report
    from elfhaven.machine.unicorn_engine import UnicornMachine

OS_REVISION = (4, 5)  # of the OP-TEE whose behaviour this is
_CAPABILITIES = abi.SEC_CAP_UNREGISTERED_SHM | abi.SEC_CAP_DYNAMIC_SHM | abi.SEC_CAP_MEMREF_NULL
_CLOSE_WAIT = 5.0  # seconds for running TAs to stop
_NO_DATABASE = (TEE_ERROR_ITEM_NOT_FOUND, TEE_ERROR_STORAGE_NOT_AVAILABLE)
_UNKNOWN: Answer = (abi.RETURN_UNKNOWN_FUNCTION, 0, 0, 0)


class SecureCore:
    """world.smc.SecureWorld. `console` takes the lines that OP-TEE would print on its secure console."""

    def __init__(self, memory: PhysicalMemory, normal: NormalMemory, config: CoreConfig) -> None:
        self.memory = memory
        self.normal = normal
        self.config = config
        self.profile = profile_of(config)
        self.console = Console()
        self.lock = threading.Lock()
        self._own_memory()
        self.shared = SharedMemory(memory, normal)
        self.rpc = Rpc(normal, self.shared, self.profile.shm_space)
        self.services = Services(self.rpc)
        self.threads = ThreadPool(self.profile.threads, self._engine)
        self.storage = TrustedStorage(config, self.profile.core_heap, self.rpc, self.threads.current)
        self.tadb = TaDatabase(self.storage, self.rpc, config.random)
        self.ta_time: dict[UUID, int] = {}  # ms to add to the normal world's time
        self.sessions = SessionManager(self)
        self.pseudo_tas = {made.uuid: made(self) for made in (*PSEUDO_TAS, *config.pseudo_tas)}
        self._hosted = {ta.uuid: ta for ta in config.hosted_tas}
        self.standard = StandardCalls(self)
        self._store = TaStore(config, self.storage.check_version, self.console)
        self._loader = Loader(self.pages, config.random, fixed=self.profile.fixed)
        self._calls = self._table()

    def _own_memory(self) -> None:
        profile, region = self.profile, self.memory.region("secure")
        self.tables = TablePool(region, profile.tzdram_base, profile.core_ram)
        base = profile.tzdram_base + profile.core_ram
        self.pages = PagePool(self.memory, region, base, profile.ta_ram)

    def _engine(self) -> Engine:
        if self.config.observer is not None:
            from elfhaven.machine.unicorn_engine import CpuModel
            from elfhaven.machine.watched_engine import WatchedEngine

            model = CpuModel[self.config.cpu.upper().replace("-", "_")]
            return WatchedEngine(self.memory, model, self.config.observer)
        return self._machine.create()

    @cached_property
    def _machine(self) -> UnicornMachine | NativeMachine:
        from elfhaven.machine.unicorn_engine import CpuModel, UnicornMachine  # late: only who runs a TA pays

        model = CpuModel[self.config.cpu.upper().replace("-", "_")]
        if self.config.engine == "native":
            from elfhaven.machine.native.engine import NativeMachine

            return NativeMachine(self.memory, model, self.config.code_cache, self.config.at_once)
        return UnicornMachine(self.memory, model)

    def compiled(self) -> Report | None:
        """What the native tier did; None where there is none, or nothing has run."""
        tier = getattr(self.__dict__.get("_machine"), "tier", None)
        if tier is None:
            return None
        from elfhaven.machine.native.report import of  # late: few ask

        return of(tier)

    # ---- SMC

    def smc(self, registers: Sequence[int]) -> Answer:
        """See world.smc.SecureWorld."""
        a = [value & 0xFFFFFFFFFFFFFFFF for value in registers]
        call = self._calls.get(a[0] & 0xFFFFFFFF)
        if call is None:
            return _UNKNOWN
        with self.lock:
            return call(a)

    def _table(self) -> dict[int, Callable[[list[int]], Answer]]:
        return {
            abi.CALLS_COUNT: lambda a: (len(self._calls), 0, 0, 0),
            abi.CALLS_UID: lambda a: _uuid_words(UUID(abi.UID)),
            abi.CALLS_REVISION: lambda a: (*abi.REVISION, 0, 0),
            abi.GET_OS_UUID: lambda a: _uuid_words(UUID(abi.OS_UUID)),
            abi.GET_OS_REVISION: lambda a: (*OS_REVISION, 0, 0),
            abi.GET_SHM_CONFIG: lambda a: (abi.RETURN_ENOTAVAIL, 0, 0, 0),
            abi.EXCHANGE_CAPABILITIES: self._exchange_capabilities,
            abi.GET_THREAD_COUNT: lambda a: (abi.RETURN_OK, self.profile.threads, 0, 0),
            abi.ENABLE_SHM_CACHE: self._enable_shm_cache,
            abi.DISABLE_SHM_CACHE: self._disable_shm_cache,
            abi.CALL_WITH_ARG: self._call_with_arg,
            abi.CALL_WITH_RPC_ARG: self._call_with_rpc_arg,
            abi.CALL_WITH_REGD_ARG: self._call_with_regd_arg,
            abi.RETURN_FROM_RPC: lambda a: self.threads.resume(a[3], a),
        }

    def _exchange_capabilities(self, a: list[int]) -> Answer:
        if a[1] & ~1:  # the one known capability of the normal world: it has a single CPU
            return abi.RETURN_ENOTAVAIL, 0, 0, 0
        return abi.RETURN_OK, _CAPABILITIES | abi.SEC_CAP_RPC_ARG, 0, 4

    def _enable_shm_cache(self, _a: list[int]) -> Answer:
        if any(thread.busy for thread in self.threads.threads):
            return abi.RETURN_EBUSY, 0, 0, 0
        self.rpc.cache = True
        return abi.RETURN_OK, 0, 0, 0

    def _disable_shm_cache(self, _a: list[int]) -> Answer:
        """The cookies of cached buffers, one a call, then ENOTAVAIL."""
        if any(thread.busy for thread in self.threads.threads):
            return abi.RETURN_EBUSY, 0, 0, 0
        self.rpc.cache = False
        for thread in self.threads.threads:
            if thread.rpc_message is not None:
                _, cookie = thread.rpc_message
                thread.rpc_message = None
                return (abi.RETURN_OK, *abi.split(cookie), 0)
        return abi.RETURN_ENOTAVAIL, 0, 0, 0

    def _call_with_arg(self, a: list[int]) -> Answer:
        return self._start(abi.pair(a[1], a[2]), False)

    def _call_with_rpc_arg(self, a: list[int]) -> Answer:
        return self._start(abi.pair(a[1], a[2]), True)

    def _call_with_regd_arg(self, a: list[int]) -> Answer:
        found = self.shared.find(abi.pair(a[1], a[2]))
        offset = a[3] & 0xFFFFFFFF
        if found is None or offset >= found.size:
            return abi.RETURN_EBADADDR, 0, 0, 0
        ((address, _),) = found.backing.pieces(found.offset + offset, 1)
        return self._start(address, True)

    def _start(self, address: int, with_rpc: bool) -> Answer:
        """Serve the message at `address`; with_rpc: room for RPC messages lies behind it."""
        message = self.standard.copy(address)
        if message is None:
            return abi.RETURN_EBADADDR, 0, 0, 0
        room = address + message_size(len(message.params))
        if with_rpc and not self.normal.contains(room, message_size(RPC_MAX_PARAMS)):
            return abi.RETURN_EBADADDR, 0, 0, 0

        def work(thread: Thread) -> Answer:
            thread.rpc_preallocated = room if with_rpc else None
            return self.standard.call(thread, message, address)

        return self.threads.start(work)

    # ---- what the parts of the core ask of it

    def load(self, thread: Thread, uuid: UUID) -> Task:
        """Fetch, verify and map a TA; TeeResult as OP-TEE's."""
        if uuid in self._hosted:
            return self._host(self._hosted[uuid])

        def fetch(wanted: UUID) -> VerifiedTa:
            return self._fetch(thread, wanted)

        ta = fetch(uuid)
        try:
            return self._map(ta, fetch)
        except TeeResult as error:
            self.console([f"E/TC:? 0 init_with_ldelf: ldelf failed with res: {error.code:#x} ({error})"])
            raise

    def add_library(self, thread: Thread, task: Task, uuid: UUID) -> None:
        """Load one more library into a TA; TeeResult as OP-TEE's loader."""
        self._loader.add(task.loaded, uuid, lambda wanted: self._fetch(thread, wanted))
        thread.engine(len(thread.sessions) - 1).forget_code()  # the pages may have held other code

    def ta_digest(self, thread: Thread, uuid: UUID) -> bytes:
        """The hash in the signed header of a TA's file."""
        return self._fetch(thread, uuid).digest

    def install_ta(self, thread: Thread, data: bytes) -> None:
        """Put a signed TA into secure storage."""
        ta = self._store.bootstrap(data)
        self.tadb.install(thread, ta.uuid, ta.version, ta.elf)

    def _fetch(self, thread: Thread, uuid: UUID) -> VerifiedTa:
        """From secure storage, else from the normal world."""
        try:
            found = self.tadb.load(thread, uuid)
        except TeeResult as error:
            if error.code not in _NO_DATABASE:
                raise
            found = None
        if found is not None:
            entry, elf = found
            return VerifiedTa(uuid, entry.version, elf, entry.tag, "secure storage")
        return self._store.verify(uuid, self.rpc.load_ta(thread, uuid))

    def _space(self) -> AddressSpace:
        p = self.profile
        end = p.user_base + p.user_size
        try:
            return AddressSpace(self.memory, self.tables, p.user_base, end, p.translation_tables)
        except OutOfTables:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY) from None

    def _host(self, ta: HostedTa) -> Task:
        space = self._space()
        try:
            return HostedTask(self, ta, space)
        except BaseException:
            space.close()
            raise

    def _map(self, ta: VerifiedTa, fetch: Fetch) -> Task:
        space = self._space()
        try:
            return Task(self, ta.uuid, space, self._loader.load(ta, space, fetch))
        except BaseException:
            space.close()
            raise

    def all_sessions(self) -> list[Session]:
        """Sessions of the normal world and of every TA."""
        out = list(self.standard.sessions.values())
        for task in self.sessions.tasks:
            out += task.calls.sessions.values()
        return out

    def is_cancelled(self, session: Session) -> bool:
        """Whether cancellation was asked for, or the call's time is up."""
        if session.cancelled:
            return True
        return session.deadline is not None and self.config.clock.milliseconds() >= session.deadline

    # ---- from outside

    def interrupt(self) -> None:
        """Stop every running TA; each dies as after a panic. May be called from any thread."""
        for thread in self.threads.threads:
            thread.interrupt()

    def leaks(self) -> dict[str, int]:
        """What is still held: all zero once every session is closed and every buffer is unregistered."""
        tasks = self.sessions.tasks
        return {
            "pages": self.pages.used // 4096,
            "tables": self.tables.used,
            "sessions": len(self.all_sessions()),
            "shm": len(self.shared),
            "payloads": self.rpc.payloads,
            "objects": sum(len(task.calls.objects) for task in tasks),
            "handles": len(self.storage.objects),
            "threads": sum(thread.busy for thread in self.threads.threads),
        }

    def finish(self) -> None:
        """Let what the engine does for the next run come to its end, if that is soon. To be called where
        nobody is in a hurry, before `close`."""
        if "_machine" in self.__dict__:
            self._machine.finish()

    def close(self) -> None:
        """Stop what runs, end suspended calls of this host thread, give everything back. The core is of no
        use afterwards. A TA that another host thread cannot bring to an end keeps what it has."""
        self.interrupt()
        deadline = time.monotonic() + _CLOSE_WAIT
        while any(thread.running for thread in self.threads.threads):
            if time.monotonic() > deadline:
                return
            time.sleep(0.001)
        with self.lock:
            self.threads.close()
            self.sessions.close_all()
            self.standard.sessions.clear()
        if "_machine" in self.__dict__:
            self._machine.close()


def _uuid_words(uuid: UUID) -> Answer:
    """A UUID in four registers, as SMCCC's UID call gives it."""
    words = [int.from_bytes(uuid.bytes[i : i + 4], "big") for i in range(0, 16, 4)]
    return words[0], words[1], words[2], words[3]


def profile_of(config: CoreConfig) -> Profile:
    """The profile that a configuration names or brings; KeyError for an unknown name."""
    return PROFILES[config.profile] if isinstance(config.profile, str) else config.profile


def regions(profile: Profile, normal_size: int) -> list[tuple[str, int, int]]:
    """The regions of a machine with such a secure world and so much normal memory."""
    return [("secure", profile.tzdram_base, profile.tzdram_size), ("normal", NORMAL_BASE, normal_size)]


def build(config: CoreConfig, normal_size: int) -> tuple[NormalMemory, SecureCore]:
    """A machine with a core on it, and the normal world's memory."""
    memory = PhysicalMemory(regions(profile_of(config), normal_size))
    normal = NormalMemory(memory.region("normal"))
    return normal, SecureCore(memory, normal, config)
