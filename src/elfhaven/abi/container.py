# SPDX-License-Identifier: BSD-2-Clause
"""The container's own ABI: what the packer writes into the runtime and what crosses at a delegated call.

Three structures, all little-endian and naturally aligned. The C header of the runtime is generated from
this file (tools/generate.py), so each layout is declared once.

    config    in the signed image, written by the packer, read by the runtime
    control   in shared memory, parameter 0 of every InvokeCommand: a header, the request slots, a data area
              and a log area. The runtime trusts no word of it: it copies a word once and bounds it.
    window    in shared memory, parameter 1, attached only to the resume that asked for it: large buffers
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from elfhaven.abi.layout import Layout
from elfhaven.abi.spawn import POLICY_PROGRAM, SPAWN_FD


class Command(IntEnum):
    """Commands of a container TA (InvokeCommand's cmd_id)."""

    START = 1  # p0 control INOUT, p1 none or window INOUT, p2 strings INPUT
    RESUME = 2  # p0 control INOUT, p1 none or window INOUT
    AUDIT_VERIFY = 3  # p0 records INPUT, p1 VALUE_INPUT {phase, 0}, p2 VALUE_OUTPUT {verdict, record number}
    GIVE_KEY = 4  # p0 key of the program's haven INPUT, 32 bytes; refused once there is another
    SERVICE_FIRST = 0x1000  # service mode: every command from here on reaches code in the image


class State(IntEnum):
    """control.state: why the TA returned."""

    NONE = 0
    REQUESTS = 1  # one or more slots hold a request
    EXITED = 2  # the program ended; exit_status is valid (0..255; 128+n when a signal n ended it)
    FATAL = 3  # the runtime gave up; fatal_code and fatal_value say why
    FLUSH = 4  # the log area is full: take it and resume
    IDLE = 5  # service mode: the program waits for a command
    POLLED = 6  # the program came out because control.stop says STOP_LEAVE: it goes on at the next resume


class SlotState(IntEnum):
    FREE = 0
    REQUESTED = 1
    ANSWERED = 2


class StartFlag(IntFlag):
    AUDIT = 1  # make an audit record of every delegated call
    TRACE = 2  # make trace records; honoured only where the signed config says DEBUG
    AUDIT_CONTINUE = 4  # the log continues: the stored head and count are the ones to go on from


class ConfigFlag(IntFlag):
    DEBUG = 1  # debug = true in the signed manifest
    SERVICE = 2
    AUDIT_REQUIRED = 4  # START without StartFlag.AUDIT is refused
    STOPPABLE = 8  # the program's loops look at control.stop
    TA = 16  # the image is a TA of its own: it starts with its first session, and every command reaches it


class LogKind(IntEnum):
    """Kind of a record in the log area: u32 kind, u32 length of the body, body, zero padding to 8 bytes."""

    AUDIT = 1  # one line of the audit log, without its newline, MAC included
    TRACE = 2  # struct trace record, then strings
    MESSAGE = 3  # UTF-8 text from the runtime for the user; made only where the config says DEBUG


class VerifyPhase(IntEnum):
    """AUDIT_VERIFY, p1 value a: pieces of any size, in order; the last one may be empty."""

    BEGIN = 0
    MORE = 1
    END = 2  # with it comes the verdict


class Verdict(IntEnum):
    """AUDIT_VERIFY, p2 value a, valid with VerifyPhase.END. Value b counts the records that hold."""

    CLOSED = 0  # every record that was made is there and holds, and the last one closes the log
    OPEN = 1  # every record that was made is there and holds, but none closes the log
    BROKEN = 2  # the record after those that hold was changed or moved, or one before it was deleted
    TRUNCATED = 3  # records that were made are missing at the end
    UNKNOWN = 4  # no log of this program on this device


class Fatal(IntEnum):
    """control.fatal_code."""

    BAD_CONFIG = 1
    NO_MEMORY = 2
    PROTOCOL = 3  # the normal world broke the protocol (an answer to nothing, a moved buffer)
    DEADLOCK = 4  # every thread waits for another
    AUDIT = 5  # the audit chain cannot be made or continued
    UNSUPPORTED = 6


# Names of the rules of a policy; the index is the bit in control.denied and control.violated.
RULES = (
    "files.read",
    "files.write",
    "files.pinned",
    "args",
    "env",
    "audit",
    "answers",
    "files.libraries",
    "net.connect",
    "net.listen",
    "files.sealed",
    "programs",
    "pipes",
    "fork",
)

CONTROL_MAGIC = 0x31434845  # "EHC1"
CONFIG_MAGIC = 0x31474643_31434845  # "EHC1CFG1"
VERSION = 1
SLOT_COUNT = 32
CONTROL_MIN_SIZE = 16384
WINDOW_DEFAULT = 2 << 20  # bytes; bulk data crosses in pieces of this size
STOP_SIGNALS = 64  # control.stop from 1 to this: end as by that signal
STOP_LEAVE = 0x100  # control.stop: come out with State.POLLED; the normal world clears it before it resumes
STRINGS_MAX = 2 << 20  # bytes of argv + envp + cwd, like Linux's ARG_MAX
MAX_SEGMENTS = 112
MAX_IMAGES = 48

CONTROL = Layout(
    "eh_control",
    (
        # written by the normal world before START; the runtime checks and copies them once, at START
        ("u32", "magic"),
        ("u32", "version"),
        ("u32", "size"),  # bytes of the whole of parameter 0
        ("u32", "start_flags"),
        ("u32", "data_offset"),  # the data area: request payloads up to data_size
        ("u32", "data_size"),
        ("u32", "log_offset"),  # the log area
        ("u32", "log_size"),
        ("u32", "window_size"),  # bytes of the window that can be attached; 0 if none
        ("u32", "argc"),
        ("u32", "envc"),  # strings: argv, envp, then the absolute working directory, each NUL-terminated
        ("u32", "umask"),
        ("u32", "pid"),
        ("u32", "ppid"),
        ("u32", "uid"),
        ("u32", "euid"),
        ("u32", "gid"),
        ("u32", "egid"),
        ("char[16]", "log_id"),  # with AUDIT_CONTINUE: "log" of the log's first record, as 16 bytes
        # written by the normal world at any time, read at each call and at the checks of a stoppable program
        ("u32", "stop"),  # 0: go on; 1 to STOP_SIGNALS, or STOP_LEAVE; other words mean nothing
        ("u32[9]", "reserved0"),
        # written by the runtime
        ("u32", "state"),
        ("u32", "exit_status"),
        ("u32", "denied"),  # bit i: rule RULES[i] denied something since START
        ("u32", "violated"),  # bit i: an answer of the normal world broke RULES[i]
        ("u32", "want_window"),  # attach the window to the next resume
        ("u32", "log_used"),  # bytes of log records in the log area
        ("u32", "pending"),  # slots in state REQUESTED
        ("u32", "fatal_code"),
        ("u64", "fatal_value"),
        ("u64", "served"),  # calls served inside since START
        ("u64", "delegated"),  # calls delegated since START
        ("u64", "memory"),  # bytes of secure memory held by the program
        ("u64", "base"),  # address at which the image lies (0 unless the config says DEBUG)
        ("u64", "patience"),  # nanoseconds after which to resume even without an answer; 0: no limit
        ("u64", "exit_signal"),  # the signal that ended it; 0: it ended by itself
        ("u64[5]", "reserved1"),
    ),
)

SLOT = Layout(
    "eh_slot",
    (
        ("u32", "id"),  # chosen by the runtime, never 0, different for every request of a session
        ("u32", "state"),
        ("u32", "call"),  # Linux call number (arm64)
        ("u32", "window"),  # 1: input and output bytes lie in the window, 0: in the control block
        ("u64[6]", "args"),  # the scalars of the row's wire signature, in order
        ("s64", "result"),  # answer: >= 0, or -errno
        ("u64", "value"),  # answer: second result where the row has one
        ("u32", "in_offset"),  # bytes for the normal world
        ("u32", "in_length"),
        ("u32", "out_offset"),  # room for bytes from the normal world
        ("u32", "out_capacity"),
        ("u32[2]", "path_offset"),  # paths lie always in the control block, without a NUL
        ("u32[2]", "path_length"),
        ("u64[2]", "reserved"),
    ),
)

SEGMENT = Layout("eh_segment", (("u64", "address"), ("u64", "size"), ("u32", "protection"), ("u32", "image")))

IMAGE = Layout("eh_image", (("u64", "base"), ("u64", "span"), ("u64", "file_size"), ("char[104]", "name")))

CONFIG = Layout(
    "eh_config",
    (
        ("u64", "magic"),
        ("u32", "version"),
        ("u32", "flags"),
        ("u64", "entry"),  # all addresses are offsets from the start of the TA image
        ("u64", "phdr"),
        ("u32", "phnum"),
        ("u32", "image_count"),
        ("u64", "program_entry"),  # AT_ENTRY
        ("u64", "interpreter_base"),  # AT_BASE, 0 if there is none
        ("u64", "stack_size"),
        ("u64", "memory_limit"),  # most bytes that brk and mmap may take; 0: what the target has
        ("u64", "policy"),  # compiled policy blob (manifest.compile)
        ("u64", "policy_size"),
        ("u32", "segment_count"),
        ("u32", "hwcap"),
        ("u64", "checks"),  # places in the program's text that look at control.stop
        ("u64", "tree"),  # the system's files (manifest.tree); tree_size 0: none
        ("u64", "tree_size"),
        ("u64", "reserved"),
    ),
)  # followed by eh_segment segments[MAX_SEGMENTS], eh_image images[MAX_IMAGES]

CONFIG_SIZE = CONFIG.size + MAX_SEGMENTS * SEGMENT.size + MAX_IMAGES * IMAGE.size

OPEN_REPLY = Layout(  # output bytes of openat: what the runtime wants to know of a file it has opened
    "eh_open_reply",
    (("u32", "mode"), ("u32", "reserved"), ("u64", "size"), ("u64", "device"), ("u64", "inode")),
)


TRACE_RECORD = Layout(  # then, for each path or string argument: u32 argument index, u32 length, bytes
    "eh_trace_record",
    (
        ("u32", "call"),
        ("u32", "where"),  # 0 served inside, 1 delegated, 2 refused or absent, 3 denied by the policy
        ("u64[6]", "args"),
        ("s64", "result"),
        ("u32", "thread"),
        ("u32", "strings"),
    ),
)

# compiled policy (manifest.compile writes it, runtime/policy.c reads it); offsets from the blob's start
POLICY_MAGIC = 0x32504845  # "EHP2"


class RuleKind(IntEnum):
    READ = 1
    WRITE = 2  # implies READ


class NetKind(IntEnum):
    CONNECT = 1  # a peer: connect, or the address that a datagram goes to
    LISTEN = 2  # an address of the program's own: bind


class NetFamily(IntEnum):
    ANY = 0  # every address of IPv4 and IPv6
    UNIX = 1  # the path; an abstract name begins with '@'
    IPV4 = 2
    IPV6 = 10


class RuleFlag(IntFlag):
    RELATIVE = 1  # the path is relative to the program's first working directory
    TREE = 2  # the path and everything under it; without it the path alone
    SEALED = 4  # files there are encrypted and authenticated by the runtime; the rule's kind is WRITE


class ArgvMode(IntEnum):
    ANY = 0  # the command line's
    FIXED = 1  # exactly `argv`, argv[0] included


POLICY = Layout(
    "eh_policy",
    (
        ("u32", "magic"),
        ("u32", "size"),
        ("u32", "argv_mode"),
        ("u32", "argv_count"),
        ("u32", "argv_offset"),  # NUL-terminated strings, one after the other
        ("u32", "argv_size"),
        ("u32", "env_count"),  # eh_policy_env[], sorted by name
        ("u32", "env_offset"),
        ("u32", "rule_count"),  # eh_policy_rule[]
        ("u32", "rule_offset"),
        ("u32", "pinned_count"),  # eh_policy_pinned[]
        ("u32", "pinned_offset"),
        ("u32", "net_count"),  # eh_policy_net[]
        ("u32", "net_offset"),
        (
            "u32",
            "haven_offset",
        ),  # name of the haven whose key seals its files; length 0: the program's own key
        ("u32", "haven_length"),
        ("u32", "program_count"),  # eh_policy_program[]
        ("u32", "program_offset"),
        ("u32", "pipes"),  # 1: what passes between a program and its children may be seen outside
        ("u32", "reserved"),
    ),
)

POLICY_ENV = Layout(  # value_length 0xffffffff: the name is allowed, its value is the caller's
    "eh_policy_env",
    (("u32", "name_offset"), ("u32", "name_length"), ("u32", "value_offset"), ("u32", "value_length")),
)

POLICY_RULE = Layout(
    "eh_policy_rule", (("u32", "kind"), ("u32", "flags"), ("u32", "path_offset"), ("u32", "path_length"))
)

POLICY_NET = Layout(
    "eh_policy_net",
    (
        ("u16", "kind"),
        ("u16", "family"),
        ("u16", "port_first"),  # both ends are in
        ("u16", "port_last"),
        ("u32", "flags"),  # of a Unix path: RuleFlag
        ("u32", "prefix"),  # bits of the address that count
        ("u8[16]", "address"),  # network order; IPv4: the first four
        ("u32", "path_offset"),
        ("u32", "path_length"),
    ),
)

POLICY_PINNED = Layout(  # hashes: SHA-256 of each block in order; the last block may be short
    "eh_policy_pinned",
    (
        ("u32", "flags"),
        ("u32", "block_shift"),
        ("u64", "size"),
        ("u32", "path_offset"),
        ("u32", "path_length"),
        ("u32", "hash_offset"),
        ("u32", "hash_count"),
    ),
)

# files of the program's system (manifest.tree writes it, runtime/tree.c reads it); offsets from its start
TREE_MAGIC = 0x31544845  # "EHT1"

TREE = Layout("eh_tree", (("u32", "magic"), ("u32", "size"), ("u32", "count"), ("u32", "entries")))

TREE_ENTRY = Layout(  # sorted by path, where '/' counts as the lowest byte; a directory before what is in it
    "eh_tree_entry",
    (
        *POLICY_PINNED.fields,  # of a symbolic link, `hash` means its target and the target's length
        ("u32", "mode"),  # type and permissions, as in struct stat
        ("u32", "reserved"),
    ),
)

LAYOUTS = (
    CONTROL,
    SLOT,
    SEGMENT,
    IMAGE,
    CONFIG,
    OPEN_REPLY,
    SPAWN_FD,
    TRACE_RECORD,
    POLICY,
    POLICY_ENV,
    POLICY_RULE,
    POLICY_NET,
    POLICY_PINNED,
    POLICY_PROGRAM,
    TREE,
    TREE_ENTRY,
)

SLOTS_OFFSET = CONTROL.size
