# SPDX-License-Identifier: BSD-2-Clause
"""`ssh:USER@BOARD:PORT`: a place by name, and the words that ssh is called with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from elfhaven.errors import UsageError

PREFIX: Final = "ssh:"
OPTIONS: Final = "ELFHAVEN_SSH_OPTIONS"  # more words for ssh, quoted as for a shell
_NAME: Final = re.compile(
    r"(?P<user>[^@:\s]+@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^@:\[\]\s]+)(?::(?P<port>\d+))?"
)
_FIX: Final = "name it ssh:USER@BOARD or ssh:USER@BOARD:PORT; BOARD may be a Host of ~/.ssh/config"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a board is. `user` and `port` are left to ssh's configuration where they are None."""

    host: str
    user: str | None = None
    port: int | None = None

    @classmethod
    def parse(cls, name: str) -> Place:
        """From `ssh:[USER@]BOARD[:PORT]`; an address of IPv6 stands in brackets. Raises UsageError."""
        found = _NAME.fullmatch(name.removeprefix(PREFIX))
        if found is None or found[0].startswith("-") or found["host"].startswith("-"):
            raise UsageError(f"{name!r} names no board", _FIX)
        port = int(found["port"]) if found["port"] else None
        if port is not None and not 0 < port < 65536:
            raise UsageError(f"{name!r} has a port that is none", _FIX)
        return cls(found["host"].strip("[]"), (found["user"] or "").rstrip("@") or None, port)

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.user}@{self.host}" if self.user else self.host

    def command(self, remote: str, environment: Mapping[str, str]) -> list[str]:
        """ssh's words to run `remote`, a line for a shell. What ~/.ssh/config says holds.

        Raises UsageError where the environment's options are no shell words.
        """
        try:
            options = shlex.split(environment.get(OPTIONS, ""))
        except ValueError as error:
            raise UsageError(f"{OPTIONS}: {error}", "quote it as for a shell") from None
        login = ["-l", self.user] if self.user else []
        port = ["-p", str(self.port)] if self.port else []
        return ["ssh", "-T", "-x", *options, *login, *port, "--", self.host, remote]
