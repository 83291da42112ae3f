# SPDX-License-Identifier: BSD-2-Clause
"""Archives in the newc format of cpio, as Linux takes them for an initramfs
(Documentation/driver-api/early-userspace/buffer-format.rst): written without root rights and without a tool.
"""

from __future__ import annotations

import posixpath
import stat
from io import BytesIO
from typing import Final

_MAGIC: Final = "070701"
_END: Final = "TRAILER!!!"


class Cpio:
    """An archive under construction; `done` gives its bytes. Missing parent directories are added.

    `before`: one that is unpacked first, whose names are not put in again.
    """

    def __init__(self, before: Cpio | None = None) -> None:
        self._out = BytesIO()
        self._names: set[str] = set(before._names) if before else set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def directory(self, name: str, mode: int = 0o755) -> None:
        self._add(name, stat.S_IFDIR | mode)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        self._add(name, stat.S_IFREG | mode, data)

    def link(self, name: str, to: str) -> None:
        """A symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, to.encode())

    def character_device(self, name: str, major: int, minor: int, mode: int = 0o600) -> None:
        self._add(name, stat.S_IFCHR | mode, b"", major, minor)

    def done(self) -> bytes:
        self._entry(_END, 0, b"", 0, 0)
        return self._out.getvalue()

    def _add(self, name: str, mode: int, data: bytes = b"", major: int = 0, minor: int = 0) -> None:
        if name in self._names:
            if not stat.S_ISDIR(mode):
                raise ValueError(f"{name} is in the archive twice")
            return
        parent = posixpath.dirname(name)
        if parent and parent not in self._names:
            self.directory(parent)
        self._names.add(name)
        self._entry(name, mode, data, major, minor)

    def _entry(self, name: str, mode: int, data: bytes, major: int, minor: int) -> None:
        """inode, mode, uid, gid, nlink, mtime, filesize, device (2), rdevice (2), namesize, check."""
        raw = name.encode() + b"\0"
        inode = len(self._names)
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(raw), 0)
        self._padded(_MAGIC.encode() + b"".join(b"%08X" % field for field in fields) + raw)
        self._padded(data)

    def _padded(self, data: bytes) -> None:
        self._out.write(data + bytes(-len(data) % 4))
