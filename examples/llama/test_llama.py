# SPDX-License-Identifier: BSD-2-Clause
"""The llama program on this machine: its text, its refusals, and its numbers against numpy's."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import bpe
import checkpoint
import make_checkpoint
import numpy as np
import pytest
import reference
from checkpoint import Shape
from elftools.elf.elffile import ELFFile

from native import Library

HERE = Path(__file__).resolve().parent
TALES, WORDS = HERE / "tales.bin", HERE / "tales-tok.bin"
REPORT = re.compile(
    r"loaded (\d+) bytes in [\d.]+ s \([\d.inf]+ MB/s\); (\d+) tokens in [\d.]+ s \([\d.]+ tokens/s\)\n"
)
SMALL = Shape(dim=16, hidden_dim=36, n_layers=2, n_heads=4, n_kv_heads=2, vocab_size=400, seq_len=32)
ODD_SIZES = Shape(36, 50, 3, 3, 3, 377, 16, shared_classifier=False)

Done = subprocess.CompletedProcess[str]


def build(out: Path, *target: str) -> Path:
    """build.py as a user runs it."""
    subprocess.run([sys.executable, str(HERE / "build.py"), *target, "-o", str(out)], check=True)
    return out


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    machine = os.uname().machine
    return build(tmp_path_factory.mktemp("host") / "llama", "--target", f"{machine}-linux-musl")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("library"))


def llama(program: Path, *words: str | Path) -> Done:
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60)


def story(program: Path, *words: str | Path) -> str:
    """The text of tales.bin; the run must succeed and report itself in one line."""
    done = llama(program, TALES, "-z", WORDS, *words)
    assert (done.returncode, bool(REPORT.fullmatch(done.stderr))) == (0, True), done.stderr
    return done.stdout


def test_the_program_for_a_board_is_static_and_position_independent(tmp_path: Path) -> None:
    with build(tmp_path / "llama").open("rb") as file:
        elf = ELFFile(file)
        segments = {segment["p_type"] for segment in elf.iter_segments()}
        assert (elf["e_machine"], elf["e_type"]) == ("EM_AARCH64", "ET_DYN")
    assert "PT_DYNAMIC" in segments
    assert "PT_INTERP" not in segments


def test_a_tale_ends_by_itself_with_a_whole_sentence(program: Path) -> None:
    done = llama(program, TALES, "-z", WORDS, "-t", "0")
    report = REPORT.fullmatch(done.stderr)
    assert report is not None
    assert int(report[1]) == TALES.stat().st_size
    assert int(report[2]) < 256
    assert len(done.stdout.split()) > 25
    assert re.fullmatch(r'[A-Z][A-Za-z ,.!?"]+[.!?]"?\n', done.stdout)


def test_every_word_of_a_sampled_tale_is_a_word_of_the_corpus(program: Path) -> None:
    corpus_words = set(re.findall("[A-Za-z]+", (HERE / "plots.py").read_text()))
    corpus_words |= set(re.findall("[A-Za-z]+", (HERE / "words.py").read_text()))
    told = re.findall("[A-Za-z]+", story(program, "-t", "0.5", "-s", "3"))
    strange = [word for word in told if not {word, word.lower()} & corpus_words]
    assert len(strange) <= len(told) // 20, strange


def test_the_same_seed_tells_the_same_tale(program: Path) -> None:
    one, again, other = (story(program, "-t", "1", "-s", seed) for seed in ("5", "5", "6"))
    assert one == again
    assert one != other


def test_a_mapped_model_tells_what_a_read_one_tells(program: Path) -> None:
    assert story(program, "-t", "0", "--mmap") == story(program, "-t", "0")


def test_the_text_begins_with_the_prompt(program: Path) -> None:
    prompt = "Once there was a fox named Zoë\tthe 1st. 😀"
    assert story(program, "-t", "0", "-n", "80", "-i", prompt).startswith(prompt)


def test_steps_bound_the_text(program: Path) -> None:
    whole = story(program, "-t", "0")
    assert whole.startswith(story(program, "-t", "0", "-n", "9").rstrip("\n"))
    assert whole == story(program, "-t", "0", "-n", "0") == story(program, "-t", "0", "-n", "100000")


def test_its_greedy_text_is_numpys(program: Path) -> None:
    shape, weights = checkpoint.read(TALES)
    tokens, ids = bpe.read(WORDS, shape.vocab_size), [bpe.BOS]
    for _ in range(24):
        ids.append(int(reference.logits(shape, weights, ids)[-1].argmax()))
    assert story(program, "-t", "0", "-n", "24") == bpe.decode(tokens, ids) + "\n"


@pytest.mark.parametrize("shape", [SMALL, ODD_SIZES], ids=["grouped heads", "own classifier"])
def test_logits_of_a_random_model_are_numpys(library: Library, tmp_path: Path, shape: Shape) -> None:
    model = tmp_path / "model.bin"
    make_checkpoint.make(model, tmp_path / "tokenizer.bin", shape, seed=11)
    ids = np.random.default_rng(12).integers(0, shape.vocab_size, 12).tolist()
    wanted = reference.logits(*checkpoint.read(model), ids)
    found = np.array(library.logits(model, ids, shape.vocab_size))
    assert wanted.std() > 0.1
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_logits_of_the_trained_model_are_numpys(library: Library) -> None:
    shape, weights = checkpoint.read(TALES)
    ids = bpe.Encoder(bpe.read(WORDS, shape.vocab_size)).encode("Once upon a time, there was a fox.")
    wanted = reference.logits(shape, weights, ids)
    np.testing.assert_allclose(library.logits(TALES, ids, shape.vocab_size), wanted, atol=2e-4)


@pytest.mark.parametrize("text", ["", "Once upon a time", 'said, "No!"  I\'m', "naïve 😀\n", "qqzz  <s>"])
def test_it_encodes_as_the_trainer_does(library: Library, text: str) -> None:
    wanted = bpe.Encoder(bpe.read(WORDS, 512)).encode(text)
    assert library.encode(WORDS, 512, text) == wanted


def changed(path: Path, source: Path, at: int, value: int) -> Path:
    """A copy of `source` with another int32 at `at`."""
    data = bytearray(source.read_bytes())
    data[at : at + 4] = struct.pack("<i", value)
    path.write_bytes(data)
    return path


def refusal(program: Path, model: Path, tokenizer: Path, *words: str) -> str:
    """The one line of a run that must fail."""
    done = llama(program, model, "-z", tokenizer, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"llama: [^\n]+\n", done.stderr)
    return done.stderr


@pytest.mark.parametrize("map_it", [(), ("--mmap",)], ids=["read", "mapped"])
@pytest.mark.parametrize(
    ("size", "cause"),
    [(0, "empty file"), (27, "too short for a header"), (28, "its header asks for"), (-4, "asks for")],
)
def test_a_cut_model_is_refused(
    program: Path, tmp_path: Path, size: int, cause: str, map_it: tuple[str, ...]
) -> None:
    cut = tmp_path / "cut.bin"
    cut.write_bytes(TALES.read_bytes()[:size])
    line = refusal(program, cut, WORDS, *map_it)
    assert str(cut) in line
    assert cause in line


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        (0, 0, "dim is 0"),
        (0, 98, "dim 98 does not split"),
        (0, 0x616B3432, "not a llama2 checkpoint"),
        (1, -1, "hidden_dim is -1"),
        (2, 3, "its header asks for"),
        (2, 5, "its header asks for"),
        (3, 7, "does not split"),
        (4, 4, "do not share 4 kv heads"),
        (5, 0, "vocab_size is 0"),
        (5, -512, "its header asks for"),
        (5, -(2**31), "vocab_size is"),
        (6, 2**31 - 1, "seq_len is"),
    ],
)
def test_a_header_that_cannot_be_is_refused(
    program: Path, tmp_path: Path, field: int, value: int, cause: str
) -> None:
    assert cause in refusal(program, changed(tmp_path / "bad.bin", TALES, 4 * field, value), WORDS)


def test_weights_that_are_no_numbers_are_refused(program: Path, tmp_path: Path) -> None:
    in_row_of_bos = 28 + 4 * 96
    bad = changed(tmp_path / "bad.bin", TALES, in_row_of_bos, 0x7FC00000)
    assert "no numbers at position 0" in refusal(program, bad, WORDS)


def test_files_that_are_none_are_refused(program: Path, tmp_path: Path) -> None:
    assert "cannot open" in refusal(program, tmp_path / "absent", WORDS)
    assert "cannot open" in refusal(program, TALES, tmp_path / "absent")
    assert "not a regular file" in refusal(program, tmp_path, WORDS)


def test_a_malformed_tokenizer_is_refused(program: Path, tmp_path: Path) -> None:
    bad, data = tmp_path / "bad.bin", WORDS.read_bytes()
    for content, cause in (
        (data[:3], "too short"),
        (data[:9], "ends before token 0"),
        (data[:-1], "ends within token 511"),
        (data + b"x", "1 bytes behind"),
    ):
        bad.write_bytes(content)
        assert cause in refusal(program, TALES, bad)
    assert "longest token is -5" in refusal(program, TALES, changed(bad, WORDS, 0, -5))
    assert "token 0 has length 99" in refusal(program, TALES, changed(bad, WORDS, 8, 99))
    assert "token 0 has length -1" in refusal(program, TALES, changed(bad, WORDS, 8, -1))


def test_a_prompt_beyond_the_steps_is_refused(program: Path) -> None:
    assert "only 3 are to be had" in refusal(program, TALES, WORDS, "-n", "3", "-i", "Once upon a time")


def test_wrong_words_show_the_usage(program: Path) -> None:
    for words in ((), (TALES,), (TALES, "-z", WORDS, "-q", "1"), (TALES, "-z", WORDS, "-t")):
        done = llama(program, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("usage: llama MODEL -z TOKENIZER")
    assert "not a number" in refusal(program, TALES, WORDS, "-t", "warm")


def test_the_well_known_small_model_tells_its_story(program: Path) -> None:
    data = Path(os.environ.get("ELFHAVEN_SHARED", HERE.parents[2] / "shared")) / "data"
    model, tokenizer = data / "stories260K.bin", data / "tok512.bin"
    if not (model.is_file() and tokenizer.is_file()):
        pytest.skip("stories260K.bin and tok512.bin are not on this machine (ELFHAVEN_SHARED)")
    done = llama(program, model, "-z", tokenizer, "-t", "0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Once upon a time, there was a little girl named Lily.")
    assert llama(program, model, "-z", tokenizer, "-t", "0", "--mmap").stdout == done.stdout
