# SPDX-License-Identifier: BSD-2-Clause
"""The directory in which a program of the corpus runs."""

from __future__ import annotations

import hashlib
from pathlib import Path


def make(root: Path) -> None:
    """Fill `root` (created empty) with the files that the programs expect."""
    root.mkdir(parents=True)
    (root / "data.txt").write_text("".join(f"line {n:02d} of the text\n" for n in range(26)))
    (root / "empty").write_bytes(b"")
    (root / "big.bin").write_bytes(bytes((i * 31 + (i >> 8) * 7) & 0xFF for i in range(300_000)))
    (root / "one").write_bytes(b"x")
    (root / "sub" / "deeper").mkdir(parents=True)
    (root / "sub" / "inner.txt").write_text("inner\n")
    (root / "hollow").mkdir()
    (root / "link").symlink_to("data.txt")
    (root / "dirlink").symlink_to("sub")
    (root / "dangling").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    (root / "deeplink").symlink_to("sub/deeper")
    (root / "data.txt").chmod(0o644)
    (root / "one").chmod(0o600)


def snapshot(root: Path) -> list[str]:
    """What the directory holds now: one line an entry, with mode, size and a hash of the content."""
    lines = []
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        if path.is_symlink():
            detail = "-> " + str(path.readlink())
        elif path.is_file():
            detail = f"{info.st_size} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
        else:
            detail = ""
        lines.append(f"{path.relative_to(root)} {info.st_mode:o} {detail}")
    return lines
