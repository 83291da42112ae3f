# SPDX-License-Identifier: BSD-2-Clause
"""Published vectors (NIST CAVP, RFCs) in the files of cryptography-vectors, and what their tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cryptography_vectors import open_vector_file

from elfhaven.secure.crypto.numbers import Random
from elfhaven.secure.result import TeeResult

Record = dict[str, str]
MAINS = {"SHA1": 2, "SHA224": 3, "SHA256": 4, "SHA384": 5, "SHA512": 6}  # digests, as algorithms number them


def records(path: str, last: str, every: int = 1) -> Iterator[Record]:
    """One record each time that `last` is told: with what was told before and still holds.

    Names are in lower case; headings [a = b, c] give theirs, too, and the last of them is "heading". `every`
    takes a sample.
    """
    told: Record = {}
    count = 0
    with open_vector_file(path, "r") as file:
        for line in file:
            text = line.split("#")[0].strip()
            if text.startswith("["):
                told["heading"] = text.strip("[]")
            parts = text.strip("[]").split(",") if text.startswith("[") else [text]
            for part in parts:
                name, _, value = part.partition("=")
                told[name.strip().lower()] = value.strip()
            if parts[0].partition("=")[0].strip().lower() == last.lower():
                if count % every == 0:
                    yield dict(told)
                count += 1


def fixed(*contents: str) -> Random:
    """A source that gives these bytes, one string for each time it is asked."""
    left = [bytes.fromhex(content) for content in contents]

    def random(size: int) -> bytes:
        found = left.pop(0)
        assert len(found) == size
        return found

    return random


def code_of(action: Callable[[], object]) -> int:
    """0, or the result that it ends with."""
    try:
        action()
    except TeeResult as error:
        return error.code
    return 0


def digest_of(heading: str) -> int:
    """The digest that a heading ends with."""
    return MAINS[heading.split(",")[-1].strip().replace("-", "")]
