# SPDX-License-Identifier: BSD-2-Clause
"""The audit log's file. The records are made and chained inside the TEE; here they are stored.

One JSON line a record, in the order in which the TEE made them. The chain's key, its last value and the
number of records stay in the TEE, which alone can verify a log. A log that cannot be written ends the run
before the next call is performed.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from elfhaven.errors import AuditError
from elfhaven.normal.linux.host import HostCalls

RESERVE_STEP: Final = 1 << 18  # bytes reserved at a time
RECORD_MAX: Final = 1 << 15  # bytes of the longest record: it fits the log area of a control block
CHUNK: Final = 1 << 17  # bytes of records sent to the TEE at a time
LOG_ID_SIZE: Final = 16
_CANNOT_RESERVE: Final = frozenset(
    (errno.EOPNOTSUPP, errno.ENOSYS, errno.ENODEV, errno.ESPIPE, errno.EINVAL, errno.EPERM)
)


class AuditLog:
    """An audit log open for appending, locked against other writers. Raises AuditError everywhere."""

    def __init__(self, path: str | os.PathLike[str], host: HostCalls | None = None) -> None:
        self.path = os.fspath(path)
        self._host = host or HostCalls()
        self._fd = self._open()
        found = os.fstat(self._fd)
        self._regular = stat.S_ISREG(found.st_mode)
        self._size = found.st_size if self._regular else 0
        self._reserved = self._size  # room is taken up to here
        self.empty = self._size == 0

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY
        try:
            fd = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise self._error("cannot be opened", error) from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise AuditError(
                f"the audit log {self.path} is being written by another run",
                "wait for it to end, or name another file",
            ) from None
        return fd

    def reserve(self, count: int) -> None:
        """Makes room for `count` records and a closing one, before the calls that they will tell of.

        On a file system that cannot reserve, the next append shows whether there is room.
        """
        wanted = self._size + (count + 1) * RECORD_MAX
        if not self._regular or wanted <= self._reserved:
            return
        for end in (max(wanted, self._size + RESERVE_STEP), wanted):
            try:
                self._host.reserve(self._fd, self._size, end - self._size)
            except OSError as error:
                if error.errno in _CANNOT_RESERVE:
                    return
                if end == wanted:
                    raise self._error("has no room for the next record", error) from None
            else:
                self._reserved = end
                return

    def append(self, records: Sequence[bytes]) -> None:
        """Stores records, each without its newline; all of them or none."""
        if any(b"\n" in record for record in records):
            raise AuditError(f"a record for {self.path} holds a newline", "the image may be damaged")
        data = b"".join(record + b"\n" for record in records)
        try:
            written = os.write(self._fd, data)
            if written != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._cut()
            raise self._error("cannot be written", error) from None
        self._size += written

    def chunks(self) -> Iterator[bytes]:
        """What was in the file when it was opened, in pieces of whole lines."""
        yield from _chunks(self._fd, self.path)

    def log_id(self) -> bytes:
        """The id of a log that is not empty, from its first record; AuditError where there is none."""
        return bytes.fromhex(_first(self.chunks(), self.path)["log"])

    def close(self) -> None:
        """Gives back the room that was not used, and unlocks the file."""
        if self._fd >= 0:
            if self._reserved > self._size:
                self._cut()
            os.close(self._fd)
            self._fd = -1

    def _cut(self) -> None:
        """Ends the file where its last whole record ends; frees what is reserved behind it."""
        if self._regular:
            try:
                os.ftruncate(self._fd, self._size)
            except OSError:
                pass  # the torn line stays, and verification will tell of it

    def _error(self, what: str, error: OSError) -> AuditError:
        return AuditError(
            f"the audit log {self.path} {what}: {error.strerror}",
            "no further call of the program is performed; name a file that can be written",
        )


def read_chunks(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """The records of a log that is only read, in pieces of whole lines."""
    name = os.fspath(path)
    try:
        fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise AuditError(f"the audit log {name} cannot be read: {error.strerror}") from None
    try:
        yield from _chunks(fd, name)
    finally:
        os.close(fd)


def maker(path: str | os.PathLike[str]) -> UUID:
    """The TA that says it made a log, from the first record: only that TA can verify it."""
    return UUID(_first(read_chunks(path), os.fspath(path))["uuid"])


def _first(chunks: Iterator[bytes], path: str) -> dict[str, str]:
    """The arguments of a log's first record, its `uuid` and `log` among them, both well-formed."""
    try:
        args = json.loads(next(chunks, b"").split(b"\n", 1)[0])["args"]
        if len(bytes.fromhex(args["log"])) == LOG_ID_SIZE and UUID(args["uuid"]):
            return {"uuid": args["uuid"], "log": args["log"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise AuditError(
        f"{path} does not begin with the first record of an audit log",
        "the record was deleted or changed, or the file is something else",
    )


def _chunks(fd: int, path: str) -> Iterator[bytes]:
    """At most CHUNK bytes each, cut behind a newline; a last line without one comes as it is."""
    at, rest = 0, b""
    while True:
        try:
            data = os.pread(fd, CHUNK - len(rest), at)
        except OSError as error:
            raise AuditError(f"the audit log {path} cannot be read: {error.strerror}") from None
        at += len(data)
        data, rest = rest + data, b""
        if not data:
            return
        end = data.rfind(b"\n") + 1
        if 0 < end < len(data):
            data, rest = data[:end], data[end:]
        elif not end and len(data) == CHUNK:
            raise AuditError(f"{path} holds a line that is longer than any record of an audit log")
        yield data
