# SPDX-License-Identifier: BSD-2-Clause
"""A recorded run as a sequence diagram for a terminal: a lane each for client, TAs and normal world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from elfhaven.abi import gp
from elfhaven.sdk.sequence import CLIENT, Event, Kind

SUPPLICANT = "supplicant"
_NARROWEST, _WIDEST = 26, 44  # columns between two lanes
_LEFT = 4  # columns for a call's number


def lanes_of(events: Sequence[Event]) -> list[str]:
    """Client first, TAs as they come, and the supplicant if it is asked anything."""
    tas = dict.fromkeys(event.ta for event in events if event.call)
    rpcs = any(event.kind is Kind.RPC for event in events)
    return [CLIENT, *tas, *([SUPPLICANT] if rpcs else [])]


def lines_of(events: Sequence[Event], width: int = 100) -> Iterator[str]:
    """The diagram, no line longer than `width` where the lanes leave room for that."""
    lanes = lanes_of(events)
    step = max(_NARROWEST, min(_WIDEST, (width - _LEFT - 14) // max(1, len(lanes) - 1)))
    grid = _Grid(lanes, step, max(width, _LEFT + 1 + step * (len(lanes) - 1)))
    yield grid.heads()
    for event in events:
        yield from _event(grid, event)
    yield grid.blank()


def _event(grid: _Grid, event: Event) -> Iterator[str]:
    if event.kind is Kind.CALL:
        number = ""
        if event.source == CLIENT:
            yield grid.blank()
            number = f"{event.call:>{_LEFT - 1}}"
        yield grid.arrow(event.source, event.ta, event.text, number)
        yield from (grid.note(event.source, f"{shown}") for shown in event.params)
    elif event.kind is Kind.ANSWER:
        yield grid.arrow(event.ta, event.source, event.text)
        yield from (grid.note(event.source, f"{shown}") for shown in event.params)
        yield from (grid.note(event.source, f"! {line}") for line in event.reasons)
    elif event.kind is Kind.RPC:
        times = f" x {event.times}" if event.times > 1 else ""
        failed = f": {gp.result_name(event.result)}" if event.result else ""
        yield grid.arrow(event.ta, SUPPLICANT, f"{event.text}{times}{failed}")
    else:
        yield grid.note(event.ta if event.call else CLIENT, f"> {event.text}")


class _Grid:
    def __init__(self, lanes: list[str], step: int, width: int) -> None:
        self._at = {name: _LEFT + 1 + number * step for number, name in enumerate(lanes)}
        self._width = width

    def heads(self) -> str:
        line = ""
        for name, at in self._at.items():
            line = line.ljust(at - 1) + (f"{name[:13]}..." if len(name) > 30 else name) + " "
        return line.rstrip()

    def blank(self) -> str:
        line = [" "] * (max(self._at.values()) + 1)
        for at in self._at.values():
            line[at] = "|"
        return "".join(line)

    def arrow(self, source: str, target: str, text: str, number: str = "") -> str:
        if source == target:
            return self.note(source, f"- {text}")
        line = list(self.blank())
        left, right = sorted((self._at[source], self._at[target]))
        room = right - left - 1
        words = f" {text} "[: max(room - 3, 0)]
        if self._at[source] < self._at[target]:
            body = f"-{words}".ljust(room - 1, "-") + ">"
        else:
            body = "<" + f"-{words}".ljust(room - 1, "-")
        line[left + 1 : right] = body
        line[: len(number)] = number
        return "".join(line).rstrip()

    def note(self, lane: str, text: str) -> str:
        """Beside a lane; what is too long begins further left, over other lanes."""
        words = text.replace("\t", " ")[: self._width - _LEFT - 3]
        at = min(self._at[lane] + 2, self._width - len(words))
        line = list(self.blank().ljust(self._width))
        line[at : at + len(words)] = words
        return "".join(line).rstrip()
