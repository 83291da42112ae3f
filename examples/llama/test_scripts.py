# SPDX-License-Identifier: BSD-2-Clause
"""The scripts that make corpus, tokenizer and checkpoints."""

import re
from pathlib import Path

import bpe
import checkpoint
import corpus
import make_checkpoint
import pytest
from checkpoint import Shape

HERE = Path(__file__).resolve().parent
SMALL = Shape(dim=16, hidden_dim=36, n_layers=2, n_heads=4, n_kv_heads=2, vocab_size=400, seq_len=32)


def test_the_same_seed_gives_the_same_tales() -> None:
    one, again, other = (list(corpus.tales(seed, 30)) for seed in (4, 4, 5))
    assert one == again
    assert not set(one) & set(other)


def test_tales_are_whole_varied_and_in_grammar() -> None:
    tales = list(corpus.tales(9, 3000))
    encoder = bpe.Encoder(bpe.read(HERE / "tales-tok.bin", 512))
    for text in tales:
        assert re.fullmatch(r'[A-Z][A-Za-z ,.!?"]+[.!?]"?', text), text
        assert not re.search(r"\b[Aa] (?:[aeiou]|honest)|\b[Aa]n [^aeiouh]|  ", text), text
        assert text.count('"') % 2 == 0
        assert len(re.findall("[.!?]", text)) >= 5
        assert len(encoder.encode(text)) <= 256, "longer than the model's positions"
    assert len(set(tales)) == len(tales)


def test_the_committed_tokenizer_is_the_one_the_corpus_gives(tmp_path: Path) -> None:
    bpe.write(tmp_path / "tok.bin", bpe.learn(corpus.tales(7, 20_000), 512))
    assert (tmp_path / "tok.bin").read_bytes() == (HERE / "tales-tok.bin").read_bytes()


def test_what_is_encoded_can_be_decoded() -> None:
    tokens = bpe.read(HERE / "tales-tok.bin", 512)
    encoder = bpe.Encoder(tokens)
    for text in (*corpus.tales(21, 50), "naïve 😀\n{}", " two  spaces"):
        assert bpe.decode(tokens, encoder.encode(text)) == text


def test_all_the_files_of_the_demo_stay_small() -> None:
    assert (HERE / "tales.bin").stat().st_size <= 1_800_000
    assert (HERE / "tales.bin").stat().st_size + (HERE / "tales-tok.bin").stat().st_size <= 2_000_000


def test_a_random_checkpoint_depends_on_its_seed_alone(tmp_path: Path) -> None:
    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_checkpoint.make(tmp_path / name, tmp_path / (name + "-tok"), SMALL, seed)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert made[0] != made[2]
    assert len(set(make_checkpoint.made_up_tokens(32000))) == 32000


def test_a_checkpoint_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path, shape = tmp_path / "model.bin", Shape(8, 12, 1, 2, 1, 360, 4, shared_classifier=False)
    weights = make_checkpoint.random_weights(shape, 3)
    assert checkpoint.write(path, shape, weights) == path.stat().st_size
    read_shape, tensors = checkpoint.read(path)
    assert read_shape == shape
    assert all((tensors[name] == weights[name]).all() for name in shape.tensors())


def test_a_file_of_another_size_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    checkpoint.write(path, SMALL, make_checkpoint.random_weights(SMALL, 3))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match="not what its header asks for"):
        checkpoint.read(path)
    with pytest.raises(ValueError, match="the header asks for"):
        checkpoint.write(path, SMALL, make_checkpoint.random_weights(Shape(8, 12, 1, 2, 1, 400, 32), 3))
