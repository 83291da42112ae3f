# SPDX-License-Identifier: BSD-2-Clause
"""The wire to a bridge: TEE operations in frames over a stream (a virtio port, ssh's stdin and stdout).

A frame is a `frame` header and `size` bytes of payload, little-endian. The client sends HELLO first, the
bridge answers WELCOME with the same nonce; both skip what a connection before left in the stream until then.
Every request has an id of its own, which its answer carries; answers come in any order.

Shared memory lies at the bridge's end and is known by a handle. Both ends keep a copy of it as it was when
they last agreed, so that only blocks that changed cross: a client sends WRITE frames before a request that
refers to them, the bridge sends DATA frames before its answer. Temporary memory is shared memory that the
client keeps for reuse.

PROGRAM hands a whole program to the bridge: it starts and resumes the TA by itself and performs the delegated
calls with the files of its own end. What concerns the caller's streams comes back as ERRANDS; the log, and
news of the program, as NEWS. The policy goes along as rules with absolute paths. One program at a time.

Other ports of a machine carry commands: COMMAND first, then INPUT one way and what the command prints the
other. The end of the connection ends the command. No bridge serves both: TEE ports run nothing.

Whatever breaks a rule of this file ends the connection, and nothing else: with it go its sessions and memory.
The C header of the bridge is generated from this file (tools/generate_bridge.py).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from elfhaven.abi.container import CONTROL
from elfhaven.abi.layout import Layout

MAGIC: Final = 0x31484245  # "EBH1": the 1 is the version of the frame header
VERSION: Final = 2  # of all that follows the header
FRAME_MAX: Final = 3 << 20  # bytes of a payload: a window and what tells of it
PARAMS: Final = 4
HANDLES: Final = 128  # shared memories of a connection
SHARED_MAX: Final = 256 << 20  # bytes of all of them together
TA_MAX: Final = 256 << 20  # bytes of a TA file
CALLS: Final = 15  # calls of a connection that the bridge makes at the same time
GROUPS: Final = 32  # supplementary groups that a client may name
INPUT_MAX: Final = 32768  # bytes of a frame that carries a command's input, or the words of COMMAND
WORDS: Final = 256  # words of a command
NO_CALL: Final = 0xFFFF_FFFF  # ended.last_call: there was none
WHOLE_ANSWER: Final = 512  # bytes of an errand's output up to which it comes back whole
BLOCK: Final = 256  # bytes: the unit in which changes of shared memory are found
_WRITTEN: Final = CONTROL.fields.index(("u32", "state"))


class Kind(IntEnum):
    """What a frame is. `+` after the structure: bytes follow it."""

    HELLO = 1  # hello; groups +                        answered by WELCOME
    OPEN = 2  # open                                    answered by DATA*, REPLY
    INVOKE = 3  # invoke                                answered by DATA*, REPLY
    CLOSE = 4  # name: a session                        answered by REPLY
    CANCEL = 5  # cancel; of a program's session, with the word of control.stop as id     not answered
    ALLOCATE = 6  # allocate                            answered by REPLY, `value` is the handle
    RELEASE = 7  # name: a handle                       not answered
    WRITE = 8  # piece; its bytes +                     not answered
    INSTALL = 9  # install; a part of the file +        answered by REPLY with the last part
    LOG = 10  # nothing: the kernel's log               answered by TEXT
    PROGRAM = 11  # program; `rules` times rule, each with path +    answered by NEWS*, ERRANDS*, ENDED
    STORED = 12  # name: 0     answers NEWS that wants it; not 0, at any time: end the program
    DONE = 13  # errands; `count` times done, each with output +   answers ERRANDS
    COMMAND = 0x40  # command; its words, each with a NUL behind it +    answered by STARTED, output, EXITED
    INPUT = 0x41  # bytes +; none: the end              not answered
    WELCOME = 0x81  # welcome
    DATA = 0x82  # piece; its bytes +
    REPLY = 0x83  # reply
    TEXT = 0x84  # bytes +
    ERROR = 0x85  # error: the connection ends
    NEWS = 0x86  # news, report; records of the log +
    ERRANDS = 0x87  # errands; `count` times errand, each with input +
    ENDED = 0x88  # ended, report; `counts` times count
    STARTED = 0xC0  # started
    OUTPUT = 0xC1  # bytes +
    ERRORS = 0xC2  # bytes +
    EXITED = 0xC3  # exited: the connection ends


class Broken(IntEnum):
    """error.code: the rule that a client broke."""

    FRAME = 1  # magic, kind or size of a frame
    ORDER = 2  # a request before HELLO, a second PROGRAM, an answer that nobody waits for
    VERSION = 3  # a version that this bridge does not speak
    HANDLE = 4  # a handle that is not, or a piece that does not lie in it
    LIMIT = 5  # too much memory or too many handles
    DIED = 6  # none: the bridge's process for this connection died


class Reach(IntEnum):
    """rule.kind: what a path is to the policy of a program."""

    READ = 1
    WRITE = 2  # implies READ
    PINNED = 3  # implies READ, never WRITE
    WAY = 4  # the directories that lead there may be looked at


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
        ("char[256]", "directory"),  # the bridge's working directory; empty where its path is longer
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
PROGRAM: Final = Layout(
    "program",
    (
        ("u32", "session"),
        ("u32", "start_flags"),
        ("u32", "strings"),  # shared memory whose first `strings_size` bytes START takes
        ("u32", "strings_size"),
        ("u32", "argc"),
        ("u32", "envc"),
        ("u32", "rules"),
        ("u32", "reserved"),
        ("char[16]", "log_id"),
    ),
)
RULE: Final = Layout("rule", (("u32", "kind"), ("u32", "tree"), ("u32", "length"), ("u32", "reserved")))
NEWS: Final = Layout("news", (("u32", "store"), ("u32", "reserved")))  # store: the program waits for STORED
REPORT: Final = Layout("report", CONTROL.fields[_WRITTEN:-1])  # what the runtime wrote at its last return
ERRANDS: Final = Layout("errands", (("u32", "count"), ("u32", "wait")))  # wait: until one of them is done
ERRAND: Final = Layout(
    "errand",
    (
        ("u32", "slot"),
        ("u32", "id"),
        ("u32", "call"),
        ("u32", "capacity"),
        ("u64[6]", "args"),
        ("u32", "length"),  # of the input
        ("u32", "reserved"),
    ),
)
DONE: Final = Layout("done", (("u32", "slot"), ("u32", "length"), ("s64", "result"), ("u64", "value")))
ENDED: Final = Layout(
    "ended",
    (
        ("u32", "code"),  # TEE_Result of the last START or RESUME
        ("u32", "origin"),
        ("u32", "errno"),
        ("u32", "last_call"),
        ("u32", "counts"),
        ("u32", "reserved"),
    ),
)
COUNT: Final = Layout("count", (("u32", "call"), ("u32", "reserved"), ("u64", "count")))

LAYOUTS: Final = (
    FRAME, HELLO, WELCOME, PARAM, OPEN, INVOKE, NAME, CANCEL, ALLOCATE, PIECE, INSTALL, REPLY, ERROR,
    PROGRAM, RULE, NEWS, REPORT, ERRANDS, ERRAND, DONE, ENDED, COUNT,
    COMMAND, STARTED, EXITED,
)  # fmt: skip
