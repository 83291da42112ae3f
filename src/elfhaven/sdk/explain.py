# SPDX-License-Identifier: BSD-2-Clause
"""What a result code means, what usually causes it, and what to do: for a person who has just met one."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import Final

from elfhaven.abi import gp
from elfhaven.errors import UsageError
from elfhaven.sdk.explanations import ORIGINS, ROWS, Row

_PREFIXES: Final = ("TEE_", "TEEC_", "TEE_ERROR_", "TEEC_ERROR_", "TEE_ISOCKET_ERROR_", "TEE_ISOCKET_")
_OWN = Row(
    "a code of the TA's own: GlobalPlatform gives it no meaning",
    ("the TA returned it from one of its entry points",),
    "look it up in the TA's own header or source",
)
_RESERVED = Row(
    "a code that GlobalPlatform reserves and does not name",
    ("a newer TEE, or memory that was taken for a result",),
    "see whether the call succeeded at all, and where the result was read from",
)
_PANIC = Row(
    "not a result: OP-TEE prints it for a TA that died of a fault",
    ("the TA read or wrote where it may not, or jumped there; what the console says before tells which",),
    "read the abort report on the secure console",
)
_STALE_ABORT = 0xDEADBEEF


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code. `causes` are the usual ones, most frequent first; `origins` says who can have sent it."""

    code: int
    name: str
    means: str
    causes: tuple[str, ...]
    fix: str
    origins: tuple[str, ...]

    def as_values(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self) | {"code": f"{self.code:#010x}"}


def explain(word: str) -> Explanation:
    """Explain a TEE_Result by number (any base, negative too) or by name, with or without its prefix.

    UsageError for what is neither.
    """
    code = _number(word)
    if code is None:
        code = _named(word)
    name = gp.RESULT_NAMES.get(code, "")
    row = ROWS.get(code) or _unnamed(code)
    return Explanation(code, name, row.means, row.causes, row.fix, ORIGINS)


def _unnamed(code: int) -> Row:
    if code == _STALE_ABORT:
        return _PANIC
    return _RESERVED if code >= 0xF0000000 else _OWN


def _number(word: str) -> int | None:
    """The 32 bits that a number means; None for what is no number."""
    try:
        value = int(word, 0)
    except ValueError:
        try:
            value = int(word, 16) if len(word) == 8 else int(word)
        except ValueError:
            return None
    if not -(1 << 31) <= value < 1 << 32:
        raise UsageError(f"{word} is no 32-bit number", "a TEE_Result has 32 bits, for instance 0xffff000f")
    return value & 0xFFFFFFFF


def _named(word: str) -> int:
    by_name: dict[str, int] = {name: code for code, name in gp.RESULT_NAMES.items()}
    wanted = word.upper().replace("TEEC_", "TEE_")
    for prefix in ("", *_PREFIXES):
        if prefix + wanted in by_name:
            return by_name[prefix + wanted]
    near = difflib.get_close_matches(wanted, by_name, 3, 0.4)
    fix = f"did you mean {' or '.join(near)}?" if near else "give a number such as 0xffff000f, or a name"
    raise UsageError(f"no result is called {word!r}", fix)
