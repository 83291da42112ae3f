# SPDX-License-Identifier: BSD-2-Clause
"""What compiled code is made for and made by: the host's processor, LLVM, and the tier's own sources.

LLVM is not loaded to learn it: a program whose code is in the cache never needs LLVM.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from elfhaven.errors import UsageError

CPUINFO = Path("/proc/cpuinfo")
NEEDED = ("fma", "f16c", "ssse3", "sse4.2", "aes", "pclmul")  # of the host, by LLVM's names: rows use it
_NAMES = {"sse4.2": "sse4_2", "pclmul": "pclmulqdq", "sha": "sha_ni"}  # LLVM's names as Linux has them
_TELLING = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
_HEAD = 1 << 14  # bytes of the file: the first processor


@dataclass(frozen=True)
class Processor:
    """`flags` as Linux names them; `identity` differs where LLVM might compile differently."""

    flags: frozenset[str]
    identity: str

    def has(self, feature: str) -> bool:
        """Whether it has a feature, by LLVM's name."""
        return _NAMES.get(feature, feature) in self.flags


def processor(source: Path = CPUINFO) -> Processor:
    """The processor that runs this; one without flags where the host does not say."""
    try:
        with source.open(encoding="ascii", errors="replace") as file:
            head = file.read(_HEAD).partition("\n\n")[0]
    except OSError:
        head = ""
    fields = {}
    for line in head.splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    identity = "\n".join(fields.get(name, "") for name in _TELLING)
    return Processor(frozenset(fields.get("flags", "").split()), identity)


def binding() -> Path:
    """The directory of llvmlite; UsageError where it is not installed."""
    found = find_spec("llvmlite")
    if found is None or found.origin is None:
        raise UsageError(
            "the native engine needs llvmlite, which is not installed",
            "pip install 'elfhaven[native]', or take --engine interpreter",
        )
    return Path(found.origin).parent


def check() -> None:
    """UsageError where the native engine cannot be had."""
    binding()
    found = processor()
    lacking = [name for name in NEEDED if not found.has(name)]
    if lacking:
        raise UsageError(
            f"the native engine needs a processor of x86-64 with {', '.join(lacking)}",
            "take --engine interpreter, or a newer host",
        )


def maker() -> str:
    """A digest of what makes compiled code: LLVM's library, by size and date, and the tier's sources."""
    made = sha256()
    for file in sorted((binding() / "binding").glob("libllvmlite.*")):
        stat = file.stat()
        made.update(f"{file} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        content = source.read_bytes()
        made.update(f"{source.name} {len(content)}\n".encode() + content)
    return made.hexdigest()
