# SPDX-License-Identifier: BSD-2-Clause
"""An ssh process as a stream of bytes, and what its last words mean."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Final

from elfhaven.errors import TargetError
from elfhaven.target.ssh.place import Place

_LAST: Final = 4096  # bytes of what ssh printed
_PATIENCE: Final = 2.0  # seconds for ssh to end by itself
_FAILED: Final = 255  # ssh's own failure; other statuses are the board's
# In ssh's words: what went wrong, and the fix. The first one that is found counts.
_REASONS: Final = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "{name} shows another host key than before: another machine answers there, or it was set up anew",
        "find out which; if it is the right one: `ssh-keygen -R {host}`, then `ssh {name}` once",
    ),
    (
        "Host key verification failed",
        "the host key of {name} is not known",
        "`ssh {name}` once, and compare the fingerprint that it shows with the board's own",
    ),
    (
        "Permission denied",
        "{name} lets nobody in with the keys that ssh has",
        "`ssh-copy-id {name}`, or name the key with IdentityFile in ~/.ssh/config",
    ),
    (
        "Could not resolve hostname",
        "no board is called {host}",
        "give its address, or a Host of ~/.ssh/config",
    ),
    ("Connection refused", "{name} answers, but no ssh server does", "start sshd there, or name its port"),
    ("timed out", "{name} does not answer", "is it on, and in this network?"),
    ("No route to host", "no way leads to {name}", "is it on, and in this network?"),
)


class SshStream:
    """A ByteStream over a process's standard input and output. Raises TargetError where there is no ssh."""

    def __init__(self, place: Place, command: Sequence[str]) -> None:
        self._place = place
        self._complaints = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                bufsize=0,
                start_new_session=False,  # it may ask for a password on the terminal
            )
        except FileNotFoundError:
            self._complaints.close()
            raise TargetError(
                "ssh is not on this machine", "install OpenSSH's client (openssh-client)"
            ) from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._in, view) :]

    def receive(self, size: int, timeout: float | None = None) -> bytes:
        if not select.select([self._out], [], [], timeout)[0]:
            raise TimeoutError
        return os.read(self._out, size)

    def close(self) -> None:
        """Ends ssh; what it runs on the board sees the end of its input. A reader sees the end, too."""
        if self._process.poll() is None:
            self._process.terminate()

    def forget(self) -> None:
        """After close(), when nobody reads any more."""
        self.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._complaints):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def reason(self, what: str) -> TargetError:
        """Why the stream ended, `what` says when. From ssh's own last words where it failed itself."""
        try:
            status = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            status = 0
        text = self._last_words()
        if status == _FAILED:
            for words, cause, fix in _REASONS:
                if words in text:
                    names = {"name": self._place.name, "host": self._place.host}
                    return TargetError(cause.format(**names), fix.format(**names))
        lines = [line.strip() for line in text.splitlines() if line.strip()][-3:]
        shown = f": {'; '.join(lines)}" if lines else f" (status {status})"
        return TargetError(f"{what}{shown}", f"see what `ssh {self._place.name} true` says")

    def _last_words(self) -> str:
        size = self._complaints.seek(0, os.SEEK_END)
        self._complaints.seek(max(0, size - _LAST))
        return self._complaints.read().decode(errors="replace")
