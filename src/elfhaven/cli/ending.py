# SPDX-License-Identifier: BSD-2-Clause
"""How a command ends: every error as two lines and a status.

Status 2 for errors of elfhaven itself; 125 for those of `run`, `ree`, `record` and
`stats`, whose other statuses are the program's own.
A reader that closes standard output ends the command with 141, as SIGPIPE would.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from elfhaven.errors import ElfhavenError

DEBUG = "ELFHAVEN_DEBUG"  # set: an error of elfhaven itself shows where it arose
ERROR, RUN_ERROR, INTERRUPTED, CLOSED_PIPE = 2, 125, 130, 141


def ended(words: Sequence[str], execute: Callable[[Sequence[str]], int]) -> int:
    """The status of `execute(words)`, whatever happens in it."""
    status = failed(words)
    _fill_closed_streams()
    try:
        return execute(words)
    except ElfhavenError as error:
        return complain(status, error.cause, error.fix)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # what is still buffered for the closed pipe must not be tried again when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except OSError as error:
        return complain(status, f"{error.filename or 'input or output'}: {error.strerror or error}", None)
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        missing = _missing(error)
        if missing:
            return complain(status, f"the Python package {missing} is not installed", _WITHOUT)
        return complain(
            status,
            f"internal error: {type(error).__name__}: {error}",
            f"report it, with what {DEBUG}=1 shows",
        )


_WITHOUT = (
    "pip install elfhaven; without more than python3 only `run --target device FILE.ta` works, on a board"
)


def failed(words: Sequence[str]) -> int:
    """The status of a command that elfhaven itself could not do."""
    return RUN_ERROR if words and words[0] in ("run", "ree", "record", "stats") else ERROR


def complain(status: int, cause: str, fix: str | None) -> int:
    """Tells of an error on stderr; gives `status` back."""
    try:
        print(f"elfhaven: {cause}", *([f"  fix: {fix}"] if fix else []), sep="\n", file=sys.stderr)
    except OSError:
        pass
    return status


def _missing(error: Exception) -> str | None:
    """The package that an import did not find, if it is none of elfhaven's own modules."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    package = (name or "").partition(".")[0]
    return package if package not in ("", "elfhaven") else None


def _fill_closed_streams() -> None:
    """A standard stream that the caller closed leads to /dev/null: no file may come to lie in its place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))
