# SPDX-License-Identifier: BSD-2-Clause
"""Paths of a program: the host's, with a sysroot laid over it, and device nodes of the emulated machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from elfhaven.abi import linux

TEE, SUPPLICANT = "/dev/tee0", "/dev/teepriv0"
_MERGED: Final = ("/lib/", "/bin/", "/sbin/", "/lib64/")  # links to /usr on a merged system
_LINKS: Final = 8


class Paths:
    """From what a program names to what the host opens. What exists in the sysroot hides the host's own."""

    def __init__(self, sysroot: Path | None, program: str, devices: Iterable[str] = ()) -> None:
        self._sysroot = None if sysroot is None else os.path.realpath(sysroot)
        self.program = program
        self.devices = frozenset(devices)

    def absolute(self, directory: str, raw: bytes) -> str:
        """A path as the program means it. ENOENT for an empty one."""
        if not raw:
            raise OSError(linux.ENOENT, "empty path")
        path = os.path.join(directory, os.fsdecode(raw))
        normal = os.path.normpath(path) if ".." not in path else path
        if normal.startswith("//"):
            normal = normal[1:]
        return normal + "/" if path.endswith("/") and normal != "/" else normal

    def host(self, path: str) -> str:
        """Where it lies on the host. ENOENT for a device node of the host's own TEE."""
        if path == "/proc/self/exe":
            return self.program
        if path.startswith(("/dev/tee", "/dev/teepriv")):
            raise OSError(linux.ENOENT, "no such device")
        return self._overlaid(path) or path

    def program_at(self, path: str) -> str:
        """Where a program lies. A sysroot without a shell of its own has busybox in its place."""
        if path == "/bin/sh" and self._sysroot is not None and self._overlaid(path) is None:
            return self._overlaid("/usr/bin/busybox") or self._overlaid("/bin/busybox") or path
        return self.host(path)

    def _overlaid(self, path: str) -> str | None:
        if self._sysroot is None or not path.startswith("/"):
            return None
        for name in (path, "/usr" + path) if path.startswith(_MERGED) else (path,):
            found = self._follow(name)
            if found is not None and not (os.path.isdir(found) and os.path.isdir(path)):
                return found
        return None

    def _follow(self, path: str) -> str | None:
        """The place in the sysroot, absolute links taken within it; None where there is none."""
        assert self._sysroot is not None
        for _ in range(_LINKS):
            place = self._sysroot + path
            if not os.path.islink(place):
                return place if os.path.exists(place) else None
            target = os.readlink(place)
            path = os.path.normpath(os.path.join(os.path.dirname(path), target))
        return None
