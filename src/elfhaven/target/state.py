# SPDX-License-Identifier: BSD-2-Clause
"""The device of the emulator: a directory that outlives its runs.

    huk          hardware unique key, 16 random bytes made at first use, mode 0600
    tee/         trusted storage, in OP-TEE's own files, as in /var/lib/optee-client/data/tee
    rpmb         an eMMC's RPMB partition: a device has one if there is this file, which may be empty at first
    signers/     <uuid>: fingerprint of the key under which a TA was first installed
    ta/          <uuid>.ta: the store
    trusted/     *.pem: whose TAs load; without this directory the two development keys
    lock         held for a transaction, never for a run: two programs in a pipe share one device

Lock order: `lock` is a leaf; nothing but files of this directory is touched while it is held.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from elfhaven.errors import StateError

HUK_SIZE = 16
LOCK_WAIT = 10.0
_POLL = 0.02


class StateDirectory:
    """The device in `path`; made, readable by its owner alone, if there is none."""

    def __init__(self, path: str | os.PathLike[str], *, lock_wait: float = LOCK_WAIT) -> None:
        self.path = Path(path)
        self._lock_wait = lock_wait
        with _explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in ("signers", "ta", "tee"):
                (self.path / name).mkdir(exist_ok=True, mode=0o700)

    def huk(self) -> bytes:
        """The hardware unique key. Raises StateError where the file is no key: storage rests on it."""
        path = self.path / "huk"
        with self.transaction(), _explained(path):
            if not path.exists():
                replace_file(path, secrets.token_bytes(HUK_SIZE))
            key = path.read_bytes()
        if len(key) != HUK_SIZE:
            raise StateError(
                f"{path} holds {len(key)} bytes and not a key of {HUK_SIZE}",
                "restore it from a backup, or remove the state directory to begin with a new device",
            )
        return key

    def storage(self) -> Path:
        """The directory of trusted storage. Raises StateError where the device stores in a way of before."""
        old = self.path / "storage"
        if any(old.glob("o*")):
            raise StateError(
                f"{old} holds objects in a form that was given up for OP-TEE's own files",
                f"remove {old} to go on without what the programs on this device have stored "
                "(audit logs of before can then not be continued), or name another device with --state DIR",
            )
        return self.path / "tee"

    def rpmb(self) -> Path | None:
        """The file of the RPMB partition, if the device has one."""
        path = self.path / "rpmb"
        return path if path.exists() else None

    def trusted_keys(self) -> tuple[Path, ...] | None:
        """The files of public keys in trusted/; None without that directory: the defaults hold."""
        directory = self.path / "trusted"
        with _explained(directory):
            return tuple(sorted(directory.glob("*.pem"))) if directory.is_dir() else None

    def install(self, uuid: UUID, image: bytes) -> None:
        """Puts a TA into the store, for what names it by UUID alone."""
        path = self.path / "ta" / f"{uuid}.ta"
        with _explained(path):
            if path.is_file() and path.stat().st_size == len(image) and path.read_bytes() == image:
                return
            with self.transaction():
                replace_file(path, image)

    def claim(self, uuid: UUID, name: str, signer: str) -> None:
        """Binds a TA to its first signer. StateError, which tells of it as `name`, when bound to another."""
        path = self.path / "signers" / str(uuid)
        with self.transaction(), _explained(path):
            if not path.exists():
                replace_file(path, signer.encode())
            installed = path.read_text(errors="replace")
        if installed != signer:
            raise StateError(
                f"{name} is installed on this device under another key "
                f"({installed[:16]}..., this one is {signer[:16]}...)",
                f"sign with that key, give the program another name, or remove {path} to give the name up",
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Holds the device's lock. A second process waits, then raises StateError that names the holder."""
        path = self.path / "lock"
        with _explained(path), open(path, "a+b", buffering=0) as lock:
            self._wait_for(lock.fileno(), path)
            holder = f"{os.getpid()} {os.path.basename(sys.argv[0])}".encode()
            if os.pread(lock.fileno(), len(holder) + 1, 0) != holder:  # writing takes longer than all else
                lock.truncate(0)
                lock.write(holder)
            yield

    def _wait_for(self, lock: int, path: Path) -> None:
        deadline = time.monotonic() + self._lock_wait
        while not _try_lock(lock):
            if time.monotonic() > deadline:
                raise StateError(
                    f"the device {self.path} is in use by {_holder(path)}",
                    "wait for it to end, or name another device with --state DIR",
                )
            time.sleep(_POLL)


def default_directory() -> Path:
    """Where the device lies unless --state names another."""
    root = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(root) / "elfhaven"


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Puts `data` in place of the file, durably: written aside, synced, renamed. Raises OSError."""
    aside = path.with_name(f".{path.name[:64]}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EINTR):
            raise
        return False
    return True


def _holder(path: Path) -> str:
    pid, _, program = path.read_text(errors="replace").partition(" ")
    return f"process {pid} ({program})" if pid.isdigit() else "another process"


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            f"the device's state {error.filename or path} cannot be used: {error.strerror or error}",
            "check its owner and free space, or name another directory with --state DIR",
        ) from None
