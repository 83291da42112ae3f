# SPDX-License-Identifier: BSD-2-Clause
"""All the files that a machine boots from, made at first use, and QEMU's command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from elfhaven.errors import TargetError, UsageError
from elfhaven.target.qemu import parts
from elfhaven.target.qemu.cache import digest, make_once
from elfhaven.target.qemu.devicetree import device_tree
from elfhaven.target.qemu.firmware import KERNEL_AT, OpteeBinaries, flash_image
from elfhaven.target.qemu.initramfs import ACCOUNTS, COMMANDS, INIT, PORTS, initramfs, kernel
from elfhaven.target.qemu.large import KIT, large_optee
from elfhaven.target.qemu.parts import Report, Tools

INITRD_AT: Final = 0x64000000
NORMAL_LOG: Final = "normal.log"
SECURE_LOG: Final = "secure.log"
CONSOLE: Final = "console.sock"
_BOOTARGS: Final = "console=ttyAMA0,115200 quiet panic=-1"
_FORMAT: Final = "1"


@dataclass(frozen=True, slots=True)
class Layout:
    """How much memory a machine has (MiB, both worlds), and which OP-TEE runs in it."""

    memory: int
    optee: Callable[[Path, Report], OpteeBinaries]


def _stock_optee(guest: Path, _: Report) -> OpteeBinaries:
    return OpteeBinaries.in_directory(guest / "usr/lib/optee" / Path(KIT).name)


LAYOUTS: Final = {"stock": Layout(1024, _stock_optee), "large": Layout(2048, large_optee)}


@dataclass(frozen=True, slots=True)
class Boot:
    """Everything that stands between a name and a running machine."""

    tools: Tools
    options: tuple[str, ...]
    flash: Path
    kernel: Path
    initrd: Path
    tree: Path

    @property
    def command(self) -> list[str]:
        """QEMU's words. Logs and sockets are named relative to the directory it is started in."""
        load = "loader,force-raw=on,addr={:#x},file={}"
        return [
            "qemu-system-aarch64",
            *self.options,
            *("-bios", str(self.flash), "-dtb", str(self.tree)),
            *("-device", load.format(KERNEL_AT, self.kernel), "-device", load.format(INITRD_AT, self.initrd)),
            *("-serial", f"file:{NORMAL_LOG}", "-serial", f"file:{SECURE_LOG}"),
            *("-device", f"virtio-serial-pci,disable-legacy=on,max_ports={max(COMMANDS) + 1}"),
            *_port(1, CONSOLE, "virtconsole"),
            *(word for port in PORTS + COMMANDS for word in _port(port, socket_name(port), "virtserialport")),
        ]


def socket_name(port: int) -> str:
    """The socket behind a serial port."""
    return f"bridge{port}.sock"


def prepare(memory: str, report: Report, extra: Sequence[str] = ()) -> Boot:
    """What a machine of a layout boots from, with `extra` packages in its guest.

    Raises UsageError, PackageError or TargetError.
    """
    if memory not in LAYOUTS:
        raise UsageError(f"no secure memory called {memory!r}", f"take one of {', '.join(LAYOUTS)}")
    layout = LAYOUTS[memory]
    tools, guest = parts.emulator(report), parts.guest(report)
    flash = flash_image(layout.optee(guest, report), report)
    linux = kernel(guest)
    initrd = _initrd(guest, parts.extras(extra, report))
    options = _options(layout)
    size = initrd.stat().st_size
    key = digest(_FORMAT, tools.name, *options, _BOOTARGS, str(size))

    def make(directory: Path) -> None:
        device_tree(tools, options, directory / "board.dtb", _BOOTARGS, (INITRD_AT, size))

    return Boot(tools, options, flash, linux, initrd, make_once("board", key, make) / "board.dtb")


def _initrd(guest: Path, extras: Sequence[Path]) -> Path:
    bridge = bridge_program()

    def make(directory: Path) -> None:
        (directory / "initrd.cpio").write_bytes(initramfs(guest, bridge, extras))

    accounts = (text for pair in ACCOUNTS.items() for text in pair)
    key = digest(_FORMAT, INIT, *accounts, guest.name, bridge, *(tree.name for tree in extras))
    return make_once("initrd", key, make) / "initrd.cpio"


def bridge_program() -> bytes:
    """The guest's end of the wire. Raises TargetError where it was not built."""
    path = files("elfhaven") / "bridge.elf"
    if not path.is_file():
        raise TargetError("the bridge is not built", "run `make bridge` in the clone")
    return path.read_bytes()


def _options(layout: Layout) -> tuple[str, ...]:
    """What decides which devices there are; -M comes first."""
    return (
        *("-M", "virt,secure=on,virtualization=off,gic-version=3,acpi=off"),
        *("-cpu", "cortex-a57", "-smp", "2", "-m", str(layout.memory)),
        *("-display", "none", "-nic", "none", "-monitor", "none", "-parallel", "none", "-no-reboot"),
    )


def _port(number: int, socket: str, device: str) -> tuple[str, ...]:
    name = f"port{number}"
    return (
        *("-chardev", f"socket,id={name},path={socket},server=on,wait=off"),
        *("-device", f"{device},chardev={name},nr={number},name=elfhaven.{number}"),
    )
