# SPDX-License-Identifier: BSD-2-Clause
"""Targets by name. All have one face: a context to open sessions in, a secure console, and a way to stop.

Each is imported when it is opened: what one of them needs the others can do without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from elfhaven.abi.container import WINDOW_DEFAULT
from elfhaven.errors import UsageError
from elfhaven.normal.client import Context
from elfhaven.packing import default_public
from elfhaven.target.state import StateDirectory

if TYPE_CHECKING:
    from elfhaven.image.keys import PublicKey
    from elfhaven.machine.watched_engine import Observer

TARGETS = ("emulator", "qemu", "device", "ssh:USER@BOARD")
ENGINES = ("interpreter", "native", "auto")  # of the emulator; auto: native where llvmlite is installed
PERMISSIVE = "permissive"  # the profile of the emulator that takes what no OP-TEE does
STOCK_FILE_MAX = 4 << 20  # bytes of a TA file; more has halted Debian's OP-TEE 4.5, after some use
SSH = "ssh:"
_LARGE_WINDOW = 4 << 20  # bytes: two large pages of the host, and half as many crossings


class Target(Protocol):
    """A TEE to run programs on; leaving it switches off what it switched on."""

    @property
    def context(self) -> Context: ...

    @property
    def console(self) -> Sequence[str]:
        """Lines of the secure console so far."""
        ...

    def interrupt(self) -> None:
        """Stops what runs, from any thread."""
        ...


def open_target(
    name: str,
    device: StateDirectory,
    memory: str,
    images: Mapping[UUID, bytes],
    report: Callable[[str], None] = print,
    observer: Observer | None = None,
    engine: str | None = None,
) -> AbstractContextManager[Target]:
    """The target `name`, on which `images` can be opened. `report` gets lines for the user; `observer`
    watches the emulator's processor, `engine` says what executes there (see ENGINES).

    Raises UsageError, TargetError, StateError or PackageError.
    """
    check(name, memory)
    if observer is not None and name != TARGETS[0]:
        raise UsageError("only the emulator lets one look at the processor", "leave --target out")
    if engine is not None and name != TARGETS[0]:
        raise UsageError("only the emulator has engines to choose from", "leave --engine out")
    if memory == "stock" and name in TARGETS[:2]:
        _check_sizes(images)
    if name == "qemu":
        from elfhaven.target.qemu.machine import Machine
        from elfhaven.target.qemu.target import Qemu

        return Qemu(Machine(memory), memory, report, images)
    if name == "device":
        from elfhaven.target.device.target import Device

        return Device(report, images)
    if name.startswith(SSH):
        from elfhaven.target.ssh import Place, Ssh

        return Ssh(Place.parse(name), report, images)
    from elfhaven.target.emulator import Emulator

    return Emulator(device, memory, images, observer=observer, engine=engine)


def window(memory: str) -> int:
    """Bytes in which bulk data crosses, the same on every target that has this memory."""
    return WINDOW_DEFAULT if memory == "stock" else _LARGE_WINDOW


def _check_sizes(images: Mapping[UUID, bytes]) -> None:
    """A stock OP-TEE maps the whole file. For one of 6 MiB its translation tables give out, and it halts; for
    4.2 MB it has done so after some use."""
    largest = max(map(len, images.values()), default=0)
    if largest > STOCK_FILE_MAX:
        raise UsageError(
            f"the TA file has {largest} bytes, and a stock OP-TEE halts on one of more than {STOCK_FILE_MAX}",
            "strip the program, read large data from files, or take `--memory large`",
        )


def check(name: str, memory: str = "") -> None:
    """Raises UsageError where there is no target `name`, or it cannot have that `memory`."""
    if memory == PERMISSIVE and name != TARGETS[0]:
        raise UsageError(
            f"`--memory {PERMISSIVE}` is what no OP-TEE can do, and {name} is a real one",
            "leave --target out, or link the program -static-pie and take `--memory large`",
        )
    if name.startswith(SSH):
        from elfhaven.target.ssh.place import Place

        Place.parse(name)
    elif name not in TARGETS:
        raise UsageError(f"no target called {name!r}", f"take one of: {', '.join(TARGETS)}")


def signer_for(name: str) -> str | None:
    """The signer whose TAs the target loads, as `--sign` names it; None is the local development key."""
    return "optee-default" if name == "qemu" else None


def trusted_by(name: str, device: StateDirectory) -> tuple[PublicKey, ...] | None:
    """The keys whose TAs the target loads; None where only the target knows them."""
    if name == "device" or name.startswith(SSH):
        return None
    if name == "qemu":
        return (default_public(),)
    from elfhaven.target.emulator import trusted_keys

    return trusted_keys(device)
