# SPDX-License-Identifier: BSD-2-Clause
"""docs/differences-from-linux.md shows what docs/differences.c prints inside."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support import zig

import elfhaven

DOCS = Path(__file__).resolve().parents[2] / "docs"
MANIFEST = '[files]\nread = ["/proc/"]\nwrite = ["./"]\n'


def test_the_page_shows_what_the_program_prints(tmp_path: Path) -> None:
    page = (DOCS / "differences-from-linux.md").read_text()
    shown = re.search(r"(?:^    \S.* {2,}.*\n){10,}", page, re.MULTILINE)
    assert shown is not None
    (tmp_path / "data").write_text("data\n")
    (tmp_path / "elfhaven.toml").write_text(MANIFEST)
    done = elfhaven.run(
        zig.compile_program((DOCS / "differences.c").read_text()),
        manifest=tmp_path / "elfhaven.toml",
        state=tmp_path / "state",
        cwd=tmp_path,
        capture=True,
    )
    assert done.status == 0
    assert done.stdout is not None
    assert [f"    {line}" for line in done.stdout.decode().splitlines()] == shown[0].splitlines()


def test_every_link_between_the_pages_leads_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CHANGELOG.md"]
    broken = [
        f"{page.relative_to(DOCS.parent)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert len(pages) > 15
    assert broken == []
