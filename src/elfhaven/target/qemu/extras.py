# SPDX-License-Identifier: BSD-2-Clause
"""More packages in a guest: their whole trees, as a second cpio archive behind the first.

Linux unpacks archives one after the other. What the first one holds is left out of the second, so that no
library is mixed of two versions. Maintainers' scripts are not run: there is nothing to configure but files.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from elfhaven.abi.linux import MERGED_USR
from elfhaven.target.qemu.cpio import Cpio

_UNREAD: Final = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian")
_LIBRARIES: Final = "usr/lib/aarch64-linux-gnu"


def extra_archive(first: Cpio, trees: Iterable[Path], guest: Path) -> bytes:
    """The archive of `trees`, and of the libraries in `guest` that its first archive `first` leaves out."""
    archive = Cpio(first)
    for tree in trees:
        _add(archive, tree, tree)
    _add(archive, guest, guest / _LIBRARIES)
    return archive.done()


def _add(archive: Cpio, root: Path, directory: Path) -> None:
    for path in sorted(directory.rglob("*")):
        name = _place(str(path.relative_to(root)))
        if name.startswith(_UNREAD) or name in archive:
            continue
        if path.is_symlink():
            archive.link(name, str(path.readlink()))
        elif path.is_dir():
            archive.directory(name, path.stat().st_mode & 0o7777)
        elif path.is_file():
            archive.file(name, path.read_bytes(), path.stat().st_mode & 0o7777)


def _place(name: str) -> str:
    """No directory may replace a link into /usr."""
    first, _, rest = name.partition("/")
    return f"usr/{'lib' if first == 'lib64' else first}/{rest}".rstrip("/") if first in MERGED_USR else name
