# SPDX-License-Identifier: BSD-2-Clause
"""On which line a key of a TOML text stands.

The text has been read by tomllib before, so its syntax holds: this walk only follows structure (TOML 1.0:
headers, dotted keys, arrays and inline tables over several lines) and keeps the line of each key and element.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

Place = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def key_lines(text: str) -> dict[Place, int]:
    """Line (1-based) of every key and array element; an array of tables counts its elements from 0."""
    return _Walk(text).document()


class _Walk:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines: dict[Place, int] = {}
        self._tables: dict[Place, int] = {}

    def document(self) -> dict[Place, int]:
        table: Place = ()
        self._blank()
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._blank()
        return self._lines

    def _header(self) -> Place:
        array = self._text.startswith("[[", self._at)
        self._at += 2 if array else 1
        line = self._line()
        table: Place = self._key()
        self._at = self._text.index("]", self._at) + (2 if array else 1)
        if array:
            index = self._tables[table] = self._tables.get(table, -1) + 1
            table = (*table, index)
        self._lines.setdefault(table, line)
        return table

    def _pair(self, table: Place) -> None:
        line = self._line()
        place = (*table, *self._key())
        for depth in range(len(table) + 1, len(place) + 1):
            self._lines.setdefault(place[:depth], line)
        self._at = self._text.index("=", self._at) + 1
        self._value(place)

    def _key(self) -> Place:
        parts: list[str | int] = []
        while True:
            self._blank()
            if self._text[self._at] in "\"'":
                parts.append(next(iter(tomllib.loads(f"k = {self._match(_STRING)}").values())))
            else:
                parts.append(self._match(_BARE))
            self._blank()
            if self._text[self._at] != ".":
                return tuple(parts)
            self._at += 1

    def _value(self, place: Place) -> None:
        self._blank()
        first = self._text[self._at]
        if first == "[":
            self._sequence("]", lambda index: self._element((*place, index)))
        elif first == "{":
            self._sequence("}", lambda _: self._pair(place))
        else:
            self._match(_STRING if first in "\"'" else _SCALAR)

    def _element(self, place: Place) -> None:
        self._lines[place] = self._line()
        self._value(place)

    def _sequence(self, close: str, item: Callable[[int], None]) -> None:
        self._at += 1
        index = 0
        self._blank()
        while self._text[self._at] != close:
            item(index)
            index += 1
            self._blank()
            if self._text[self._at] == ",":
                self._at += 1
                self._blank()
        self._at += 1

    def _blank(self) -> None:
        self._match(_BLANK)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"no TOML at offset {self._at}")
        self._at = match.end()
        return match[0]

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1
