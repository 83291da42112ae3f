# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven doctor`: what on this machine would stop elfhaven, and the fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click


class Finding(NamedTuple):
    """One thing looked at. `fix` is set where it would stop something; `needed` if it would stop `run`."""

    what: str
    state: str
    fix: str | None = None
    needed: bool = True


@click.command()
@click.option("--state", type=click.Path(), help="The device to look at.  [default: the user's]")
def doctor(state: str | None) -> int:
    """What on this machine would stop elfhaven, and the fix."""
    stopped = 0
    for check in (_machine, _libraries, _runtime, _memory, lambda: _device(state), _cache, _tools):
        for finding in check():
            mark = "ok  " if finding.fix is None else "STOP" if finding.needed else "lack"
            click.echo(f"{mark} {finding.what}: {finding.state}")
            if finding.fix:
                click.echo(f"       fix: {finding.fix}")
            stopped += mark == "STOP"
    return 1 if stopped else 0


def _machine() -> Iterator[Finding]:
    import platform
    import sys

    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    yield Finding("Python", version, None if good else "use Python 3.11 or newer")
    system = f"{platform.system()} {platform.machine()}"
    yield Finding(
        "system",
        system,
        None if platform.system() == "Linux" else "run on Linux: files are served as Linux does",
    )


def _libraries() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec

    for module, package in (
        ("unicorn", "unicorn"),
        ("cryptography", "cryptography"),
        ("msgspec", "msgspec"),
        ("greenlet", "greenlet"),
    ):
        try:
            present = find_spec(module) is not None
            yield Finding(package, version(package) if present else "missing", None if present else _INSTALL)
        except PackageNotFoundError:
            yield Finding(package, "missing", _INSTALL)


_MAP_NORESERVE = 0x4000
_INSTALL = "install elfhaven again: pip install elfhaven, or `make setup` in a clone"


def _runtime() -> Iterator[Finding]:
    from importlib.resources import files

    runtime = Path(str(files("elfhaven") / "runtime.elf"))
    if runtime.is_file():
        yield Finding("runtime", f"{runtime.stat().st_size} bytes")
    else:
        yield Finding("runtime", "not built", "run `make runtime` in the clone")


def _memory() -> Iterator[Finding]:
    import mmap

    size = 2 << 30
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE).close()
        yield Finding("address space", f"{size >> 20} MiB can be reserved")
    except OSError as error:
        yield Finding("address space", f"{size >> 20} MiB cannot be reserved: {error}", "raise `ulimit -v`")


def _device(state: str | None) -> Iterator[Finding]:
    from elfhaven.errors import StateError
    from elfhaven.target.state import StateDirectory, default_directory

    path = Path(state) if state else default_directory()
    try:
        device = StateDirectory(path, lock_wait=1)
        device.huk()
    except StateError as error:
        yield Finding("device", error.cause, error.fix)
        return
    keys = device.trusted_keys()
    trust = "both development keys" if keys is None else f"{len(keys)} keys of its trusted/ directory"
    yield Finding("device", f"{path}; it trusts {trust}")


def _cache() -> Iterator[Finding]:
    import os
    import tempfile

    from elfhaven.packing import cache_directory

    path = cache_directory()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            free = os.statvfs(path)
    except OSError as error:
        yield Finding(
            "cache", f"{path}: {error.strerror}", "set XDG_CACHE_HOME to a directory that can be written"
        )
        return
    room = free.f_bavail * free.f_frsize
    yield Finding("cache", f"{path}, {room >> 20} MiB free", None if room > 256 << 20 else "free some space")


def _tools() -> Iterator[Finding]:
    import shutil
    from importlib.util import find_spec

    missing = [tool for tool in ("apt-get", "dpkg-deb") if shutil.which(tool) is None]
    yield Finding(
        "packages",
        f"{', '.join(missing)} missing" if missing else "apt and dpkg-deb are here",
        "wanted for --sign optee-default and comparisons with qemu: use Debian or a derivative"
        if missing
        else None,
        needed=False,
    )
    compiler = find_spec("ziglang") is not None
    yield Finding(
        "compiler",
        "ziglang" if compiler else "missing",
        None if compiler else "wanted for the demo: pip install 'elfhaven[dev]'",
        needed=False,
    )
