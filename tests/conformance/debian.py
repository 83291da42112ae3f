# SPDX-License-Identifier: BSD-2-Clause
"""Running a program of Debian's arm64 packages, as it is: inside, and outside under qemu's user mode.

A case is run in a directory that is filled anew; what it writes there counts as much as what it prints.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import elfhaven
from elfhaven.image.libraries import inside as file_in
from elfhaven.image.reader import Elf
from elfhaven.packages import sysroot
from elfhaven.sdk.root import Root
from tests.conformance.debian_files import fill
from tests.support import outside

SUITE = "trixie"
ALL_FILES = '[files]\nwrite = ["./"]\n'
PORT = "{port}"  # in a command or a manifest: of the case's own server
DEADLINE = 240  # seconds


@dataclass(frozen=True)
class Case:
    """What is run, of which packages, and what else there has to be for it.

    `mask`: what differs from run to run. `fixed`: linked for fixed addresses (ET_EXEC), so for the emulator
    alone. `sealed`: files that are ciphertext outside. `clients`: commands that are run outside, under qemu,
    while it runs; what they print is the case's. `serves`: a server of HTTP is there. `refused`: what the
    user is told, where it cannot run. `note`: for the table.
    """

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    manifest: str = ALL_FILES
    stdin: str = "text"
    mask: str = ""
    fixed: bool = False
    sealed: tuple[str, ...] = ()
    clients: tuple[tuple[str, ...], ...] = ()
    serves: bool = False
    refused: str = ""
    note: str = ""

    def at(self, port: int) -> Case:
        """The same with a port in place of PORT."""
        number = str(port)
        return replace(
            self,
            command=tuple(word.replace(PORT, number) for word in self.command),
            clients=tuple(tuple(word.replace(PORT, number) for word in each) for each in self.clients),
            manifest=self.manifest.replace(PORT, number),
        )

    @property
    def root(self) -> Path:
        """Its packages and what they need, unpacked."""
        return sysroot(self.packages, suite=SUITE)


@dataclass(frozen=True)
class Seen:
    """What a case did: its output with what differs each time masked, and the files that it left."""

    status: int
    stdout: bytes
    stderr: bytes
    files: dict[str, str]
    told: tuple[str, ...] = ()  # what elfhaven said of it
    denied: tuple[str, ...] = ()
    crossings: int = 0

    def same(self, other: Seen) -> bool:
        """Whether both did the same; what is written to stderr counts unless something was denied."""
        mine, others = (self.status, self.stdout, self.files), (other.status, other.stdout, other.files)
        return mine == others and bool(self.denied or other.denied or self.stderr == other.stderr)


def run_outside(case: Case, place: Path) -> Seen:
    """Under qemu's user mode, by the system's own dynamic linker."""
    with _prepared(case, place) as made:
        words = _outside(made.root, made.command)
        with _streams(place, made) as (stdin, out, err):
            process = subprocess.Popen(
                words, cwd=place, stdin=stdin, stdout=out, stderr=err, env={}, start_new_session=True
            )
            try:
                talked = _talk(made, place, lambda: process.poll() is None)
                status = process.wait(DEADLINE)
            finally:
                process.kill()
                process.wait()
            return _seen(made, place, status if status >= 0 else 128 - status, talked, out, err)


def run_inside(case: Case, place: Path, target: str = "emulator", ta: Path | None = None) -> Seen:
    """Inside, with a packed file where one is given. Raises an ElfhavenError where it cannot be run."""
    with _prepared(case, place) as made, _streams(place, made) as (stdin, out, err):
        manifest = place.with_suffix(".toml")
        manifest.write_text(made.manifest)
        work = partial(
            elfhaven.run,
            ta or made.command[0],
            *made.command[1:],
            manifest=None if ta else manifest,
            debian=made.packages,
            target=target,
            memory="permissive" if made.fixed and target == "emulator" else "large",
            state=place.with_suffix(".state"),
            env={},
            cwd=place,
            stdin=stdin,
            stdout=out,
            stderr=err,
        )
        done, talked = _beside(work, made, place)
        seen = _seen(made, place, done.status, talked, out, err)
        crossings = sum(done.crossings.values())
        return replace(seen, told=done.notes, denied=done.denied, crossings=crossings)


def pack(case: Case, place: Path) -> Path:
    """The case's program as a file that every OP-TEE takes which trusts the public default key."""
    manifest, ta = place.with_suffix(".toml"), place.with_suffix(".ta")
    manifest.write_text(case.manifest)
    words = {"debian": case.packages, "manifest": manifest, "sign": "optee-default", "output": ta}
    elfhaven.pack(case.command[0], on_note=lambda line: None, **words)  # type: ignore[arg-type]
    return ta


def run_under_qemu(root: Path, command: tuple[str, ...], cwd: Path, stdin: Path) -> outside.Seen:
    """A command of the system in `root`, outside."""
    return outside.run(_outside(root, command), cwd, stdin)


def _outside(root: Path, command: tuple[str, ...]) -> list[str]:
    path = Root(root).program(command[0])
    file = file_in(root, path)
    assert file is not None
    words = [outside.qemu(), "-L", root, "-0", command[0], file]
    if Elf.parse(file.read_bytes(), path).interpreter:
        loader, libraries = root / "usr/lib/ld-linux-aarch64.so.1", root / "usr/lib/aarch64-linux-gnu"
        words[3:] = [loader, "--library-path", libraries, "--argv0", command[0], file]
    return [str(word) for word in (*words, *command[1:])]


@contextmanager
def _prepared(case: Case, place: Path) -> Iterator[Case]:
    """The case with its directory filled, its port chosen and its server running."""
    shutil.rmtree(place, ignore_errors=True)
    fill(place)
    with ExitStack() as stack:
        if case.serves:
            handler = partial(_Quiet, directory=str(place))
            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            yield case.at(server.server_address[1])
            return
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        yield case.at(port)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _streams(place: Path, case: Case) -> Iterator[tuple[object, object, object]]:
    with (place / case.stdin).open("rb") as stdin, TemporaryFile() as out, TemporaryFile() as err:
        yield stdin, out, err


def _beside(work: Callable[[], elfhaven.Result], case: Case, place: Path) -> tuple[elfhaven.Result, bytes]:
    """Does the work, and talks to it meanwhile if the case has clients."""
    if not case.clients:
        return work(), b""
    found: list[elfhaven.Result | BaseException] = []

    def keep() -> None:
        try:
            found.append(work())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    talked = _talk(case, place, thread.is_alive)
    thread.join(DEADLINE)
    if not found or isinstance(found[0], BaseException):
        raise AssertionError(f"{case.name} did not end") from (found[0] if found else None)  # type: ignore[misc]
    return found[0], talked


def _talk(case: Case, place: Path, alive: Callable[[], bool]) -> bytes:
    """What the clients print, one after another; the first is tried until it succeeds."""
    said = b""
    until = time.monotonic() + DEADLINE
    for at, command in enumerate(case.clients):
        while True:
            words = _outside(case.root, command)
            with (place / case.stdin).open("rb") as stdin:
                done = subprocess.run(
                    words, cwd=place, stdin=stdin, capture_output=True, env={}, timeout=DEADLINE
                )
            if done.returncode == 0 or at or not alive() or time.monotonic() > until:
                break
            time.sleep(0.2)
        said += done.stdout + done.stderr
    return said


def _seen(case: Case, place: Path, status: int, talked: bytes, *streams: object) -> Seen:
    texts = []
    for stream in streams:
        stream.seek(0)  # type: ignore[attr-defined]
        texts.append(stream.read())  # type: ignore[attr-defined]
    if case.clients:
        texts = [talked, b""]
    if case.mask:
        texts = [re.sub(case.mask.encode(), b"#", text) for text in texts]
    files = {name: what for name, what in _files(place) if name not in case.sealed}
    return Seen(status, *texts, files)


def _files(place: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(place.rglob("*")):
        name, mode = str(path.relative_to(place)), oct(path.lstat().st_mode)
        if path.is_symlink():
            yield name, f"{mode} {os.readlink(path)}"
        else:
            yield name, f"{mode} {hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ''}"
