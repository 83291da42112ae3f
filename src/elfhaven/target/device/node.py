# SPDX-License-Identifier: BSD-2-Clause
"""Linux's device node of a TEE: found, opened, and asked by ioctl (layouts in abi/tee_ioctl.py).

What the kernel refuses is an OSError of `ask`; NodeError says what stands behind it where no node can be had.
"""

from __future__ import annotations

import errno
import fcntl
import grp
import os
import re
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elfhaven.abi import tee_ioctl as tee
from elfhaven.errors import TargetError

DEVICES: Final = Path("/dev")
VARIABLE: Final = "ELFHAVEN_TEE"  # of the environment: the node to take
_NAME: Final = re.compile(r"tee[0-9]+")
_BUSY_TRIES: Final = 200
_BUSY_SECONDS: Final = 0.01
_IMPLEMENTATIONS: Final = {
    tee.IMPL_ID_OPTEE: "OP-TEE",
    tee.IMPL_ID_AMDTEE: "AMD-TEE",
    tee.IMPL_ID_TSTEE: "a Trusted Services TEE",
    tee.IMPL_ID_QTEE: "Qualcomm's TEE",
}

Ioctl = Callable[[int, int, bytearray], int]  # fcntl.ioctl with a buffer that it may change


@dataclass(frozen=True, slots=True)
class Version:
    """TEE_IOC_VERSION."""

    implementation: int
    implementation_capabilities: int
    capabilities: int

    def __str__(self) -> str:
        known = _IMPLEMENTATIONS.get(self.implementation)
        return known or f"an unknown TEE (implementation {self.implementation})"


class Node:
    """An open node. `ask` may be called from several threads at once. Close it."""

    def __init__(self, path: Path, ioctl: Ioctl = fcntl.ioctl) -> None:
        """Raises TargetError where the node cannot be opened or is none of a TEE."""
        self.path = path
        self._ioctl = ioctl
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise _cannot_open(path, error) from None
        try:
            self.version = self._version()
        except BaseException:
            self.close()
            raise

    def ask(self, request: int, argument: bytearray, going_on: Callable[[], bool] = lambda: True) -> int:
        """One ioctl; `argument` holds the answer afterwards. Raises OSError.

        A request that a signal interrupted, or for which the TEE had no room at the moment, is made again
        while `going_on` holds.
        """
        busy = 0
        while True:
            try:
                return self._ioctl(self._fd, request, argument)
            except InterruptedError:
                if not going_on():
                    raise
            except BlockingIOError:
                busy += 1
                if busy == _BUSY_TRIES or not going_on():
                    raise
                time.sleep(_BUSY_SECONDS)

    def ask_about(self, request: int, block: array[int], going_on: Callable[[], bool] = lambda: True) -> None:
        """A request whose argument says where `block` lies; the kernel writes to it. Raises OSError."""
        address, count = block.buffer_info()
        pointer = tee.BUF_DATA.struct.pack(address, count * block.itemsize)
        self.ask(request, bytearray(pointer), going_on)

    def close(self) -> None:
        """The kernel closes the sessions of the node."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _version(self) -> Version:
        argument = bytearray(tee.VERSION_DATA.size)
        try:
            self.ask(tee.IOC_VERSION, argument)
        except OSError as error:
            raise TargetError(
                f"{self.path} is no node of a TEE: {error.strerror}", f"name the node in {VARIABLE}"
            ) from None
        return Version(*tee.VERSION_DATA.struct.unpack(argument))


def find(devices: Path = DEVICES, ioctl: Ioctl = fcntl.ioctl) -> Node:
    """The node that the environment names, else the first one behind which OP-TEE answers.

    Raises TargetError, which names what stands in the way.
    """
    named = os.environ.get(VARIABLE)
    found = [Path(named)] if named else _nodes(devices)
    if not found:
        raise TargetError(
            f"there is no TEE: no {devices}/tee0",
            "boot with OP-TEE, with its node in the device tree, and load the modules tee and optee: "
            "`dmesg | grep optee` tells how far it comes",
        )
    others: list[str] = []
    for path in found:
        node = Node(path, ioctl)
        if node.version.implementation == tee.IMPL_ID_OPTEE and _for_clients(node.version):
            return node
        others.append(f"{path} leads to {_what(node.version)}")
        node.close()
    raise TargetError(f"no OP-TEE answers: {', '.join(others)}", f"name the node of OP-TEE in {VARIABLE}")


def _nodes(devices: Path) -> list[Path]:
    try:
        names = [name for name in os.listdir(devices) if _NAME.fullmatch(name)]
    except OSError:
        names = []
    return [devices / name for name in sorted(names, key=lambda name: int(name[3:]))]


def _for_clients(version: Version) -> bool:
    wanted = tee.GEN_CAP_GP | tee.GEN_CAP_PRIVILEGED
    return version.capabilities & wanted == tee.GEN_CAP_GP


def _what(version: Version) -> str:
    if version.capabilities & tee.GEN_CAP_PRIVILEGED:
        return f"{version}, and is the supplicant's own"
    return str(version)


def _cannot_open(path: Path, error: OSError) -> TargetError:
    if error.errno == errno.ENOENT:
        return TargetError(f"there is no {path}", "is OP-TEE running? `dmesg | grep optee` tells")
    if error.errno in (errno.EACCES, errno.EPERM):
        return TargetError(f"this user may not use {path}", _who_may(path))
    if error.errno == errno.EBUSY:
        return TargetError(f"{path} is in use", "the supplicant's node takes one process: name /dev/tee0")
    return TargetError(f"{path} cannot be opened: {error.strerror}", "is it the node of a TEE?")


def _who_may(path: Path) -> str:
    """How a user comes to be one who may."""
    found = path.stat()
    if not found.st_mode & 0o060 or not found.st_gid:
        return f"run as root, or give the node a group: `sudo chgrp teeclnt {path}; sudo chmod g+rw {path}`"
    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    return f"run as root, or join its group and log in again: `sudo usermod -aG {group} $USER`"
