# SPDX-License-Identifier: BSD-2-Clause
"""A byte-pair tokenizer: learnt from text, written as tokenizer.bin, and used to encode.

The vocabulary is <unk>, BOS, EOS, the 256 bytes, the pieces in the order they were learnt, and the
characters. A piece is a run of letters or of signs, with at most one space before it, so no merge
ever reaches over the edge of a word.
"""

import re
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

UNKNOWN, BOS, EOS = range(3)
SPECIAL = (b"<unk>", b"\n<s>\n", b"\n</s>\n", *(b"<0x%02X>" % byte for byte in range(256)))
WORD = re.compile(r" ?[A-Za-z]+| ?[^A-Za-z ]+| ")


def join(pieces: Sequence[str], wanted: str) -> list[str]:
    """`pieces` with every two neighbours that make `wanted` joined, from the left."""
    joined: list[str] = []
    for piece in pieces:
        if joined and joined[-1] + piece == wanted:
            joined[-1] = wanted
        else:
            joined.append(piece)
    return joined


def _best_pair(words: Sequence[tuple[list[str], int]]) -> str:
    pairs: Counter[str] = Counter()
    for pieces, count in words:
        for left, right in pairwise(pieces):
            pairs[left + right] += count
    return min(pairs, key=lambda text: (-pairs[text], text))


def learn(texts: Iterable[str], vocab_size: int) -> list[bytes]:
    """The tokens' texts by id, `vocab_size` of them; the most frequent pair is joined first."""
    counts = Counter(word for text in texts for word in WORD.findall(" " + text))
    characters: Counter[str] = Counter()
    for word, count in counts.items():
        characters.update({character: word.count(character) * count for character in set(word)})
    alphabet = sorted(characters, key=lambda c: (-characters[c], c))
    words = [(list(word), count) for word, count in sorted(counts.items())]
    learnt: list[str] = []
    while len(SPECIAL) + len(learnt) + len(alphabet) < vocab_size:
        learnt.append(_best_pair(words))
        words = [(join(pieces, learnt[-1]), count) for pieces, count in words]
    return [*SPECIAL, *(piece.encode() for piece in (*learnt, *alphabet))]


def write(path: Path, tokens: Sequence[bytes]) -> None:
    """Writes tokenizer.bin; a piece's score is the higher the earlier it was learnt."""
    records = [struct.pack("<i", max(map(len, tokens)))]
    for index, text in enumerate(tokens):
        score = 0.0 if index < len(SPECIAL) else float(len(SPECIAL) - index)
        records.append(struct.pack("<fi", score, len(text)) + text)
    path.write_bytes(b"".join(records))


def read(path: Path, vocab_size: int) -> list[bytes]:
    """The tokens' texts by id."""
    data, at = path.read_bytes(), 4
    tokens: list[bytes] = []
    for _ in range(vocab_size):
        (length,) = struct.unpack_from("<i", data, at + 4)
        tokens.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return tokens


class Encoder:
    """Text to ids, as the C program does it: the best-scored pair is joined first."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        self._ids = {text.decode(): index for index, text in enumerate(tokens) if index >= len(SPECIAL)}
        self._known: dict[str, list[int]] = {}

    def _encode_word(self, word: str) -> list[int]:
        pieces = list(word)
        while True:
            pairs = {left + right for left, right in pairwise(pieces)} & self._ids.keys()
            if not pairs:
                return [index for piece in pieces for index in self._piece_ids(piece)]
            pieces = join(pieces, min(pairs, key=self._ids.__getitem__))

    def _piece_ids(self, piece: str) -> list[int]:
        """The piece's own id, or those of its bytes."""
        known = self._ids.get(piece)
        return [3 + byte for byte in piece.encode()] if known is None else [known]

    def encode(self, text: str) -> list[int]:
        """BOS, then the text behind a space."""
        ids = [BOS]
        for word in WORD.findall(" " + text) if text else ():
            if word not in self._known:
                self._known[word] = self._encode_word(word)
            ids += self._known[word]
        return ids


def decode(tokens: Sequence[bytes], ids: Sequence[int]) -> str:
    """The text behind BOS, without the space at its very beginning."""
    text = b"".join(bytes([i - 3]) if 3 <= i < len(SPECIAL) else tokens[i] for i in ids if i > EOS)
    return text.decode(errors="replace").removeprefix(" ")
