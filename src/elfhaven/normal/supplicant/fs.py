# SPDX-License-Identifier: BSD-2-Clause
"""The supplicant's files: RPC_CMD_FS on one directory, as tee-supplicant serves it.

Writes are synchronous (O_SYNC), and so are the names of files: what the TEE was told to be stored is stored.
Names come from the TEE, but are checked all the same: no file outside the directory is ever touched.

Lock: `_lock` guards the descriptors and directories that are open; nothing is called while it is held.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from elfhaven.abi import gp
from elfhaven.abi import optee_msg as msg
from elfhaven.world.message import Param

Room = Callable[[Param], memoryview]  # the memory that a reference means; empty for none
_VALUE, _OUT = msg.ATTR_VALUE_INPUT, msg.ATTR_VALUE_OUTPUT
_MEMORY_IN = (msg.ATTR_RMEM_INPUT, msg.ATTR_TMEM_INPUT)
_MEMORY_OUT = (msg.ATTR_RMEM_OUTPUT, msg.ATTR_TMEM_OUTPUT)
_OPENED = ((_VALUE,), _MEMORY_IN, (_OUT,))
_PIECE = 1 << 20


class _Refused(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class FileService:
    """Serves RPC_CMD_FS from `root`, which is made when the first file is. Close it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._descriptors: set[int] = set()
        self._listings: dict[int, Iterator[str]] = {}
        self._numbers = itertools.count()
        self._operations: dict[int, Callable[[list[Param], Room], None]] = {
            msg.RPC_FS_OPEN: self._open,
            msg.RPC_FS_CREATE: self._create,
            msg.RPC_FS_CLOSE: self._close,
            msg.RPC_FS_READ: self._read,
            msg.RPC_FS_WRITE: self._write,
            msg.RPC_FS_TRUNCATE: self._truncate,
            msg.RPC_FS_REMOVE: self._remove,
            msg.RPC_FS_RENAME: self._rename,
            msg.RPC_FS_OPENDIR: self._opendir,
            msg.RPC_FS_CLOSEDIR: self._closedir,
            msg.RPC_FS_READDIR: self._readdir,
        }

    def serve(self, params: list[Param], room: Room) -> int:
        """One request, answered in its parameters; a TEE_Result."""
        operation = self._operations.get(params[0].a) if params and params[0].kind == _VALUE else None
        if operation is None:
            return gp.TEE_ERROR_BAD_PARAMETERS
        try:
            operation(params, room)
        except _Refused as refused:
            return refused.code
        except OSError:
            return gp.TEE_ERROR_GENERIC
        return gp.TEE_SUCCESS

    def close(self) -> None:
        """Closes what the TEE has left open."""
        with self._lock:
            left, self._descriptors = self._descriptors, set()
            self._listings.clear()
        for descriptor in left:
            os.close(descriptor)

    # ---- files

    def _open(self, params: list[Param], room: Room) -> None:
        _expect(params, *_OPENED)
        path = self._path(room(params[1]))
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_SYNC | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:  # a file system for reading alone
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                raise _Refused(gp.TEE_ERROR_ITEM_NOT_FOUND) from None
        params[2].a = self._opened(descriptor)

    def _create(self, params: list[Param], room: Room) -> None:
        _expect(params, *_OPENED)
        path = self._path(room(params[1]))
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_SYNC | os.O_CLOEXEC | os.O_NOFOLLOW
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        params[2].a = self._opened(os.open(path, flags, 0o600))
        _sync(path.parent)

    def _opened(self, descriptor: int) -> int:
        with self._lock:
            self._descriptors.add(descriptor)
        return descriptor

    def _descriptor(self, params: list[Param]) -> int:
        number = params[0].b & 0xFFFFFFFF
        with self._lock:
            if number not in self._descriptors:
                raise _Refused(gp.TEE_ERROR_BAD_PARAMETERS)
        return number

    def _close(self, params: list[Param], _room: Room) -> None:
        _expect(params, (_VALUE,))
        descriptor = self._descriptor(params)
        with self._lock:
            self._descriptors.discard(descriptor)
        os.close(descriptor)

    def _read(self, params: list[Param], room: Room) -> None:
        _expect(params, (_VALUE,), _MEMORY_OUT)
        descriptor, offset, place = self._descriptor(params), params[0].c, room(params[1])
        done = 0
        while done < len(place):
            data = os.pread(descriptor, min(len(place) - done, _PIECE), offset + done)
            if not data:
                break
            place[done : done + len(data)] = data
            done += len(data)
        params[1].b = done

    def _write(self, params: list[Param], room: Room) -> None:
        _expect(params, (_VALUE,), _MEMORY_IN)
        descriptor, offset, data = self._descriptor(params), params[0].c, room(params[1])
        done = 0
        while done < len(data):
            done += os.pwrite(descriptor, data[done : done + _PIECE], offset + done)

    def _truncate(self, params: list[Param], _room: Room) -> None:
        _expect(params, (_VALUE,))
        os.ftruncate(self._descriptor(params), params[0].c)

    def _remove(self, params: list[Param], room: Room) -> None:
        _expect(params, (_VALUE,), _MEMORY_IN)
        path = self._path(room(params[1]))
        try:
            path.unlink()
        except FileNotFoundError:
            raise _Refused(gp.TEE_ERROR_ITEM_NOT_FOUND) from None
        if path.parent == self._root or not _remove_empty(path.parent):
            _sync(path.parent)

    def _rename(self, params: list[Param], room: Room) -> None:
        _expect(params, (_VALUE,), _MEMORY_IN, _MEMORY_IN)
        old, new = self._path(room(params[1])), self._path(room(params[2]))
        if not params[0].b and new.exists():
            raise _Refused(gp.TEE_ERROR_ACCESS_CONFLICT)
        try:
            os.rename(old, new)
        except FileNotFoundError:
            raise _Refused(gp.TEE_ERROR_ITEM_NOT_FOUND) from None
        _sync(new.parent)

    # ---- directories

    def _opendir(self, params: list[Param], room: Room) -> None:
        _expect(params, *_OPENED)
        try:
            names = sorted(os.listdir(self._path(room(params[1]))))
        except OSError:
            raise _Refused(gp.TEE_ERROR_ITEM_NOT_FOUND) from None
        names = [name for name in names if not name.startswith(".")]
        if not names:
            raise _Refused(gp.TEE_ERROR_ITEM_NOT_FOUND)
        with self._lock:
            params[2].a = next(self._numbers)
            self._listings[params[2].a] = iter(names)

    def _closedir(self, params: list[Param], _room: Room) -> None:
        _expect(params, (_VALUE,))
        with self._lock:
            if self._listings.pop(params[0].b, None) is None:
                raise _Refused(gp.TEE_ERROR_BAD_PARAMETERS)

    def _readdir(self, params: list[Param], room: Room) -> None:
        _expect(params, (_VALUE,), _MEMORY_OUT)
        with self._lock:
            listing = self._listings.get(params[0].b)
        if listing is None:
            raise _Refused(gp.TEE_ERROR_BAD_PARAMETERS)
        name = next(listing, None)
        if name is None:
            raise _Refused(gp.TEE_ERROR_ITEM_NOT_FOUND)
        data, place = os.fsencode(name) + b"\0", room(params[1])
        params[1].b = len(data)
        if len(data) > len(place):
            raise _Refused(gp.TEE_ERROR_SHORT_BUFFER)
        place[: len(data)] = data

    def _path(self, memory: memoryview) -> Path:
        """The file of a name that ends with a zero byte; BAD_PARAMETERS for one that leads elsewhere."""
        name, end, _ = bytes(memory).partition(b"\0")
        parts = os.fsdecode(name).strip("/").split("/")
        if not end or any(part in ("", ".", "..") for part in parts):
            raise _Refused(gp.TEE_ERROR_BAD_PARAMETERS)
        path = self._root.joinpath(*parts)
        if any(parent.is_symlink() for parent in path.parents if self._root in parent.parents):
            raise _Refused(gp.TEE_ERROR_BAD_PARAMETERS)
        return path


def _expect(params: list[Param], *kinds: tuple[int, ...]) -> None:
    if len(params) != len(kinds) or any(p.kind not in k for p, k in zip(params, kinds, strict=True)):
        raise _Refused(gp.TEE_ERROR_BAD_PARAMETERS)


def _remove_empty(directory: Path) -> bool:
    """Removes a directory that is empty; False if it is not."""
    try:
        directory.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
