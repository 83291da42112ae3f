# SPDX-License-Identifier: BSD-2-Clause
"""A recorded run as one HTML file: a sequence diagram in SVG, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from elfhaven.abi import gp
from elfhaven.sdk.sequence import CLIENT, Event, Kind
from elfhaven.sdk.sequence_text import SUPPLICANT, lanes_of

LANE, LEFT, ROW, HEAD = 340, 90, 18, 46  # pixels
_LETTERS = 110  # of a line
_STYLE = """
body{font:14px sans-serif;margin:24px;color:#222}svg{font:12px monospace;overflow:visible}
line.lane{stroke:#bbb;stroke-dasharray:3 3}line.call{stroke:#1d5fa8}line.answer{stroke:#2d7d46}
line.rpc{stroke:#a9791c}line.failed{stroke:#b3261e}text.failed{fill:#b3261e}text.said{fill:#777}
text.number{fill:#999}rect.head{fill:#eef3f8;stroke:#9db4cc}g:hover{fill:#000}g:hover line{stroke-width:2.5}
"""


def page(events: Sequence[Event], title: str) -> str:
    """The whole file."""
    lanes = lanes_of(events)
    places = {name: LEFT + number * LANE for number, name in enumerate(lanes)}
    body, y = [], HEAD + 2 * ROW
    for event in events:
        drawn, rows = _event(event, places, y)
        body.append(drawn)
        y += rows * ROW
    width, height = LEFT + LANE * len(lanes), y + ROW
    calls = sum(event.kind is Kind.CALL and event.source == CLIENT for event in events)
    answers = (event for event in events if event.kind is Kind.ANSWER and event.source == CLIENT)
    failed = sum(bool(event.result) for event in answers)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n"
        f"<p>{calls} calls, {failed} of them failed.</p>\n"
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>\n'
        f"{''.join(_lanes(places, height))}{''.join(body)}</svg>\n</body></html>\n"
    )


def _lanes(places: dict[str, int], height: int) -> Iterator[str]:
    for name, x in places.items():
        yield f'<line class="lane" x1="{x}" x2="{x}" y1="{HEAD}" y2="{height}"/>\n'
        room = 8 * len(name) + 16
        yield f'<rect class="head" x="{x - 30}" y="14" width="{room}" height="26" rx="4"/>'
        yield f'<text x="{x - 22}" y="31">{escape(name)}</text>\n'


def _event(event: Event, places: dict[str, int], y: int) -> tuple[str, int]:
    """What is drawn, and how many rows it takes."""
    client, ta = places.get(event.source, places[CLIENT]), places.get(event.ta, places[CLIENT])
    failed = event.kind in (Kind.ANSWER, Kind.RPC) and bool(event.result)
    kind = "failed" if failed else event.kind.value
    if event.kind is Kind.SAID:
        return _text(ta + 8, y, event.text, "said"), 1
    if event.kind is Kind.RPC:
        times = f" x {event.times}" if event.times > 1 else ""
        result = f": {gp.result_name(event.result)}" if failed else ""
        return _arrow(ta, places[SUPPLICANT], y, f"{event.text}{times}{result}", kind), 2
    notes = [str(shown) for shown in event.params] + [f"! {line}" for line in event.reasons]
    lines = [_text(client + 12, y + ROW * (row + 1), note, kind) for row, note in enumerate(notes)]
    if event.kind is Kind.CALL:
        y += ROW
        number = _text(14, y, str(event.call), "number") if event.source == CLIENT else ""
        arrow = number + _arrow(client, ta, y, event.text, kind)
        lines = [_text(client + 12, y + ROW * (row + 1), note, "call") for row, note in enumerate(notes)]
        rows = 3 + len(notes)
    else:
        arrow, rows = _arrow(ta, client, y, event.text, kind), 2 + len(notes)
    title = f"<title>{escape(f'{1e3 * event.seconds:.3f} ms from the beginning')}</title>"
    return f"<g>{title}{arrow}{''.join(lines)}</g>\n", rows


def _arrow(source: int, target: int, y: int, text: str, kind: str) -> str:
    left = min(source, target)
    line = f'<line class="{kind}" x1="{source}" x2="{target}" y1="{y}" y2="{y}" marker-end="url(#tip)"/>'
    return line + _text(left + 12, y - 4, text, kind)


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text[:_LETTERS])}</text>\n'
