# SPDX-License-Identifier: BSD-2-Clause
"""What crosses when a program starts another one: a part of the container's ABI (container.py)."""

from __future__ import annotations

from enum import IntEnum, IntFlag

from elfhaven.abi.layout import Layout


class SpawnKind(IntEnum):
    """What a child gets as a descriptor."""

    NONE = 0  # nothing: it was closed
    FILE = 1  # the open file `number`
    PIPE = 2  # an end of a pipe that lay inside, and leaves it now
    DEVICE = 3  # a device that is served inside, by its st_rdev in `number`


class SpawnFlag(IntFlag):
    WRITES = 1  # of PIPE: the child's end is the one that is written to
    NONBLOCK = 2  # that end never waits
    OTHER_NONBLOCK = 4  # the other one
    OTHER = 8  # there is another one: `other`


SPAWN_FD = Layout(  # the input of execve begins with three of them, for the child's standard streams
    "eh_spawn_fd",
    (
        ("u32", "kind"),
        ("u32", "flags"),
        ("u32", "number"),  # open files of the parent
        ("u32", "other"),
        ("u32", "pending"),  # bytes that lie in the pipe: they follow behind the strings, in this order
        ("u32", "reserved"),
    ),
)
CHILD_SIGNAL = 0x100  # second result of wait4: the exit status, or this and the signal that ended the child

POLICY_PROGRAM = Layout(  # what execve may start, and the Trusted Application that it is
    "eh_policy_program",
    (
        ("u32", "flags"),  # RuleFlag
        ("u32", "path_offset"),
        ("u32", "path_length"),
        ("u32", "file_offset"),  # of the .ta file, as the manifest names it
        ("u32", "file_length"),
        ("u8[16]", "uuid"),
        ("u32", "reserved"),
    ),
)
