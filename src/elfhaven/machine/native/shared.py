# SPDX-License-Identifier: BSD-2-Clause
"""The prelude in two parts: what is inlined comes with every module; what is called is compiled once, with
the dispatcher, and only declared in the others: it would take longer than most regions."""

from __future__ import annotations

import re

from elfhaven.machine.native.prelude import PRELUDE

_CALLED = re.compile(r"^define internal (?P<head>[^{]*\bnoinline\b[^{]*)(?P<body>\{.*?^\}\n)", re.M | re.S)
_NAME = re.compile(r"@(\w+)\(")


def _name(head: str) -> str:
    found = _NAME.search(head)
    assert found is not None, head
    return found[1]


INLINED = _CALLED.sub("", PRELUDE)
SHARED = "".join(f"define {found['head']}{found['body']}" for found in _CALLED.finditer(PRELUDE))
DECLARED = "".join(f"declare {found['head'].strip()}\n" for found in _CALLED.finditer(PRELUDE))
NAMES = tuple(_name(found["head"]) for found in _CALLED.finditer(PRELUDE))
