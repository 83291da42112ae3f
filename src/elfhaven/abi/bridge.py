# SPDX-License-Identifier: BSD-2-Clause
"""The wire to a bridge: TEE operations in frames over a stream (a virtio port, ssh's stdin and stdout).

A frame is a `frame` header and `size` bytes of payload, little-endian. The client sends HELLO first, the
bridge answers WELCOME with the same nonce; both skip what a connection before left in the stream until then.
Every request has an id of its own, which its answer carries; answers come in any order.

Shared memory lies at the bridge's end and is known by a handle. Both ends keep a copy of it as it was when
they last agreed, so that only blocks that changed cross: a client sends WRITE frames before a request that
refers to them, the bridge sends DATA frames before its answer. Temporary memory is shared memory that the
client keeps for reuse.

Other ports of a machine carry commands: COMMAND first, then INPUT one way and what the command prints the
other. The end of the connection ends the command. No bridge serves both: TEE ports run nothing.

Whatever breaks a rule of this file ends the connection, and nothing else: with it go its sessions and memory.
The C header of the bridge is generated from this file (tools/generate_bridge.py).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from elfhaven.abi.container import Layout

MAGIC: Final = 0x31484245  # "EBH1": the 1 is the version of the frame header
VERSION: Final = 1  # of all that follows the header
FRAME_MAX: Final = 1 << 20  # bytes of a payload
PARAMS: Final = 4
HANDLES: Final = 128  # shared memories of a connection
SHARED_MAX: Final = 256 << 20  # bytes of all of them together
TA_MAX: Final = 256 << 20  # bytes of a TA file
CALLS: Final = 15  # calls of a connection that the bridge makes at the same time
GROUPS: Final = 32  # supplementary groups that a client may name
INPUT_MAX: Final = 32768  # bytes of a frame that carries a command's input, or the words of COMMAND
WORDS: Final = 256  # words of a command
BLOCK: Final = 256  # bytes: the unit in which changes of shared memory are found


class Kind(IntEnum):
    """What a frame is. `+` after the structure: bytes follow it."""

    HELLO = 1  # hello; groups +                        answered by WELCOME
    OPEN = 2  # open                                    answered by DATA*, REPLY
    INVOKE = 3  # invoke                                answered by DATA*, REPLY
    CLOSE = 4  # name: a session                        answered by REPLY
    CANCEL = 5  # cancel                                not answered
    ALLOCATE = 6  # allocate                            answered by REPLY, `value` is the handle
    RELEASE = 7  # name: a handle                       not answered
    WRITE = 8  # piece; its bytes +                     not answered
    INSTALL = 9  # install; a part of the file +        answered by REPLY with the last part
    LOG = 10  # nothing: the kernel's log               answered by TEXT
    COMMAND = 0x40  # command; its words, each with a NUL behind it +    answered by STARTED, output, EXITED
    INPUT = 0x41  # bytes +; none: the end              not answered
    WELCOME = 0x81  # welcome
    DATA = 0x82  # piece; its bytes +
    REPLY = 0x83  # reply
    TEXT = 0x84  # bytes +
    ERROR = 0x85  # error: the connection ends
    STARTED = 0xC0  # started
    OUTPUT = 0xC1  # bytes +
    ERRORS = 0xC2  # bytes +
    EXITED = 0xC3  # exited: the connection ends


class Broken(IntEnum):
    """error.code: the rule that a client broke."""

    FRAME = 1  # magic, kind or size of a frame
    ORDER = 2  # a request before HELLO
    VERSION = 3  # a version that this bridge does not speak
    HANDLE = 4  # a handle that is not, or a piece that does not lie in it
    LIMIT = 5  # too much memory or too many handles


FRAME: Final = Layout("frame", (("u32", "magic"), ("u32", "kind"), ("u32", "id"), ("u32", "size")))
HELLO: Final = Layout(
    "hello",
    (
        ("u64", "nonce"),
        ("u32", "version"),
        ("u32", "uid"),  # on whose behalf sessions are opened; heeded where the bridge runs as root
        ("u32", "gid"),
        ("u32", "groups"),
    ),
)
WELCOME: Final = Layout(
    "welcome",
    (
        ("u64", "nonce"),
        ("u32", "version"),
        ("u32", "implementation"),  # tee_ioctl_version_data: impl_id, impl_caps, gen_caps
        ("u32", "implementation_capabilities"),
        ("u32", "capabilities"),
    ),
)
PARAM: Final = Layout(
    "param",
    (
        ("u32", "type"),  # TEE_PARAM_TYPE_*
        ("u32", "handle"),  # of a memory reference; 0: a null reference
        ("u64", "a"),  # a value; the offset in the shared memory
        ("u64", "b"),  # a value; the size
    ),
)
OPEN: Final = Layout(
    "open",
    (
        ("char[16]", "uuid"),  # in RFC 4122 order
        ("u32", "login"),
        ("u32", "group"),
        ("u32", "cancel_id"),
        ("u32", "reserved"),
    ),
)  # then `PARAMS` times param
INVOKE: Final = Layout(
    "invoke", (("u32", "session"), ("u32", "command"), ("u32", "cancel_id"), ("u32", "reserved"))
)  # then `PARAMS` times param
NAME: Final = Layout("name", (("u32", "name"), ("u32", "reserved")))
CANCEL: Final = Layout("cancel", (("u32", "session"), ("u32", "cancel_id")))
ALLOCATE: Final = Layout("allocate", (("u64", "size"),))
PIECE: Final = Layout("piece", (("u32", "handle"), ("u32", "reserved"), ("u64", "offset")))
INSTALL: Final = Layout("install", (("char[16]", "uuid"), ("u64", "total"), ("u64", "offset")))
REPLY: Final = Layout(
    "reply",
    (
        ("u32", "code"),  # TEE_Result
        ("u32", "origin"),  # TEE_ORIGIN_*
        ("u32", "value"),  # a session or a handle
        ("u32", "errno"),  # of the system call that failed, if one did
        ("u64[8]", "outputs"),  # a and b of each parameter; of memory references b is the size
    ),
)
ERROR: Final = Layout("error", (("u32", "code"), ("u32", "reserved")))
COMMAND: Final = Layout("command", (("u64", "nonce"), ("u32", "terminal"), ("u32", "words")))
STARTED: Final = Layout("started", (("u64", "nonce"),))
EXITED: Final = Layout("exited", (("u32", "status"), ("u32", "reserved")))  # 128 + n where signal n ended it

LAYOUTS: Final = (
    FRAME, HELLO, WELCOME, PARAM, OPEN, INVOKE, NAME, CANCEL, ALLOCATE, PIECE, INSTALL, REPLY, ERROR,
    COMMAND, STARTED, EXITED,
)  # fmt: skip
