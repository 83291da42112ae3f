# SPDX-License-Identifier: BSD-2-Clause
"""Where the command begins: the whole command line, or the few verbs that a bare python3 can do."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from elfhaven.cli.ending import ended


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; its status. `arguments` are those of the process unless given."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        from elfhaven.cli.main import execute
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        from elfhaven.cli.bare import execute
    return ended(words, execute)
