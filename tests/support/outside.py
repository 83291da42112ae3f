# SPDX-License-Identifier: BSD-2-Clause
"""Running a program outside, as the yardstick: natively on this Linux, or under qemu's user mode."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from elfhaven.packages import fetch


@dataclass(frozen=True)
class Seen:
    """What a program did. `status` as a shell gives it: 128 + n where signal n ended it."""

    stdout: bytes
    stderr: bytes
    status: int


def qemu() -> Path:
    """qemu-aarch64 from the host distribution's own package, cached."""
    return fetch(["qemu-user-static"]) / "usr" / "bin" / "qemu-aarch64-static"


def native_target() -> str | None:
    """The zig target of programs that this machine runs itself; None if it is no Linux that we know."""
    machine = {"x86_64": "x86_64", "aarch64": "aarch64"}.get(platform.machine())
    return f"{machine}-linux-musl" if machine and platform.system() == "Linux" else None


def run(command: Sequence[str | Path], cwd: Path, stdin: Path) -> Seen:
    """Runs with an empty environment, as the leader of a session; its output goes to files.

    A session of its own, since the one it would inherit may be led from outside a container's pid
    namespace: Linux then says that its number is 0.
    """
    words = [str(word) for word in command]
    with stdin.open("rb") as source, TemporaryFile() as out, TemporaryFile() as err:
        done = subprocess.run(
            words,
            cwd=cwd,
            stdin=source,
            stdout=out,
            stderr=err,
            env={},
            timeout=60,
            check=False,
            start_new_session=True,
        )
        out.seek(0)
        err.seek(0)
        status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return Seen(out.read(), err.read(), status)
