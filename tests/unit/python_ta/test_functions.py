# SPDX-License-Identifier: BSD-2-Clause
"""The table of the Internal Core API: complete, and true."""

from __future__ import annotations

import re
from functools import reduce
from pathlib import Path

import elfhaven.ta
import elfhaven.ta.arithmetic  # makes it an attribute
from elfhaven.ta.functions import functions

TESTS = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


def test_every_row() -> None:
    rows = functions()
    assert len(rows) == len({row.name for row in rows}) == 132
    for row in rows:
        if not row.is_language:
            assert reduce(getattr, row.form.split("."), elfhaven.ta), row
        assert re.search(rf"^def {row.test}\(", TESTS, re.M), row.test


def test_forms_say_which_function_they_are() -> None:
    """What is called in Python names its C function in its docstring, so that help() finds it."""
    arithmetic = {row.form for row in functions() if row.group == "Arithmetic"}
    for row in functions():
        if row.is_language or row.form in arithmetic or row.form.endswith("__iter__"):
            continue
        made = reduce(getattr, row.form.split("."), elfhaven.ta)
        text = (made.__init__.__doc__ if isinstance(made, type) else made.__doc__) or ""
        known = text + (made.__doc__ or "")
        assert f"TEE_{row.name.rstrip('1')}" in known or row.name == "FreeTransientObject", row
