# SPDX-License-Identifier: BSD-2-Clause
"""Published vectors (NIST CAVP, RFCs) in the files of the package cryptography-vectors."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography_vectors import open_vector_file

Record = dict[str, str]


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
