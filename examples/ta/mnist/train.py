# SPDX-License-Identifier: BSD-2-Clause
"""Trains the model of weights.py: 14 x 14 inputs, one hidden layer, ten outputs; then makes it whole numbers.

python train.py
"""

from pathlib import Path

import numpy as np
from digits import drawings

HIDDEN = 32
RATE, BATCH = 0.002, 64
SEED = 2026
Model = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def halved(pictures: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 bytes, rounded down: what the network sees."""
    n = pictures.shape[0]
    return pictures.reshape(n, 14, 2, 14, 2).astype(np.int64).sum((2, 4)).reshape(n, 196) // 4


def train(pictures: np.ndarray, labels: np.ndarray, epochs: int, seed: int = SEED) -> Model:
    """Softmax and cross entropy; Adam."""
    random = np.random.default_rng(seed)
    x, y = halved(pictures) / 255, np.eye(10)[labels]
    model = [
        random.normal(0, (2 / 196) ** 0.5, (196, HIDDEN)), np.zeros(HIDDEN),
        random.normal(0, (2 / HIDDEN) ** 0.5, (HIDDEN, 10)), np.zeros(10),
    ]  # fmt: skip
    mean, square = [np.zeros_like(part) for part in model], [np.zeros_like(part) for part in model]
    step = 0
    for _ in range(epochs):
        order = random.permutation(len(x))
        for at in range(0, len(x), BATCH):
            rows = order[at : at + BATCH]
            step += 1
            for place, slope in enumerate(_slopes(model, x[rows], y[rows])):
                mean[place] = 0.9 * mean[place] + 0.1 * slope
                square[place] = 0.999 * square[place] + 0.001 * slope**2
                change = mean[place] / (1 - 0.9**step) / ((square[place] / (1 - 0.999**step)) ** 0.5 + 1e-8)
                model[place] = model[place] - RATE * change
    return model[0], model[1], model[2], model[3]


def _slopes(model: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    w1, b1, w2, b2 = model
    hidden = np.maximum(x @ w1 + b1, 0)
    scores = hidden @ w2 + b2
    odds = np.exp(scores - scores.max(1, keepdims=True))
    wrong = (odds / odds.sum(1, keepdims=True) - y) / len(x)
    back = (wrong @ w2.T) * (hidden > 0)
    return [x.T @ back + 1e-4 * w1, back.sum(0), hidden.T @ wrong + 1e-4 * w2, wrong.sum(0)]


def whole(model: Model) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """The model in whole numbers: weights of 8 bits, biases to fit, and by how many bits the hidden layer is
    shifted so that it stays small."""
    w1, b1, w2, b2 = model
    first, second = 127 / np.abs(w1).max(), 127 / np.abs(w2).max()
    shift = 8
    hidden = 255 * first / (1 << shift)  # what 1.0 of the hidden layer is
    return (
        np.rint(w1 * first).astype(int), np.rint(b1 * first * 255).astype(int),
        np.rint(w2 * second).astype(int), np.rint(b2 * second * hidden).astype(int), shift,
    )  # fmt: skip


def written(numbers: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]) -> str:
    w1, b1, w2, b2, shift = numbers

    def signed(name: str, matrix: np.ndarray) -> str:
        digits = matrix.T.astype(np.int8).tobytes().hex()
        lines = "\n".join(f'    "{digits[at : at + 96]}"' for at in range(0, len(digits), 96))
        comment = f"# {matrix.shape[1]} rows of {matrix.shape[0]} signed bytes"
        return f"{name} = bytes.fromhex(  {comment}\n{lines}\n)\n"

    def row(name: str, values: np.ndarray) -> str:
        lines = [", ".join(map(str, values[at : at + 10])) for at in range(0, len(values), 10)]
        return f"{name} = (\n" + "".join(f"    {line},\n" for line in lines) + ")\n"

    return (
        "# SPDX-License-Identifier: BSD-2-Clause\n# Made by train.py: do not edit.\n# fmt: off\n"
        f"SHIFT = {shift}\n{row('BIAS1', b1)}{row('BIAS2', b2)}{signed('FIRST', w1)}{signed('SECOND', w2)}"
    )


if __name__ == "__main__":
    pictures, labels = drawings(12_000, SEED)
    Path(__file__).with_name("weights.py").write_text(written(whole(train(pictures, labels, 30))))
