# SPDX-License-Identifier: BSD-2-Clause
"""The host's own apt sources: where the distribution's archive is mirrored, and which keys sign it.

Both forms of sources.list(5) are read: deb822 paragraphs (*.sources) and one-line entries (*.list).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from elfhaven.errors import PackageError


@dataclass(frozen=True, slots=True)
class Source:
    """One entry that serves binary packages. `signed_by`: a keyring's path, or a key in a deb822 field."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    def for_suite(self, suite: str, types: str = "deb") -> str:
        """The deb822 paragraph that takes `suite` from the same mirror, under the same keys."""
        fields = {
            "Types": types,
            "URIs": self.uri,
            "Suites": suite,
            "Components": " ".join(self.components),
            "Signed-By": self.signed_by,
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def parse_deb822(text: str) -> Iterator[Source]:
    """Entries of a .sources file; disabled ones and those of sources alone are left out."""
    for paragraph in _paragraphs(text):
        enabled = paragraph.get("enabled", "yes").lower() in ("yes", "true", "on", "1", "with", "enable")
        if not enabled or "deb" not in paragraph.get("types", "").split():
            continue
        for uri in paragraph.get("uris", "").split():
            yield Source(
                uri,
                tuple(paragraph.get("suites", "").split()),
                tuple(paragraph.get("components", "").split()),
                paragraph.get("signed-by", ""),
            )


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            fields[name] = f"{fields.get(name, '')}\n{line}"
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()


def parse_one_line(text: str) -> Iterator[Source]:
    """Entries of a .list file: `deb [option=value ...] URI SUITE COMPONENT...`."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True) if line.strip().startswith("deb") else []
        if not words or words[0] != "deb":
            continue
        options: list[str] = []
        rest = words[1:]
        if rest and rest[0].startswith("["):
            end = next((i for i, word in enumerate(rest) if word.endswith("]")), len(rest) - 1)
            options = " ".join(rest[: end + 1]).strip("[]").split()
            rest = rest[end + 1 :]
        if len(rest) >= 2:
            signed = dict(option.partition("=")[::2] for option in options).get("signed-by", "")
            yield Source(rest[0], (rest[1],), tuple(rest[2:]), signed.replace(",", " "))


def read_sources(files: Iterable[Path]) -> tuple[Source, ...]:
    """Every entry of the host's files, in their order; a file that cannot be read is passed over."""
    found: list[Source] = []
    for path in files:
        try:
            text = path.read_text(errors="replace")
        except OSError:
            continue
        found += parse_deb822(text) if path.suffix == ".sources" else parse_one_line(text)
    return tuple(found)


def archive_of(sources: Iterable[Source], codename: str) -> Source:
    """The entry of the distribution's own archive: the one that serves the host's release itself."""
    for source in sources:
        if codename in source.suites and "main" in source.components and "security" not in source.uri:
            return replace(source, components=("main",))
    raise PackageError(
        f"apt on this machine has no archive for its own release ({codename or 'unknown'})",
        "name one in /etc/apt/sources.list.d, with the component main",
    )
