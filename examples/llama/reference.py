# SPDX-License-Identifier: BSD-2-Clause
"""The network once more, in numpy and float64, to judge the C program by: no cache, no tricks."""

from collections.abc import Mapping, Sequence

import numpy as np
from checkpoint import ROPE_BASE, Shape, Tensor
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rms_norm(x: Array, gain: Tensor) -> Array:
    """Each row over its root mean square, times the gain."""
    scaled: Array = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * gain
    return scaled


def rotate(heads: Array) -> Array:
    """RoPE on [position][head][size], each consecutive pair as one complex number."""
    positions, _, size = heads.shape
    frequencies = ROPE_BASE ** -(np.arange(0, size, 2) / size)
    turn = np.exp(1j * np.outer(np.arange(positions), frequencies))
    turned = (heads[..., 0::2] + 1j * heads[..., 1::2]) * turn[:, None, :]
    return np.stack((turned.real, turned.imag), -1).reshape(heads.shape)


def attention(shape: Shape, w: Mapping[str, Tensor], layer: int, x: Array) -> Array:
    """What attention adds to x, [position][dim]."""
    length, size = len(x), shape.head_size
    normed = rms_norm(x, w["attention_norm"][layer])
    q = rotate((normed @ w["wq"][layer].T).reshape(length, -1, size))
    k = rotate((normed @ w["wk"][layer].T).reshape(length, -1, size))
    v = (normed @ w["wv"][layer].T).reshape(length, -1, size)
    owner = np.arange(shape.n_heads) // (shape.n_heads // shape.n_kv_heads)
    scores = np.einsum("qhs,khs->hqk", q, k[:, owner]) / np.sqrt(size)
    scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed: Array = np.einsum("hqk,khs->qhs", weights, v[:, owner]).reshape(length, -1) @ w["wo"][layer].T
    return mixed


def feed_forward(w: Mapping[str, Tensor], layer: int, x: Array) -> Array:
    """What the SwiGLU block adds to x."""
    normed = rms_norm(x, w["ffn_norm"][layer])
    gate = normed @ w["w1"][layer].T
    added: Array = (gate / (1 + np.exp(-gate)) * (normed @ w["w3"][layer].T)) @ w["w2"][layer].T
    return added


def logits(shape: Shape, w: Mapping[str, Tensor], ids: Sequence[int]) -> Array:
    """[position][vocab]: behind each of `ids`, how likely each next token is."""
    x = w["embedding"][list(ids)].astype(np.float64)
    for layer in range(shape.n_layers):
        x = x + attention(shape, w, layer, x)
        x = x + feed_forward(w, layer, x)
    classifier = w["embedding"] if shape.shared_classifier else w["classifier"]
    found: Array = rms_norm(x, w["final_norm"]) @ classifier.T
    return found
