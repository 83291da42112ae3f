# SPDX-License-Identifier: BSD-2-Clause
"""What `make demo` shows: a language model, unmodified, telling its tale on Linux and inside the TEE."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from elfhaven.errors import TargetError, UsageError
from elfhaven.sdk.log import verify_audit
from elfhaven.sdk.program import Result, run

_NATIVE = ("x86_64-linux-musl", "aarch64-linux-musl")  # what examples/llama/build.py knows
_REPORT = re.compile(
    r"loaded (\d+) bytes in ([0-9.e+-]+) s \(([0-9.e+-]+) MB/s\); "
    r"(\d+) tokens in ([0-9.e+-]+) s \(([0-9.e+-]+) tokens/s\)"
)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Told:
    """What one telling gave: its text, and the figures that the program reports of itself."""

    text: bytes
    megabytes_per_second: float
    tokens_per_second: float


def run_demo(steps: int, say: Say) -> int:
    """Builds, runs natively and inside, verifies the log; 0 where both told the same."""
    example = find_example()
    words = ("tales.bin", "-z", "tales-tok.bin", "-t", "0", "-n", str(steps))
    with tempfile.TemporaryDirectory(prefix="elfhaven-demo-") as work:
        say("building examples/llama with zig cc, for aarch64 and for this machine")
        program, native = build(example, Path(work))
        outside = natively(native, words, example) if native else None
        audit = Path(work) / "audit.log"
        manifest = example / "elfhaven.toml"
        say(f"running it inside under {manifest.name}, every call that leaves recorded")
        result = run(program, *words, manifest=manifest, audit=audit, cwd=example, capture=True, on_note=say)
        inside = _told(result.status, result.stdout, result.stderr)
        verdict = verify_audit(audit)
    say("\n" + inside.text.decode(errors="replace").strip() + "\n")
    for line in table(inside, outside, result):
        say(line)
    say(f"audit log {verdict.text}")
    same = outside is None or inside.text == outside.text
    say("inside and outside told the same tale" if same else "INSIDE AND OUTSIDE TOLD DIFFERENT TALES")
    return 0 if same and verdict.good else 1


def find_example() -> Path:
    """The llama example of the clone that this package lies in. Raises UsageError outside a clone."""
    for root in (Path(__file__).resolve().parents[3], Path.cwd()):
        if (root / "examples/llama/build.py").is_file():
            return root / "examples/llama"
    raise UsageError("the demo's example is not here", "run the demo in a clone of elfhaven: make demo")


def build(example: Path, work: Path) -> tuple[Path, Path | None]:
    """The program for aarch64, and for this machine where zig can make it. Raises TargetError."""
    targets: list[tuple[Path, tuple[str, ...]]] = [(work / "llama", ())]
    if f"{platform.machine()}-linux-musl" in _NATIVE:
        targets.append((work / "llama-native", ("--target", f"{platform.machine()}-linux-musl")))
    for path, options in targets:
        command = [sys.executable, str(example / "build.py"), *options, "-o", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise TargetError(
                f"the example does not build: {done.stderr.strip()[-400:]}",
                "install ziglang: pip install 'elfhaven[dev]'",
            )
    return targets[0][0], targets[1][0] if len(targets) > 1 else None


def natively(program: Path, words: Sequence[str], cwd: Path) -> Told:
    """The same telling as an ordinary process of this machine."""
    done = subprocess.run([str(program), *words], cwd=cwd, capture_output=True, stdin=subprocess.DEVNULL)
    return _told(done.returncode, done.stdout, done.stderr)


def _told(status: int, text: bytes | None, report: bytes | None) -> Told:
    match = _REPORT.search((report or b"").decode(errors="replace"))
    if status or match is None:
        raise TargetError(
            f"the example ended with status {status}: {(report or b'').decode(errors='replace')[-400:]}"
        )
    return Told(text or b"", float(match[3]), float(match[6]))


def table(inside: Told, outside: Told | None, result: Result) -> list[str]:
    """The figures, a line each."""
    rows = [
        ("tokens/s", inside.tokens_per_second, outside and outside.tokens_per_second),
        ("load, MB/s", inside.megabytes_per_second, outside and outside.megabytes_per_second),
    ]
    lines = [f"{'':<24}{'inside':>12}{'native':>12}"]
    lines += [
        f"{name:<24}{within:>12.1f}{'-' if native is None else f'{native:.1f}':>12}"
        for name, within, native in rows
    ]
    lines += [
        f"{'calls served inside':<24}{result.served:>12}",
        f"{'calls that left':<24}{result.delegated:>12}",
    ]
    return lines + [f"  {name:<22}{count:>12}" for name, count in result.crossings.items()]
