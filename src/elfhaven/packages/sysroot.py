# SPDX-License-Identifier: BSD-2-Clause
"""sysroot(): the root directory that packages and all that they depend on make, unpacked and cached."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from elfhaven.errors import UsageError
from elfhaven.packages.database import BASE
from elfhaven.packages.fetch import cache_directory, fetch, fetched, private_apt

ARCHITECTURE = "arm64"
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")  # Debian Policy, 5.6.1


def package_names(words: Sequence[str]) -> tuple[str, ...]:
    """Names of packages, sorted, from words that may hold several with commas between; none from none.

    Raises UsageError for what can be no name.
    """
    names = sorted({name.strip() for word in words for name in word.split(",") if name.strip()})
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a Debian package", "name packages as apt does")
    return tuple(names)


def sysroot(
    packages: Sequence[str],
    *,
    suite: str,
    architecture: str = ARCHITECTURE,
    report: Callable[[str], None] = print,
    cache: Path | None = None,
) -> Path:
    """The directory in which `packages` and their dependencies lie unpacked; no script of theirs is run.

    What was found the first time is used again without the network. `report` gets a line before anything is
    fetched. Raises PackageError; UsageError where none is named.
    """
    names = tuple(sorted(set(packages)))
    if not names:
        raise UsageError("no package is named", "name one or more Debian packages")
    cache = cache or cache_directory()
    key = hashlib.sha256(json.dumps([names, suite, architecture, BASE]).encode()).hexdigest()[:32]
    plan = cache / "sysroots" / f"{key}.json"
    tree = _planned(plan, suite, architecture, cache)
    if tree is not None:
        return tree
    apt = private_apt(suite, architecture, cache=cache)
    apt.update()
    needed = apt.needed(*names)
    size = sum(item.size for item in needed)
    report(f"fetching {', '.join(names)}: {len(needed)} packages of Debian {suite}, {size / 1e6:.0f} MB")
    wanted = sorted({*(item.package for item in needed), *BASE})
    tree = fetch(wanted, suite=suite, architecture=architecture, cache=cache, noted=True)
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.write_text(json.dumps(wanted))
    return tree


def _planned(plan: Path, suite: str, architecture: str, cache: Path) -> Path | None:
    try:
        wanted = json.loads(plan.read_text())
    except (OSError, ValueError):
        return None
    return fetched(wanted, suite=suite, architecture=architecture, cache=cache, noted=True)
