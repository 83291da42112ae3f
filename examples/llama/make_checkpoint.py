# SPDX-License-Identifier: BSD-2-Clause
"""Writes a checkpoint of random weights and a tokenizer that fits it, for benches.

`python make_checkpoint.py MODEL TOKENIZER [--dim N ...] [--seed S]`; without further words the shape is
that of the well-known stories15M (60.8 MB). The same seed gives the same files. What such a model
says is nonsense, but at temperature 0 it never ends before its last step.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import bpe
import checkpoint
import numpy as np
from checkpoint import Shape, Tensor

STORIES_15M = Shape(
    dim=288, hidden_dim=768, n_layers=6, n_heads=6, n_kv_heads=6, vocab_size=32000, seq_len=256
)
CONSONANTS, VOWELS = "bdfghklmnprstvz", "aeiou"


def random_tensor(rng: np.random.Generator, name: str, size: tuple[int, ...]) -> Tensor:
    """Ones for a norm, else normal values that keep a vector's length about what it was."""
    if name.endswith("norm"):
        return np.ones(size, dtype=np.float32)
    values = rng.standard_normal(size, dtype=np.float32) * np.float32(size[-1] ** -0.5)
    if name in ("embedding", "classifier"):
        values[[bpe.BOS, bpe.EOS]] *= np.float32(0.01)  # their logits stay near 0, far below the highest
    return values


def random_weights(shape: Shape, seed: int) -> dict[str, Tensor]:
    """Every tensor of a checkpoint of this shape."""
    rng = np.random.default_rng(seed)
    cosine, sine = checkpoint.turns(shape)
    drawn = {name: size for name, size in shape.tensors().items() if not name.startswith("turn")}
    weights = {name: random_tensor(rng, name, size) for name, size in drawn.items()}
    return weights | {"turn_cos": cosine, "turn_sin": sine}


def _pieces() -> Iterator[bytes]:
    """Printable characters, then made-up words: " ba", " be", ... " baba", ... without end."""
    yield from (bytes([code]) for code in range(32, 127))
    syllables = [consonant + vowel for consonant in CONSONANTS for vowel in VOWELS]
    words = [" " + syllable for syllable in syllables]
    while True:
        yield from (word.encode() for word in words)
        words = [word + syllable for word in words for syllable in syllables]


def made_up_tokens(vocab_size: int) -> list[bytes]:
    """The special tokens and bytes, then pieces; raises ValueError when there is no room for characters."""
    if vocab_size < len(bpe.SPECIAL) + 95:
        raise ValueError(f"a vocabulary of {vocab_size} has no room for bytes and printable characters")
    pieces = _pieces()
    return [*bpe.SPECIAL, *(next(pieces) for _ in range(vocab_size - len(bpe.SPECIAL)))]


def make(model: Path, tokenizer: Path, shape: Shape, seed: int) -> int:
    """Writes both files and returns the size of the model in bytes."""
    bpe.write(tokenizer, made_up_tokens(shape.vocab_size))
    return checkpoint.write(model, shape, random_weights(shape, seed))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="write a random checkpoint and its tokenizer")
    parser.add_argument("model", type=Path)
    parser.add_argument("tokenizer", type=Path)
    fields = ("dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len")
    for field in fields:
        option = "--" + field.replace("_", "-")
        parser.add_argument(option, type=int, default=getattr(STORIES_15M, field), metavar="N")
    parser.add_argument("--unshared", action="store_true", help="a classifier of its own")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    sizes = {field: getattr(options, field) for field in fields}
    shape = Shape(**sizes, shared_classifier=not options.unshared)
    print(f"{make(options.model, options.tokenizer, shape, options.seed)} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
