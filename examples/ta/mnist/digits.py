# SPDX-License-Identifier: BSD-2-Clause
"""Digits as a hand might draw them: for training and for tests."""

from itertools import pairwise

import numpy as np
from proto import SIDE

_ARC = [(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 17)]


def _oval(
    x: float, y: float, w: float, h: float, first: int = 0, last: int = 16
) -> list[tuple[float, float]]:
    """Part of an oval around (x, y), in sixteenths, clockwise from the right."""
    return [(x + w * _ARC[i % 16][0], y + h * _ARC[i % 16][1]) for i in range(first, last + 1)]


# strokes in a square of 0..1, y downwards
STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [_oval(0.5, 0.5, 0.28, 0.42)],
    1: [[(0.35, 0.25), (0.52, 0.08), (0.52, 0.92)]],
    2: [[*_oval(0.5, 0.32, 0.27, 0.24, 8, 17), (0.62, 0.56), (0.24, 0.9), (0.78, 0.9)]],
    3: [_oval(0.46, 0.29, 0.26, 0.21, 9, 20), _oval(0.46, 0.7, 0.29, 0.21, 12, 23)],
    4: [[(0.58, 0.08), (0.2, 0.62), (0.82, 0.62)], [(0.64, 0.35), (0.64, 0.94)]],
    5: [[(0.74, 0.1), (0.34, 0.1), (0.3, 0.46)], _oval(0.46, 0.67, 0.29, 0.24, 10, 23)],
    6: [[(0.66, 0.08), (0.4, 0.32), (0.27, 0.66)], _oval(0.5, 0.69, 0.24, 0.22)],
    7: [[(0.22, 0.1), (0.78, 0.1), (0.44, 0.92)]],
    8: [_oval(0.5, 0.29, 0.22, 0.2), _oval(0.5, 0.71, 0.27, 0.21)],
    9: [_oval(0.5, 0.32, 0.24, 0.22), [(0.74, 0.32), (0.68, 0.66), (0.52, 0.94)]],
}


def draw(digit: int, random: np.random.Generator) -> np.ndarray:
    """One drawing: SIDE x SIDE bytes, 255 is ink."""
    turn, slant = random.normal(0, 0.14), random.normal(0, 0.16)
    size, move = random.uniform(0.62, 0.92, 2), random.uniform(-0.08, 0.08, 2)
    thick = random.uniform(0.028, 0.065)
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    grid = (np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1) + 0.5) / SIDE
    nearest = np.full((SIDE, SIDE), 9.0)
    for stroke in STROKES[digit]:
        points = np.array(stroke) - 0.5 + random.normal(0, 0.014, (len(stroke), 2))
        points = (points * size + np.outer(points[:, 1], [slant, 0])) @ rotate.T + 0.5 + move
        for a, b in pairwise(points):
            along = np.clip(((grid - a) @ (b - a)) / max(float((b - a) @ (b - a)), 1e-9), 0, 1)
            nearest = np.minimum(nearest, np.linalg.norm(grid - a - along[..., None] * (b - a), axis=-1))
    ink = np.clip((thick - nearest) * SIDE + 0.5, 0, 1) * random.uniform(0.75, 1)
    return np.clip(255 * ink + random.normal(0, 6, ink.shape) * (ink > 0), 0, 255).astype(np.uint8)


def drawings(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """That many pictures and their digits, the same for the same seed."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    random.shuffle(labels)
    return np.stack([draw(int(label), random) for label in labels]), labels
