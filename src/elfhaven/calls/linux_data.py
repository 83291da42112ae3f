# SPDX-License-Identifier: BSD-2-Clause
"""Linux calls that move the data of open files, or say where and how much of it there is.

On the wire an open file is a number that the runtime chose; the offset of a regular file is kept inside.
"""

from __future__ import annotations

from elfhaven.calls.linux_rows import DATA, STORE, delegated, inside
from elfhaven.calls.row import Result, Row

MOVED = "through the TEE: as read and write would"
CACHED = "regular files are read in large pieces and served from TEE memory"

DATA_ROWS: tuple[Row, ...] = (
    inside(71, "sendfile", "out:fd in:fd offset:ptr count:size", Result.COUNT, MOVED),
    inside(75, "vmsplice", "fd:fd iov:ptr count:size flags:hex", Result.COUNT, "a copy, as readv and writev"),
    inside(
        76,
        "splice",
        "in:fd in_offset:ptr out:fd out_offset:ptr count:size flags:hex",
        Result.COUNT,
        MOVED + "; 64 KiB at most",
    ),
    inside(77, "tee", "in:fd out:fd count:size flags:hex", Result.COUNT, "between pipes inside"),
    inside(
        285,
        "copy_file_range",
        "in:fd in_offset:ptr out:fd out_offset:ptr count:size flags:hex",
        Result.COUNT,
        MOVED,
    ),
    inside(279, "memfd_create", "name:path flags:hex", Result.FD, "memory of the TEE"),
    delegated(
        47,
        "fallocate",
        "fd:fd mode:hex offset:offset length:offset",
        "file:file mode:hex offset:offset length:offset",
        errors="EBADF EDQUOT EFBIG EINTR EINVAL EIO EISDIR ENODEV ENOSPC EOPNOTSUPP EPERM ESPIPE ETXTBSY",
        policy="files.write",
        reason="mode 0 and FALLOC_FL_KEEP_SIZE; others are EOPNOTSUPP",
    ),
    delegated(
        62,
        "lseek",
        "fd:fd offset:offset whence:uint",
        "file:file offset:offset whence:uint",
        errors="EINVAL ENXIO EOVERFLOW ESPIPE",
        policy="files",
        result=Result.OFFSET,
        reason="regular files keep their offset inside; streams, directories and SEEK_DATA, SEEK_HOLE cross",
    ),
    delegated(
        63,
        "read",
        "fd:fd buf:out(count) count:size",
        "file:file count:size buf:out(count)",
        errors=DATA,
        policy="files.read",
        result=Result.COUNT,
        reason=CACHED,
    ),
    delegated(
        64,
        "write",
        "fd:fd buf:in(count) count:size",
        "file:file count:size buf:in(count)",
        errors=STORE,
        policy="files.write",
        result=Result.COUNT,
        reason="streams and O_APPEND; slot.value is the new offset of an O_APPEND file",
    ),
    delegated(
        65,
        "readv",
        "fd:fd iov:ptr count:int",
        "file:file count:size buf:out(count)",
        errors=DATA,
        policy="files.read",
        result=Result.COUNT,
        reason="crosses as read or pread64 of all the pieces at once",
    ),
    delegated(
        66,
        "writev",
        "fd:fd iov:ptr count:int",
        "file:file count:size buf:in(count)",
        errors=STORE,
        policy="files.write",
        result=Result.COUNT,
        reason="crosses as write or pwrite64 of all the pieces at once",
    ),
    delegated(
        67,
        "pread64",
        "fd:fd buf:out(count) count:size offset:offset",
        "file:file count:size offset:offset buf:out(count)",
        errors=DATA + " ESPIPE ENXIO EOVERFLOW",
        policy="files.read",
        result=Result.COUNT,
        reason=CACHED,
    ),
    delegated(
        68,
        "pwrite64",
        "fd:fd buf:in(count) count:size offset:offset",
        "file:file count:size offset:offset buf:in(count)",
        errors=STORE + " ESPIPE ENXIO EOVERFLOW",
        policy="files.write",
        result=Result.COUNT,
        reason="regular files keep their offset inside",
    ),
    delegated(
        69,
        "preadv",
        "fd:fd iov:ptr count:int offset:offset",
        "file:file count:size offset:offset buf:out(count)",
        errors=DATA + " ESPIPE ENXIO EOVERFLOW",
        policy="files.read",
        result=Result.COUNT,
        reason="crosses as pread64 of all the pieces at once",
    ),
    delegated(
        70,
        "pwritev",
        "fd:fd iov:ptr count:int offset:offset",
        "file:file count:size offset:offset buf:in(count)",
        errors=STORE + " ESPIPE ENXIO EOVERFLOW",
        policy="files.write",
        result=Result.COUNT,
        reason="crosses as pwrite64 of all the pieces at once",
    ),
    inside(
        223,
        "fadvise64",
        "fd:fd offset:offset length:offset advice:uint",
        reason="advice is checked and not taken; a stream is asked by fstat whether it is a pipe",
    ),
    delegated(
        286,
        "preadv2",
        "fd:fd iov:ptr count:int offset:offset high:hex flags:hex",
        "file:file count:size offset:offset buf:out(count)",
        errors=DATA + " ESPIPE ENXIO EOVERFLOW",
        policy="files.read",
        result=Result.COUNT,
        reason="crosses as pread64 of all the pieces, with offset -1 as read; any flag is EOPNOTSUPP",
    ),
    delegated(
        287,
        "pwritev2",
        "fd:fd iov:ptr count:int offset:offset high:hex flags:hex",
        "file:file count:size offset:offset buf:in(count)",
        errors=STORE + " ESPIPE ENXIO EOVERFLOW",
        policy="files.write",
        result=Result.COUNT,
        reason="crosses as pwrite64 of all the pieces, with offset -1 as write; any flag is EOPNOTSUPP",
    ),
)
