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
    for check in (
        _machine,
        _libraries,
        _runtime,
        _memory,
        lambda: _device(state),
        _cache,
        _tools,
        _qemu,
        _tee,
    ):
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
    from elfhaven.packing import cache_directory

    yield _room("cache", cache_directory(), _FREE, needed=True)


_FREE = 256 << 20  # bytes: for packed programs
_FREE_QEMU = 2 << 30  # for packages, sources and builds of both layouts; about half of it stays


def _room(what: str, path: Path, wanted: int, needed: bool) -> Finding:
    """Whether a directory can be written and has `wanted` bytes free."""
    import os
    import tempfile

    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            free = os.statvfs(path)
    except OSError as error:
        fix = "set XDG_CACHE_HOME to a directory that can be written"
        return Finding(what, f"{path}: {error.strerror}", fix, needed)
    room = free.f_bavail * free.f_frsize
    fix = f"free {wanted >> 20} MiB there, or set XDG_CACHE_HOME to a place that has them"
    return Finding(what, f"{path}, {room >> 20} MiB free", None if room > wanted else fix, needed)


def _tools() -> Iterator[Finding]:
    """What single targets and options want; without it the emulator runs all the same."""
    from importlib.util import find_spec

    yield _programs(
        "packages",
        ("apt-get", "apt-cache", "apt-config", "dpkg-deb"),
        "wanted for --target qemu, --sign optee-default and xtest: use Debian or a derivative",
    )
    compiler = find_spec("ziglang") is not None
    yield Finding(
        "compiler",
        "ziglang" if compiler else "missing",
        None if compiler else "wanted for the demo and to build the bridge: pip install 'elfhaven[dev]'",
        needed=False,
    )
    yield _programs("ssh", ("ssh",), "wanted for --target ssh:USER@BOARD: install OpenSSH's client")


def _programs(what: str, names: tuple[str, ...], fix: str) -> Finding:
    import shutil

    missing = [name for name in names if shutil.which(name) is None]
    state = f"{', '.join(missing)} missing" if missing else f"{', '.join(names)}: here"
    return Finding(what, state, fix if missing else None, needed=False)


def _qemu() -> Iterator[Finding]:
    """What `--target qemu` has, and what its first use will fetch and make."""
    from importlib.resources import files

    from elfhaven.errors import PackageError
    from elfhaven.packages import host_archive
    from elfhaven.target.qemu.cache import cache_directory
    from elfhaven.target.qemu.machine import machines

    bridge = Path(str(files("elfhaven") / "bridge.elf"))
    built = bridge.is_file()
    yield Finding(
        "bridge",
        f"{bridge.stat().st_size} bytes" if built else "not built",
        None if built else "wanted for --target qemu and ssh: run `make bridge` in the clone",
        needed=False,
    )
    try:
        yield Finding("archive", f"{host_archive().uri}")
    except PackageError as error:
        yield Finding("archive", error.cause, error.fix, needed=False)
    cache = cache_directory()
    made = any(cache.glob("flash-*")) and any(cache.glob("initrd-*"))
    if made:
        on = ", ".join(machine.name for machine in machines()) or "none"
        yield Finding("qemu", f"what a machine boots from is made; machines that are on: {on}")
    else:
        yield _room("qemu", cache, _FREE_QEMU, needed=False)
        yield Finding("qemu", "its first use fetches about 95 MB of packages, and builds for a minute")


def _tee() -> Iterator[Finding]:
    """This machine's own TEE, for `--target device`; few machines have one."""
    import os

    node = Path("/dev/tee0")
    if node.exists():
        usable = os.access(node, os.R_OK | os.W_OK)
        fix = f"`sudo usermod -aG {node.group()} $USER`, and log in anew"
        yield Finding(
            "/dev/tee0", "usable" if usable else "not for you", None if usable else fix, needed=False
        )
