# SPDX-License-Identifier: BSD-2-Clause
"""The emulator: a secure world and a normal world in this process, over the wire that boards have.

It gives fidelity and no secrecy: whoever runs it can read what is inside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypedDict
from uuid import UUID

from elfhaven.abi.optee_msg import RPC_CMD_FS, RPC_CMD_RPMB, RPC_CMD_SOCKET, RPC_CMD_SUPP_PLUGIN
from elfhaven.errors import UsageError
from elfhaven.image.keys import load_public
from elfhaven.machine.memory import PhysicalMemory
from elfhaven.normal.client import Context
from elfhaven.normal.driver import Driver
from elfhaven.normal.supplicant import FileService, Images
from elfhaven.normal.supplicant.plugin import Plugins
from elfhaven.packing import default_public, local_public
from elfhaven.secure.config import CoreConfig
from elfhaven.secure.core import SecureCore
from elfhaven.secure.profile import NORMAL_BASE, PROFILES
from elfhaven.target.state import StateDirectory, replace_file
from elfhaven.target.targets import ENGINES, window
from elfhaven.world.shared_memory import NormalMemory
from elfhaven.world.tap import TAPPED

if TYPE_CHECKING:
    from elfhaven.image.keys import PublicKey
    from elfhaven.machine.native.report import Report
    from elfhaven.machine.watched_engine import Observer
    from elfhaven.normal.rpc import Clock as NormalClock
    from elfhaven.normal.rpc import Service
    from elfhaven.normal.supplicant.plugin import Plugin
    from elfhaven.normal.supplicant.socket import Sockets
    from elfhaven.secure.config import Clock
    from elfhaven.secure.console import Console
    from elfhaven.secure.hosted import HostedTa
    from elfhaven.secure.pta.base import PseudoTa
    from elfhaven.world.tap import Tap


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is otherwise the host's: the normal world's clock, the TEE's, and randomness."""

    clock: NormalClock
    tee_clock: Clock
    random: Callable[[int], bytes]

    def of_the_core(self) -> _Core:
        return {"clock": self.tee_clock, "random": self.random}


class _Core(TypedDict, total=False):
    clock: Clock
    random: Callable[[int], bytes]


NORMAL_SIZE = 512 << 20  # bytes of the normal world's DRAM; only what is touched costs memory


class Emulator:
    """A device that is switched on. `console` holds the lines of the secure console. Close it."""

    def __init__(
        self,
        device: StateDirectory,
        memory: str = "stock",
        images: Mapping[UUID, bytes] | None = None,
        *,
        stores: Sequence[Path] = (),
        dram: int = NORMAL_SIZE,
        pseudo_tas: Sequence[type[PseudoTa]] = (),
        plugins: Mapping[UUID, Plugin] | None = None,
        hosted_tas: Sequence[HostedTa] = (),
        services: Mapping[int, Service] | None = None,
        observer: Observer | None = None,
        engine: str | None = None,
        surroundings: Surroundings | None = None,
        tap: Tap | None = None,
    ):
        """`stores` are directories of TAs beside the device's own, `dram` the normal world's memory;
        `hosted_tas` run in this process, see ta.python_ta();
        `pseudo_tas` come beside those of every core, `plugins` are the supplicant's, and
        `services` serve RPCs, by command, before ours do; `observer` watches the
        processor, `engine` is one of targets.ENGINES, see chosen_engine; `surroundings` stand for the
        host's clock and its randomness, and a `tap` lies on the wire between the worlds."""
        if memory not in PROFILES:
            raise UsageError(f"no secure memory called {memory!r}", f"take one of {', '.join(PROFILES)}")
        profile = PROFILES[memory]
        physical = PhysicalMemory(
            [("normal", NORMAL_BASE, dram), ("secure", profile.tzdram_base, profile.tzdram_size)]
        )
        self.normal = normal = NormalMemory(physical.region("normal"))
        rpmb = device.rpmb()
        tap = tap or TAPPED.get()
        config = CoreConfig(
            profile=memory,
            trusted=trusted_keys(device),
            huk=device.huk(),
            storage_lock=device.transaction,
            rpmb=rpmb is not None,
            pseudo_tas=pseudo_tas,
            hosted_tas=[tap.hosting(ta) for ta in hosted_tas] if tap else hosted_tas,
            observer=observer,
            engine=chosen_engine(engine),
            code_cache=_code_cache(),
            at_once=int(os.environ.get(AT_ONCE) or 0),
            **(surroundings.of_the_core() if surroundings else {}),
        )
        self.core = SecureCore(physical, normal, config)
        if tap is not None:
            self.core.console.listener = tap.said
        self._files = FileService(device.storage())
        self.images = Images((device.path / "ta", *stores), images)
        self.driver = Driver(
            tap.between(self.core, normal) if tap else self.core,
            normal,
            self.images,
            surroundings.clock if surroundings else None,
            services={
                **_rpmb_service(rpmb),
                RPC_CMD_FS: self._files.serve,
                RPC_CMD_SOCKET: lambda params, room: self._sockets.serve(params, room),
                RPC_CMD_SUPP_PLUGIN: Plugins(plugins or {}).serve,
                **(services or {}),
            },
        )
        self._context = Context(self.driver, window(memory))
        self.hurried = False  # the end is not to be put off by what is done for the next run
        self.at_interrupt: list[Callable[[], None]] = []  # ends waits of the normal world for the outside

    @cached_property
    def _sockets(self) -> Sockets:
        from elfhaven.normal.supplicant.socket import Sockets  # late: only who asks for one pays

        made = Sockets()
        self.at_interrupt.append(made.interrupt)
        return made

    @property
    def context(self) -> Context:
        return self._context

    @property
    def console(self) -> Console:
        return self.core.console

    def compiled(self) -> Report | None:
        """See SecureCore."""
        return self.core.compiled()

    def interrupt(self) -> None:
        """Ends the programs that run, else stops every TA; from any thread."""
        self.hurried = True
        if not self._context.stops.ask_all():
            self.core.interrupt()
            for end in self.at_interrupt:
                end()

    def close(self) -> None:
        self._context.close()
        self.driver.close()
        if not self.hurried:
            self.core.finish()
        self.core.close()
        self._files.close()
        if "_sockets" in self.__dict__:
            self._sockets.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _rpmb_service(path: Path | None) -> dict[int, Service]:
    """The emulated eMMC of a device that has one."""
    if path is None:
        return {}
    from elfhaven.normal.supplicant.rpmb import Partition, RpmbService  # late: few devices have one

    return {RPC_CMD_RPMB: RpmbService(Partition(path, replace_file)).serve}


ENGINE = "ELFHAVEN_ENGINE"  # the engine where none is named
AT_ONCE = "ELFHAVEN_COMPILE_AT_ONCE"  # for tests: see machine.native.engine.NativeMachine


def _code_cache() -> Path:
    """Where the native engine keeps what it compiled."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(root) / "elfhaven" / "native"


def chosen_engine(name: str | None) -> str:
    """The engine that a name of targets.ENGINES means here; None means the one that ELFHAVEN_ENGINE names,
    else the interpreter. UsageError where it cannot be had."""
    name = name or os.environ.get(ENGINE) or ENGINES[0]
    if name not in ENGINES:
        raise UsageError(f"no engine called {name!r}", f"take one of: {', '.join(ENGINES)}")
    if name != "interpreter":
        from elfhaven.machine.native.host import check

        try:
            check()
        except UsageError:
            if name == "native":
                raise
            return "interpreter"
    return "interpreter" if name == "interpreter" else "native"


def trusted_keys(device: StateDirectory) -> tuple[PublicKey, ...]:
    """Whose TAs the device loads: the keys in its trusted/ directory, else both development keys."""
    named = device.trusted_keys()
    return (local_public(), default_public()) if named is None else tuple(map(load_public, named))
