# SPDX-License-Identifier: BSD-2-Clause
"""A board's TEE as a place to run programs, with the same face as the emulator's."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Self
from uuid import UUID

from elfhaven.errors import ElfhavenError, TargetError
from elfhaven.normal.bridge_link import Link, User
from elfhaven.normal.bridge_transport import BridgeTransport
from elfhaven.normal.client import Context
from elfhaven.target.qemu.boot import bridge_program
from elfhaven.target.ssh.facts import Facts, usual_directories
from elfhaven.target.ssh.place import Place
from elfhaven.target.ssh.script import board_script
from elfhaven.target.ssh.stream import SshStream

_PATIENCE: Final = 30.0  # seconds for the bridge's WELCOME
_LINE: Final = 65536
_BOARDS_OWN: Final = User(0, 0, ())  # sessions belong to whoever logs in there


class Ssh:
    """A connection to a board's OP-TEE by ssh. Close it.

    `images` are put where the board's supplicant finds them, and stay there. Which keys it trusts only its
    OP-TEE knows: it answers TEE_ERROR_SECURITY (0xffff000f) to an image that none of them signed. Raises
    UsageError for a place that is none; TargetError where ssh does not come through or the board lacks
    something.
    """

    def __init__(
        self,
        place: Place,
        report: Callable[[str], None],
        images: Mapping[UUID, bytes] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._place, self._report = place, report
        self._environment = os.environ if environment is None else environment
        wanted = images or {}
        bridge = bridge_program()
        mark = f"elfhaven-{secrets.token_hex(8)}"
        script = board_script(mark, bridge, usual_directories(), wanted)
        self._stream = SshStream(place, place.command(script, self._environment))
        try:
            self._talk = _Talk(self._stream, mark, place.name)
            missing = self._look(wanted)
            self._begin(bridge)
            for uuid in missing:
                self.install(uuid, wanted[uuid])
        except BaseException:
            self._stream.forget()
            raise
        self._context = Context(self._transport)

    @property
    def context(self) -> Context:
        return self._context

    @property
    def console(self) -> list[str]:
        """Nothing: a board's secure console is a wire of its own."""
        return []

    def install(self, uuid: UUID, data: bytes) -> None:
        """Puts a TA file where the board's supplicant finds it; OP-TEE judges whether it is good."""
        self._transport.install(uuid, data)
        self._report(f"{uuid}.ta lies in {self._directory} of {self._place.name} now, and stays there")

    def interrupt(self) -> None:
        """Ends the programs that run, else the connection, from any thread: then Linux closes the sessions.

        A program that computes without a call, and was not packed as stoppable, goes on in the board's TEE,
        which offers no way to stop it.
        """
        if not self._context.stops.ask_all():
            self._transport.abort()

    def close(self) -> None:
        self._context.close()
        self._transport.close()
        self._stream.forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look(self, wanted: Mapping[UUID, bytes]) -> list[UUID]:
        """What the board is, and which of the wanted images it has not."""
        self._facts = Facts.of(self._place.name, self._talk.until("end"))
        unseen = self._facts.check()
        if unseen:
            self._report(unseen)
        self._directory = self._facts.directory(self._environment)
        self._talk.say(f"look {self._directory}")
        found = Facts.of(self._place.name, [*self._talk.until("end"), f"user {self._facts.one('user')}"])
        there = found.images()
        missing = [
            uuid for uuid, data in wanted.items() if there.get(uuid) != hashlib.sha256(data).hexdigest()
        ]
        for uuid in missing:
            found.check_writable(self._directory, uuid)
        return missing

    def _begin(self, bridge: bytes) -> None:
        state, _, cache = self._facts.one("bridge").partition(" ")
        if state == "wanted":
            self._report(f"copying the bridge to {self._place.name}:{cache}, {len(bridge) / 1000:.0f} kB")
            self._talk.say("put")
            self._stream.send(bridge)
            self._talk.expect("ready", "the bridge cannot be put there")
        self._talk.say("go")
        link = Link(self._stream)
        try:
            greeted = link.greet(_BOARDS_OWN, _PATIENCE)
        except (OSError, EOFError):
            greeted = False
        if not greeted:
            raise self._stream.reason(f"the bridge on {self._place.name} does not answer")
        self._transport = BridgeTransport(link, self._lost)

    def _lost(self) -> ElfhavenError:
        return self._stream.reason(f"the connection to {self._place.name} ended")


class _Talk:
    """Lines from and to the board's script, before the bridge speaks."""

    def __init__(self, stream: SshStream, mark: str, name: str) -> None:
        self._stream, self._mark, self._name = stream, f"{mark} ", name
        self._rest = b""

    def say(self, line: str) -> None:
        if "\n" in line:
            raise TargetError(f"{line!r} has a line break in it", "name a directory without one")
        self._stream.send(line.encode() + b"\n")

    def until(self, last: str) -> list[str]:
        """The lines before the one that says `last`."""
        found: list[str] = []
        for line in self._lines():
            if line == last:
                return found
            found.append(line)
        raise self._stream.reason(f"{self._name} ended the connection")

    def expect(self, wanted: str, doing: str) -> None:
        for line in self._lines():
            if line == wanted:
                return
            word, _, why = line.partition(" ")
            if word == "failed":
                raise TargetError(
                    f"{doing}: {why or 'no reason was told'}",
                    f"make room in the cache directory of {self._name}, or set XDG_CACHE_HOME there to a "
                    "place where programs may run",
                )
        raise self._stream.reason(f"{self._name} ended the connection")

    def _lines(self) -> Iterator[str]:
        """Marked lines; others are a login shell's."""
        while True:
            while b"\n" not in self._rest:
                data = self._stream.receive(_LINE)
                if not data:
                    return
                self._rest += data
            line, _, self._rest = self._rest.partition(b"\n")
            text = line.decode(errors="replace").rstrip("\r")
            if self._mark in text:
                yield text.partition(self._mark)[2]
