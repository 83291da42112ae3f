# SPDX-License-Identifier: BSD-2-Clause
"""The picture: how fast each kernel runs in each place, native being 1; SVG, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from bench.places import ELFHAVEN, INTERPRETER, NATIVE, QEMU
from bench.results import Measured, Results, geometric

_SHOWN = (
    (ELFHAVEN, "elfhaven, --engine native", "#0b6e4f"),
    (QEMU, "qemu-aarch64", "#e08e45"),
    (INTERPRETER, "elfhaven, interpreter (Unicorn)", "#8a8f98"),
)
_LABELS, _WIDTH, _RIGHT = 150, 560, 60  # pixels: names, bars, what stands behind the longest bar
_BAR, _GAP, _TOP, _BOTTOM = 11, 12, 78, 44
_GRID = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_TITLE = "Speed of arm64 programs on a PC, as a share of a native build (logarithmic)"
_STYLE = "text{font:12px system-ui,sans-serif;fill:#24292f}.small{font-size:10px}.head{font-size:15px}"


@dataclass(frozen=True)
class Scale:
    """Places of speeds between two ends."""

    low: float
    high: float

    def x(self, speed: float) -> float:
        share = math.log(speed / self.low) / math.log(self.high / self.low)
        return _LABELS + _WIDTH * min(max(share, 0.0), 1.0)


def picture(results: Results) -> str:
    """The text of an SVG file."""
    groups = [(_name(kernel), _speeds(kernel)) for kernel in results.kernels]
    suite = [kernel for kernel in results.kernels if kernel.suite]
    if len(suite) > 1:
        groups.append(("geometric mean", _means(suite)))
    step = len(_SHOWN) * _BAR + _GAP
    height = _TOP + step * len(groups) + _BOTTOM
    width = _LABELS + _WIDTH + _RIGHT
    scale = _scale([speed for _, speeds in groups for speed in speeds])
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text class="head" x="12" y="24">{_TITLE}</text>',
        *_legend(),
        *_grid(scale, height),
    ]
    for number, (name, speeds) in enumerate(groups):
        lines += _group(name, speeds, _TOP + number * step, scale)
    lines.append(f'<text class="small" x="12" y="{height - 8}">{escape(_footer(results))}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _name(kernel: Measured) -> str:
    return kernel.name if kernel.suite else f"llama {kernel.flags}"


def _speeds(kernel: Measured) -> list[float]:
    return [kernel.speed(place, NATIVE) for place, _, _ in _SHOWN]


def _means(kernels: list[Measured]) -> list[float]:
    return [geometric(column) for column in zip(*map(_speeds, kernels), strict=True)]


def _scale(speeds: list[float]) -> Scale:
    low, high = min([*speeds, 0.1]), max([*speeds, 1.0])
    marks = [mark for mark in _GRID if mark < low] or [low / 2]
    return Scale(marks[-1], high * 1.02)


def _legend() -> Iterator[str]:
    x = 12
    for _, label, colour in _SHOWN:
        yield f'<rect x="{x}" y="38" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 17}" y="48">{escape(label)}</text>'
        x += 40 + 7 * len(label)


def _grid(scale: Scale, height: int) -> Iterator[str]:
    for mark in _GRID:
        if not scale.low <= mark <= scale.high:
            continue
        x, strong = scale.x(mark), mark == 1.0
        stroke = "#24292f" if strong else "#d8dde3"
        yield f'<path d="M{x:.1f} {_TOP - 8}V{height - _BOTTOM + 2}" stroke="{stroke}"/>'
        label, below = "native" if strong else f"{mark:g}", height - _BOTTOM + 16
        yield f'<text class="small" x="{x:.1f}" y="{below}" text-anchor="middle">{label}</text>'


def _group(name: str, speeds: list[float], y: int, scale: Scale) -> Iterator[str]:
    middle = y + len(_SHOWN) * _BAR / 2 + 4
    yield f'<text x="{_LABELS - 10}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>'
    for row, (speed, (_, _, colour)) in enumerate(zip(speeds, _SHOWN, strict=True)):
        top, end = y + row * _BAR, scale.x(speed)
        size = f'width="{end - _LABELS:.1f}" height="{_BAR - 1}"'
        yield f'<rect x="{_LABELS}" y="{top}" {size} fill="{colour}"/>'
        yield f'<text class="small" x="{end + 4:.1f}" y="{top + _BAR - 2}">{speed:.2f}</text>'


def _footer(results: Results) -> str:
    return f"{results.machine}; {results.compiler}; medians of {results.runs}"
