# SPDX-License-Identifier: BSD-2-Clause
"""The keys of `elfhaven.toml`. All are optional; the defaults deny.

    name = "llama"              # gives the UUID; without it the UUID comes from the content
    debug = false               # true: --trace works, and what it shows leaves the TEE
    stoppable = false           # true: Ctrl-C ends its loops on hardware too, by checks in them
    service = false             # the image serves commands instead of running once
    [memory]
    stack = "512 KiB"           # of the program's first thread; all of it is real memory
    heap = "12 MiB"             # most that brk and mmap may take; 0 or absent: what the target has
    [args]
    mode = "any"                # "any": the command line's; "fixed": exactly `fixed`, argv[0] included
    fixed = ["llama", "-n", "5"]
    [env]
    allow = ["LANG"]            # passed on from the caller where set
    set = { TZ = "UTC" }        # always set, to this
    [files]
    read = ["model.bin"]        # relative to the program's first working directory
    write = ["out/"]            # a directory, or a path that ends in "/": everything under it; implies read
    pinned = ["weights.bin"]    # readable, and every block is checked against the hashes of pack time
    sealed = ["secrets/"]       # readable and writable, and outside there is only ciphertext of each file
    libraries = ["/usr/lib/x/*.so"] # of the system that the program comes from: opened while it runs (dlopen)
    [net]
    connect = ["127.0.0.1:5432"]    # peers: ADDRESS:PORT, or "unix:PATH"; see how-to/network.md
    listen = ["127.0.0.1:8080"]     # own addresses: the same
    [haven]
    name = "payroll"            # sealed files are those of this group: under its key, which its owner gives
    pipes = "inside"            # "open": pipes to its children may be seen outside (before any [table])
    [programs]
    "/usr/bin/sort" = "sort.ta" # what it may start as a child, by path: packed programs, from here
    [audit]
    required = false            # true: the program starts only with an audit log

Each class checks its own values; a ValueError raised here reaches the user with the line of the key.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from elfhaven.manifest.net import check

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SIZE = re.compile(r"([0-9]+)\s*([A-Za-z]*)")
_UNITS = {
    "": 1,
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}
MOST_PROGRAMS = 64
STACK_MIN, STACK_MAX = 16 << 10, 64 << 20


class Size(int):
    """A number of bytes; written as an integer or as text with a unit, "8 MiB"."""

    @classmethod
    def parse(cls, value: object) -> Size:
        """Raises ValueError, with what would be right, for anything else."""
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError('Expected a size in bytes or text with a unit, like "8 MiB"')
        if isinstance(value, int):
            return cls(_not_negative(value))
        match = _SIZE.fullmatch(value.strip())
        if match is None or match[2] not in _UNITS:
            raise ValueError(
                f"{value!r} is no size: write a number and one of {', '.join(filter(None, _UNITS))}"
            )
        return cls(int(match[1]) * _UNITS[match[2]])


def _not_negative(value: int) -> int:
    if not 0 <= value < 1 << 63:
        raise ValueError(f"{value} is no size: it must lie between 0 and 2^63")
    return value


def _without_nul(what: str, *texts: str) -> None:
    if any("\0" in text for text in texts):
        raise ValueError(f"`{what}` holds a NUL byte")


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    stack: Size = Size(512 << 10)
    heap: Size = Size(0)

    def __post_init__(self) -> None:
        if not STACK_MIN <= self.stack <= STACK_MAX:
            raise ValueError("`stack` must lie between 16 KiB and 64 MiB")


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    mode: Literal["any", "fixed"] | None = None
    fixed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode == "fixed" and not self.fixed:
            raise ValueError(
                '`mode = "fixed"` needs `fixed = ["NAME", "ARGUMENT"...]`, the program\'s name first'
            )
        if self.mode == "any" and self.fixed:
            raise ValueError('`fixed` has no effect with `mode = "any"`: drop one of the two')
        _without_nul("fixed", *self.fixed)


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    allow: tuple[str, ...] = ()
    set: dict[str, str] = {}

    def __post_init__(self) -> None:
        for key, name in (*(("allow", name) for name in self.allow), *(("set", name) for name in self.set)):
            if not name or "=" in name:
                raise ValueError(f"`{key}` holds {name!r}, which is no name of an environment variable")
        for name in self.set:
            if name in self.allow:
                raise ValueError(f"`allow` and `set` both hold {name}: keep one")
        _without_nul("allow", *self.allow)
        _without_nul("set", *self.set, *self.set.values())


class Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in ("read", "write", "pinned", "sealed", "libraries"):
            _without_nul(key, *getattr(self, key))
            for path in getattr(self, key):
                if not path:
                    raise ValueError(f'`{key}` holds an empty path: write "." for the working directory')
                if len(path.encode()) >= 4096:
                    raise ValueError(f"`{key}` holds a path longer than 4095 bytes: {path[:40]!r}...")
        for path in self.pinned:
            if path.endswith("/"):
                raise ValueError(f"`pinned` names files, and {path!r} names a directory")
            if path in self.write:
                raise ValueError(
                    f"`pinned` holds {path!r}, which is writable too: a pinned file never changes"
                )
            if path in self.sealed:
                raise ValueError(f"`pinned` and `sealed` both hold {path!r}: keep one")


class Net(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    connect: tuple[str, ...] = ()
    listen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in ("connect", "listen"):
            _without_nul(key, *getattr(self, key))
            for text in getattr(self, key):
                try:
                    check(text)
                except ValueError as error:
                    raise ValueError(f"`{key}` holds {text!r}: {error}") from None


class Haven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str | None = None

    def __post_init__(self) -> None:
        if self.name is not None and not (_NAME.fullmatch(self.name) and len(self.name) <= 48):
            raise ValueError(
                "`name` must be 1 to 48 letters, digits, '.', '_' or '-', a letter or digit first"
            )


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    required: bool = False


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole manifest. Build one in code, or read it with load()."""

    name: str | None = None
    debug: bool = False
    stoppable: bool = False
    service: bool = False
    memory: Memory = Memory()
    args: Args = Args()
    env: Environment = Environment()
    files: Files = Files()
    net: Net = Net()
    haven: Haven = Haven()
    audit: Audit = Audit()
    pipes: Literal["inside", "open"] = "inside"
    programs: dict[str, str] = {}

    def __post_init__(self) -> None:
        if self.name is not None and not _NAME.fullmatch(self.name):
            raise ValueError(
                "`name` must be 1 to 64 letters, digits, '.', '_' or '-', a letter or digit first"
            )
        for path, file in self.programs.items():
            _without_nul("programs", path, file)
            if not path or not file or len(path.encode()) >= 4096:
                raise ValueError('`programs` wants a path and a packed file: "/usr/bin/sort" = "sort.ta"')
        if len(self.programs) > MOST_PROGRAMS:
            raise ValueError(f"`programs` names more than {MOST_PROGRAMS}")
        if self.stoppable and self.service:
            raise ValueError(
                "`stoppable` and `service` exclude each other: while a service serves a command there is "
                "no host that could ask it to end"
            )
