# SPDX-License-Identifier: BSD-2-Clause
"""Trains tales.bin and tales-tok.bin: `python train.py [--minutes M] [--out DIRECTORY]`.

The one script here that needs torch. MODEL.md tells what it did and how well. Every tale is seen
once, in batches of tales of about the same length.
"""

import argparse
import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpe
import checkpoint
import corpus
import torch  # type: ignore[import-not-found,unused-ignore]
from checkpoint import Shape

Tensor = Any  # torch is no dependency of the project, so its types are not known to the checker
Parameters = dict[str, Tensor]
NOTHING = -1  # a target that does not count
HELD_OUT_SEED = 1_000_003


SHAPE = Shape(dim=96, hidden_dim=192, n_layers=4, n_heads=6, n_kv_heads=3, vocab_size=512, seq_len=256)


@dataclass(frozen=True)
class Recipe:
    """Sizes of the model and of its training."""

    shape: Shape = SHAPE
    steps: int = 1500
    batch: int = 48
    learning_rate: float = 4e-3
    warm_up: int = 60
    weight_decay: float = 0.05
    seed: int = 7
    learn_tokens_from: int = 20_000


def start(shape: Shape, seed: int) -> Parameters:
    """Random weights; those that end a block are smaller the more blocks there are."""
    random = torch.Generator().manual_seed(seed)
    parameters = {}
    for name, size in shape.tensors().items():
        if name.startswith("turn"):
            continue
        if name.endswith("norm"):
            parameters[name] = torch.ones(size)
            continue
        spread = 0.02 if name == "embedding" else size[-1] ** -0.5
        if name in ("wo", "w2"):
            spread /= math.sqrt(2 * shape.n_layers)
        parameters[name] = torch.randn(size, generator=random) * spread
    return {name: value.requires_grad_() for name, value in parameters.items()}


def rms_norm(x: Tensor, gain: Tensor) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * gain


def rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turns each consecutive pair of [batch][head][position][size] by its position's angle."""
    even, odd = heads[..., 0::2], heads[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)


def attention(shape: Shape, w: Parameters, layer: int, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    batch, length, dim = x.shape
    normed = rms_norm(x, w["attention_norm"][layer])

    def heads(name: str, count: int) -> Tensor:
        return (normed @ w[name][layer].T).view(batch, length, count, -1).transpose(1, 2)

    q = rotate(heads("wq", shape.n_heads), *turns)
    k, v = rotate(heads("wk", shape.n_kv_heads), *turns), heads("wv", shape.n_kv_heads)
    group = shape.n_heads // shape.n_kv_heads
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    return mixed.transpose(1, 2).reshape(batch, length, dim) @ w["wo"][layer].T


def feed_forward(w: Parameters, layer: int, x: Tensor) -> Tensor:
    normed = rms_norm(x, w["ffn_norm"][layer])
    gate = torch.nn.functional.silu(normed @ w["w1"][layer].T)
    return (gate * (normed @ w["w3"][layer].T)) @ w["w2"][layer].T


def loss(shape: Shape, w: Parameters, ids: Tensor) -> Tensor:
    """Mean cross entropy in nats per token of rows of ids, which NOTHING fills up."""
    inputs, targets = ids[:, :-1].clamp(min=0), ids[:, 1:]
    turns = tuple(torch.from_numpy(t[: inputs.shape[1]]) for t in checkpoint.turns(shape))
    x = w["embedding"][inputs]
    for layer in range(shape.n_layers):
        x = x + attention(shape, w, layer, x, (turns[0], turns[1]))
        x = x + feed_forward(w, layer, x)
    counts = targets != NOTHING
    logits = rms_norm(x, w["final_norm"])[counts] @ w["embedding"].T
    return torch.nn.functional.cross_entropy(logits, targets[counts])


def batches(encoder: bpe.Encoder, seed: int, count: int, size: int) -> Iterator[Tensor]:
    """`count` batches of `size` tales; BOS stands at both ends of a tale."""
    tales = corpus.tales(seed, count * size)
    order = torch.Generator().manual_seed(seed)
    while pool := [[*encoder.encode(text), bpe.BOS] for text in itertools.islice(tales, 32 * size)]:
        pool.sort(key=len)
        for start_at in torch.randperm(len(pool) // size, generator=order).tolist():
            rows = pool[start_at * size : (start_at + 1) * size]
            yield torch.tensor([row + [NOTHING] * (len(rows[-1]) - len(row)) for row in rows])


def train(recipe: Recipe, encoder: bpe.Encoder, minutes: float) -> Parameters:
    """Weights after `recipe.steps` steps, or fewer when the time is up: the rate falls with either."""
    w = start(recipe.shape, recipe.seed)
    groups = [
        {"params": [v for v in w.values() if v.dim() > 2], "weight_decay": recipe.weight_decay},
        {"params": [v for v in w.values() if v.dim() <= 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    began, tokens = time.monotonic(), 0
    for step, ids in enumerate(batches(encoder, recipe.seed, recipe.steps, recipe.batch)):
        spent = time.monotonic() - began
        left = 1 - max(step / recipe.steps, spent / (60 * minutes))
        if left <= 0:
            break
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * min(left, (step + 1) / recipe.warm_up)
        value = loss(recipe.shape, w, ids)
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(w.values(), 1.0)
        optimizer.step()
        tokens += int((ids != NOTHING).sum())
        if step % 50 == 0:
            print(f"step {step}: loss {value.item():.3f}, {tokens} tokens, {spent:.0f} s", flush=True)
    return w


def held_out_loss(shape: Shape, w: Parameters, encoder: bpe.Encoder) -> float:
    """Mean loss on 480 tales of another seed."""
    with torch.no_grad():
        losses: list[float] = [loss(shape, w, ids).item() for ids in batches(encoder, HELD_OUT_SEED, 10, 48)]
    return sum(losses) / len(losses)


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains, writes both files and prints the losses."""
    parser = argparse.ArgumentParser(description="train the model of tiny tales")
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    options = parser.parse_args(arguments)
    recipe = Recipe(steps=options.steps)
    torch.set_num_threads(2)

    tokens = bpe.learn(corpus.tales(recipe.seed, recipe.learn_tokens_from), recipe.shape.vocab_size)
    bpe.write(options.out / "tales-tok.bin", tokens)
    encoder = bpe.Encoder(tokens)
    w = train(recipe, encoder, options.minutes)
    cosine, sine = checkpoint.turns(recipe.shape)
    arrays = {name: value.detach().numpy() for name, value in w.items()}
    arrays |= {"turn_cos": cosine, "turn_sin": sine}
    size = checkpoint.write(options.out / "tales.bin", recipe.shape, arrays)
    print(f"{size} bytes; held-out loss {held_out_loss(recipe.shape, w, encoder):.4f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
