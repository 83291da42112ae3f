# SPDX-License-Identifier: BSD-2-Clause
"""Which path a denial means, guessed from what the caller knows anyway.

The runtime tells which rule denied and not which path: that would leave the TEE. But the arguments, and the
variables that the policy lets in, are the caller's own; so are the files that they name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from elfhaven.manifest import Policy

_WRITE = "files.write"
_PATH = '"PATH"'


def known_paths(argv: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """Words that may name files: arguments, what stands behind `=` or a one-letter option in them, and the
    parts of the variables that are let in."""
    words = [form for word in argv[1:] for form in _forms(word)]
    words += [part for value in env.values() for part in value.split(":") if part.startswith("/")]
    return tuple(dict.fromkeys(filter(None, words)))


def _forms(word: str) -> Iterator[str]:
    yield word
    if "=" in word:
        yield word.partition("=")[2]
    elif word.startswith("-") and not word.startswith("--"):
        yield word[2:]


def name_paths(line: str, policy: Policy, known: Sequence[str], cwd: str) -> str:
    """A denial's line with PATH replaced by what of `known` the rule would have to name, if anything does."""
    writing = _WRITE in line
    decide = policy.allows_write if writing else policy.allows_read
    suits = _names_new_file if writing else _names_file  # an input must never be offered for writing
    named = [f'"{word}"' for word in known if suits(word, cwd) and not decide(_absolute(word, cwd), cwd)]
    return line.replace(_PATH, ", ".join(named)) if named else line


def _names_file(word: str, cwd: str) -> bool:
    path = _absolute(word, cwd)
    return os.path.lexists(path) or ("/" in word and os.path.isdir(os.path.dirname(path)))


def _names_new_file(word: str, cwd: str) -> bool:
    path = _absolute(word, cwd)
    named = "/" in word or "." in word
    return named and not os.path.lexists(path) and os.path.isdir(os.path.dirname(path))


def _absolute(word: str, cwd: str) -> str:
    return os.path.join(cwd, word)
