# SPDX-License-Identifier: BSD-2-Clause
"""The secure console: the last lines, and whoever wants to see them as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

KEPT = 2000


class Console(list[str]):
    """The last KEPT lines. Call it with more; `listener` gets each one."""

    def __init__(self) -> None:
        super().__init__()
        self.listener: Callable[[str], None] | None = None

    def __call__(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.append(line)
            if self.listener is not None:
                self.listener(line)
        del self[:-KEPT]
