# SPDX-License-Identifier: BSD-2-Clause
"""From a path that a program names to a place that the policy allows.

A place is an open directory and a name in it. The directory is opened without side effects (O_PATH), its
real path is asked from the kernel, and a last component that is a symbolic link is followed by hand, so that
the call which follows works on exactly what was checked: a link or '..' cannot leave what is allowed, and
nothing that happens to the tree in between can change it. Errors are Linux's own where the place is allowed
and EACCES elsewhere, so that a program learns nothing about what it may not see.
"""

from __future__ import annotations

import os
import stat
from types import TracebackType
from typing import Final, Self

from elfhaven.abi import linux
from elfhaven.normal.policy import Policy

_OPEN_DIRECTORY: Final = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


class Place:
    """`name` in the directory open as `directory`; `path` is the real path of both. Closed by `with`."""

    __slots__ = ("directory", "last", "name", "path", "slash")

    def __init__(self, directory: int, name: str, path: str, slash: bool, last: str) -> None:
        self.directory = directory
        self.name = name
        self.path = path
        self.slash = slash  # the program wrote a slash behind it
        self.last = last  # the last component as written; `name` is "." for "." and ".."

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.directory)

    def is_directory(self) -> bool:
        """Whether a directory is there; ENOENT where there is nothing."""
        return stat.S_ISDIR(os.stat(self.name, dir_fd=self.directory, follow_symlinks=False).st_mode)

    def must_be_what_was_written(self) -> Self:
        """ENOTDIR where a slash stands behind something that is there and is no directory."""
        try:
            if self.slash and not self.is_directory():
                raise OSError(linux.ERRNO["ENOTDIR"], "not a directory")
        except FileNotFoundError:
            pass
        return self


class Resolver:
    """Finds places under a policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._allows = policy.allows

    def find(self, raw: bytes, rule: str, *, follow: bool, slash_follows: bool = True) -> Place:
        """The place that the absolute path `raw` names, allowed by `rule`.

        With `follow` a last component that is a link is followed; so is one with a slash behind it, unless
        `slash_follows` is off (unlink and rename). Nothing needs to exist there. Raises OSError.
        """
        path = _checked(raw)
        slash = path.endswith("/")
        for _ in range(linux.MAX_SYMLINKS + 1):
            place = self._place(path, rule, slash)
            target = _link(place) if follow or (slash and slash_follows) else None
            if target is None:
                return self._allowed(place, rule)
            os.close(place.directory)
            path = os.path.join(os.path.dirname(place.path), target)
            slash = slash or target.endswith("/")
        raise OSError(linux.ERRNO["ELOOP"], "too many symbolic links")

    def _place(self, path: str, rule: str, slash: bool) -> Place:
        head, name = os.path.split(path.rstrip("/"))
        last = name
        if name in ("", ".", ".."):
            head, name = path, "."
        try:
            directory = os.open(head or "/", _OPEN_DIRECTORY)
        except OSError as error:
            raise self._said(error, path, rule) from None
        try:
            real = os.readlink(f"/proc/self/fd/{directory}")
        except OSError:
            os.close(directory)
            raise
        return Place(directory, name, real if name == "." else os.path.join(real, name), slash, last)

    def _allowed(self, place: Place, rule: str) -> Place:
        """The place itself, or EACCES and the directory closed."""
        if self._allows(rule, place.path):
            return place
        os.close(place.directory)
        raise OSError(linux.EACCES, "the policy does not allow it")

    def _said(self, error: OSError, path: str, rule: str) -> OSError:
        """What the program is told of a directory that cannot be opened."""
        if self._allows(rule, _would_be(path)):
            return error
        return OSError(linux.EACCES, "the policy does not allow it")


def _checked(raw: bytes) -> str:
    if len(raw) >= linux.PATH_MAX:
        raise OSError(linux.ERRNO["ENAMETOOLONG"], "path too long")
    if not raw:
        raise OSError(linux.ENOENT, "empty path")
    if not raw.startswith(b"/") or b"\0" in raw:
        raise OSError(linux.EINVAL, "not an absolute path")
    return os.fsdecode(raw)


def _link(place: Place) -> str | None:
    """Where a link leads; None for what is no link or not there."""
    if place.name == ".":
        return None
    try:
        return os.readlink(place.name, dir_fd=place.directory) or None
    except OSError:
        return None


def _would_be(path: str) -> str:
    """The real path of the deepest part that exists, with the missing rest of `path` behind it.

    The rest ends before a '..', which Linux would not have come to.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for count in range(len(parts) - 1, -1, -1):
        prefix = "/" + "/".join(parts[:count])
        try:
            os.stat(prefix)
        except OSError:
            continue
        rest = parts[count:]
        if ".." in rest:
            rest = rest[: rest.index("..")]
        return os.path.join(os.path.realpath(prefix), *rest)
    return "/"
