# SPDX-License-Identifier: BSD-2-Clause
"""Which programs of the corpus are about files, and within what the bridge's agent serves."""

from __future__ import annotations

import re

from tests.conformance.programs import all_programs

_ABOUT_FILES = re.compile(r"open|stat|dir|link|rename|access|truncate|lock|poll|seek")
# what the bridge's agent does not serve: sockets, attributes of files, links, locks of files, watches
_ABSENT = re.compile(
    r"\b(socket(pair)?|\w*xattr|utimensat|futimens|f?chmod(at)?|[fl]?chown(at)?|mknod(at)?|mkfifo|f?statfs"
    r"|f?statvfs|(sym)?link(at)?|flock|inotify_\w+)\(|SYS_f?statfs|fcntl\(\w+, 3[678]"
)
_LONG = "getdents_4096"  # 16,000 calls, each of them as in the others


def programs() -> dict[str, str]:
    """C sources by name."""
    return {name: source for name, source in all_programs().items() if name != _LONG and _fits(source)}


def _fits(source: str) -> bool:
    main = source.partition("main")[2]
    return bool(_ABOUT_FILES.search(main)) and not _ABSENT.search(main)
