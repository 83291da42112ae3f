# SPDX-License-Identifier: BSD-2-Clause
"""The secure console: the last lines, and whoever wants to see them as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

KEPT = 2000


class Console(list[str]):
    """The last KEPT lines of `said` ones. Call it with more; `listener` gets each one."""

    def __init__(self) -> None:
        super().__init__()
        self.said = 0
        self.listener: Callable[[str], None] | None = None

    def __call__(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.append(line)
            self.said += 1
            if self.listener is not None:
                self.listener(line)
        del self[:-KEPT]

    def since(self, said: int) -> list[str]:
        """The lines that came after so many, as far as they are kept."""
        new = min(self.said - said, len(self))
        return self[len(self) - new :]
