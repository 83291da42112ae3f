# SPDX-License-Identifier: BSD-2-Clause
"""A line of the table, and what is read from a program's output."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.yardsticks import ROOT


@dataclass(frozen=True)
class Row:
    """One line of the table. `goal` is empty where none is set."""

    what: str
    figures: str
    ratio: str
    goal: str = ""


def first(text: str) -> float:
    """The number that a program's output begins with."""
    return float(text.split()[0])


def tokens(text: str) -> float:
    """Tokens a second, as the llama example says them."""
    found = re.search(r"\(([0-9.]+) tokens/s\)", text)
    if found is None:
        raise SystemExit(f"bench: no tokens/s in {text[-200:]!r}")
    return float(found[1])


def example(name: str, target: str | None = None) -> Path:
    """An example program, built."""
    builder = ROOT / "examples" / ("llama/build.py" if name == "llama" else "build.py")
    out = ROOT / ".build" / f"{name}-{target or 'aarch64'}"
    out.parent.mkdir(exist_ok=True)
    words = ["-o", str(out), *(["--target", target] if target else [])] if name == "llama" else [name]
    done = subprocess.run([sys.executable, str(builder), *words], check=True, capture_output=True, text=True)
    return out if name == "llama" else Path(done.stdout.strip())
