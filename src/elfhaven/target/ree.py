# SPDX-License-Identifier: BSD-2-Clause
"""Client programs on the emulator: a process of its normal world, from start to exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from elfhaven.errors import UsageError
from elfhaven.normal.ree.process import Process
from elfhaven.target.emulator import Emulator
from elfhaven.target.interrupt import watch
from elfhaven.target.state import StateDirectory

if TYPE_CHECKING:
    from elfhaven.normal.rpc import Service
    from elfhaven.normal.supplicant.plugin import Plugin
    from elfhaven.secure.hosted import HostedTa
    from elfhaven.secure.pta.base import PseudoTa

STORES: Final = ("usr/lib/optee_armtz", "lib/optee_armtz")  # where a system keeps its TAs
DRAM: Final = 1536 << 20  # of the normal world: as much as lies below the largest secure memory
_PATIENCE: Final = 20  # how often a signal is repeated before what runs in the secure world is stopped
_SWITCH: Final = 0.0005  # seconds after which a host thread lets another one go on

Output = Callable[[bytes], object]


def boot(
    device: StateDirectory,
    memory: str = "stock",
    sysroot: Path | None = None,
    pseudo_tas: Sequence[type[PseudoTa]] = (),
    plugins: Mapping[UUID, Plugin] | None = None,
    services: Mapping[int, Service] | None = None,
    hosted_tas: Sequence[HostedTa] = (),
    engine: str | None = None,
) -> Emulator:
    """An emulator with room for programs, which serves the TAs of a sysroot too. See Emulator."""
    return Emulator(
        device, memory, stores=_stores(sysroot), dram=DRAM, pseudo_tas=pseudo_tas, plugins=plugins,
        services=services, hosted_tas=hosted_tas, engine=engine,
    )  # fmt: skip


def _stores(sysroot: Path | None) -> list[Path]:
    return [sysroot / name for name in STORES] if sysroot is not None else []


@contextmanager
def switched_on(
    device: StateDirectory,
    memory: str = "stock",
    sysroot: Path | None = None,
    pseudo_tas: Sequence[type[PseudoTa]] = (),
    plugins: Mapping[UUID, Plugin] | None = None,
    supplicant: Path | None = None,
    hosted_tas: Sequence[HostedTa] = (),
    engine: str | None = None,
) -> Iterator[Emulator]:
    """The same for a block of code. `supplicant`: the root of a system whose own tee-supplicant serves, with
    the plugins that lie there, and keeps its files where ours does. Raises UsageError, TargetError."""
    if supplicant is None:
        with boot(
            device, memory, sysroot, pseudo_tas, plugins, hosted_tas=hosted_tas, engine=engine
        ) as emulator:
            yield emulator
        return
    from elfhaven.target.program_supplicant import ProgramSupplicant  # late: few runs want one

    with (
        closing(ProgramSupplicant(supplicant)) as program,
        boot(
            device,
            memory,
            sysroot,
            pseudo_tas,
            services=program.services(),
            hosted_tas=hosted_tas,
            engine=engine,
        ) as emulator,
    ):
        try:
            program.start(emulator, device.storage(), [device.path / "ta", *_stores(sysroot)])
            yield emulator
        finally:
            program.stop()


def run_client(
    program: str | os.PathLike[str],
    argv: Sequence[str],
    *,
    device: StateDirectory,
    sysroot: Path | None = None,
    memory: str = "stock",
    env: Mapping[str, str] | None = None,
    stdout: Output | None = None,
    stderr: Output | None = None,
    note: Callable[[str], None] | None = None,
    trace: Callable[[str], None] | None = None,
    pseudo_tas: Sequence[type[PseudoTa]] = (),
    plugins: Mapping[UUID, Plugin] | None = None,
    supplicant: Path | None = None,
    hosted_tas: Sequence[HostedTa] = (),
    engine: str | None = None,
) -> int:
    """Runs an aarch64 program on a device of its own that is switched on for it; its exit status, or 128 + n
    where signal n ended it. `argv` begins with the program's name.

    `sysroot` holds its libraries, and TAs in usr/lib/optee_armtz. `stdout` and `stderr` take the program's
    output, which goes to those of this process otherwise. `supplicant` as switched_on;
    `hosted_tas` and `engine` as Emulator; the program itself is interpreted. Raises UsageError, ImageError,
    StateError, TargetError.
    """
    with switched_on(
        device, memory, _checked(sysroot), pseudo_tas, plugins, supplicant, hosted_tas, engine
    ) as emulator:
        return run_on(
            emulator, program, argv, sysroot=sysroot, env=env, stdout=stdout, stderr=stderr, note=note,
            trace=trace,
        )  # fmt: skip


def run_on(
    emulator: Emulator,
    program: str | os.PathLike[str],
    argv: Sequence[str],
    *,
    sysroot: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: Output | None = None,
    stderr: Output | None = None,
    note: Callable[[str], None] | None = None,
    trace: Callable[[str], None] | None = None,
) -> int:
    """The same on an emulator that is on already; several may run at once, each on a thread of its own."""
    process = Process(
        emulator.driver,
        emulator.normal,
        sysroot=sysroot,
        stdout=stdout,
        stderr=stderr,
        note=note,
        trace=trace,
    )
    stop = _Stop(emulator, process)
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH)
    try:
        with watch(stop) as interrupt:
            stop.number_of = lambda: interrupt.signal
            status = process.run(program, argv, dict(os.environ) if env is None else env)
    finally:
        sys.setswitchinterval(before)
    if status and process.unknown and note is not None:
        names = ", ".join(f"{name} ({times})" for name, times in process.unknown.most_common())
        note(f"calls that are not served, answered ENOSYS: {names}")
    return status


class _Stop:
    """What Ctrl-C does: the program gets the signal; a TA that does not let it end is stopped."""

    def __init__(self, emulator: Emulator, process: Process) -> None:
        self._emulator = emulator
        self._process = process
        self._asked = 0
        self.number_of: Callable[[], int | None] = lambda: None

    def __call__(self) -> None:
        self._asked += 1
        self._emulator.hurried = True
        number = self.number_of()
        if self._asked == 1 and number is not None:
            self._process.signal(number)
        elif self._asked > _PATIENCE:
            self._process.kill()
            self._emulator.interrupt()


def _checked(sysroot: Path | None) -> Path | None:
    if sysroot is not None and not sysroot.is_dir():
        raise UsageError(f"no directory {sysroot}", "name the root of an unpacked aarch64 system")
    return sysroot
