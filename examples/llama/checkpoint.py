# SPDX-License-Identifier: BSD-2-Clause
"""The legacy llama2 checkpoint: seven int32, then float32 tensors in a fixed order, little-endian."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32]
ROPE_BASE = 10000.0


@dataclass(frozen=True)
class Shape:
    """The seven numbers of the header; the classifier is the embedding when it is shared."""

    dim: int
    hidden_dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    vocab_size: int
    seq_len: int
    shared_classifier: bool = True

    @property
    def head_size(self) -> int:
        return self.dim // self.n_heads

    def header(self) -> NDArray[np.int32]:
        """As it stands in the file: a negative vocab_size says that the classifier is not shared."""
        vocab = self.vocab_size if self.shared_classifier else -self.vocab_size
        blocks = (self.dim, self.hidden_dim, self.n_layers, self.n_heads, self.n_kv_heads)
        return np.array((*blocks, vocab, self.seq_len), dtype="<i4")

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor, in the order of the file."""
        layers, dim, hidden = self.n_layers, self.dim, self.hidden_dim
        kv_dim, turns = self.n_kv_heads * self.head_size, (self.seq_len, self.head_size // 2)
        tensors: dict[str, tuple[int, ...]] = {
            "embedding": (self.vocab_size, dim),
            "attention_norm": (layers, dim),
            "wq": (layers, dim, dim),
            "wk": (layers, kv_dim, dim),
            "wv": (layers, kv_dim, dim),
            "wo": (layers, dim, dim),
            "ffn_norm": (layers, dim),
            "w1": (layers, hidden, dim),
            "w2": (layers, dim, hidden),
            "w3": (layers, hidden, dim),
            "final_norm": (dim,),
            "turn_cos": turns,
            "turn_sin": turns,
        }
        if not self.shared_classifier:
            tensors["classifier"] = (self.vocab_size, dim)
        return tensors


def turns(shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every pair's angle (RoPE) at every position: [seq_len][head_size / 2]."""
    half = shape.head_size // 2
    frequencies = ROPE_BASE ** -(np.arange(half, dtype=np.float64) / half)
    angles = np.outer(np.arange(shape.seq_len), frequencies)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def write(path: Path, shape: Shape, tensors: Mapping[str, Tensor]) -> int:
    """Writes the checkpoint and returns its size in bytes; raises ValueError on a tensor of another shape."""
    with path.open("wb") as file:
        file.write(shape.header().tobytes())
        for name, wanted in shape.tensors().items():
            if tensors[name].shape != wanted:
                raise ValueError(f"{name} has shape {tensors[name].shape}, the header asks for {wanted}")
            file.write(np.ascontiguousarray(tensors[name], dtype="<f4").tobytes())
        return file.tell()


def _cut(values: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, Tensor]]:
    at = 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        yield name, values[at : at + size].reshape(shape)
        at += size


def read(path: Path) -> tuple[Shape, dict[str, Tensor]]:
    """The shape and all tensors; raises ValueError when the size is not the header's."""
    data = path.read_bytes()
    dim, hidden, layers, heads, kv_heads, vocab, seq_len = (int(n) for n in np.frombuffer(data, "<i4", 7))
    shape = Shape(dim, hidden, layers, heads, kv_heads, abs(vocab), seq_len, vocab > 0)
    shapes = shape.tensors()
    values = np.frombuffer(data, "<f4", offset=28)
    if values.size != sum(int(np.prod(wanted)) for wanted in shapes.values()):
        raise ValueError(f"{path} has {len(data)} bytes, which is not what its header asks for")
    return shape, dict(_cut(values, shapes))
