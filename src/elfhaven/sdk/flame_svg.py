# SPDX-License-Identifier: BSD-2-Clause
"""A flame graph as SVG: a box for each function under its callers, as wide as its share of the samples."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

WIDTH, ROW, MARGIN, HEAD = 1200, 17, 10, 34  # pixels
_LETTER = 6.6  # width of a letter
_THINNEST = 0.3  # narrower boxes are left out
_STYLE = (
    "text{font:11px monospace;pointer-events:none}.t{font-size:14px}"
    "rect{stroke:#fff;stroke-width:.5}rect:hover{stroke:#000;stroke-width:1}"
)


@dataclass(slots=True)
class _Node:
    name: str
    count: int = 0
    below: dict[str, _Node] = field(default_factory=dict)

    def add(self, names: tuple[str, ...], count: int) -> None:
        node = self
        node.count += count
        for name in names:
            node = node.below.setdefault(name, _Node(name))
            node.count += count

    def depth(self) -> int:
        deepest, level = 0, [self]
        while level:
            deepest += 1
            level = [below for node in level for below in node.below.values()]
        return deepest


def draw(stacks: Mapping[tuple[str, ...], int], title: str) -> str:
    """The picture. Stacks are names, the outermost first, and how often each was seen."""
    root = _Node("all")
    for names, count in stacks.items():
        root.add(names, count)
    height = HEAD + ROW * root.depth() + MARGIN
    boxes = "\n".join(_boxes(root, MARGIN, height - MARGIN - ROW, root.count))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}">\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="#fafafa"/>\n'
        f'<text class="t" x="{MARGIN}" y="20">{escape(title)}</text>\n{boxes}\n</svg>\n'
    )


def _boxes(root: _Node, left: float, bottom: int, total: int) -> Iterator[str]:
    scale = (WIDTH - 2 * MARGIN) / max(total, 1)
    waiting = [(root, left, bottom)]
    while waiting:
        node, x, y = waiting.pop()
        width = node.count * scale
        if width < _THINNEST:
            continue
        yield _box(node, x, y, width, total)
        for name in sorted(node.below):
            below = node.below[name]
            waiting.append((below, x, y - ROW))
            x += below.count * scale


def _box(node: _Node, x: float, y: int, width: float, total: int) -> str:
    share = f"{node.name}: {node.count} samples, {100 * node.count / max(total, 1):.1f} %"
    fits = int((width - 4) / _LETTER)
    shown = node.name if len(node.name) <= fits else node.name[: fits - 2] + ".." if fits > 3 else ""
    label = f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(shown)}</text>' if shown else ""
    box = f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW}" fill="{_colour(node.name)}"/>'
    return f"<g><title>{escape(share)}</title>{box}{label}</g>"


def _colour(name: str) -> str:
    """The runtime's boxes are blue, others warm; the same name always has the same colour."""
    shade = zlib.crc32(name.encode()) % 50
    hue = 205 + shade // 5 if "(the runtime)" in name else 10 + shade
    return f"hsl({hue},70%,{62 + shade % 12}%)"
