# SPDX-License-Identifier: BSD-2-Clause
"""docs/walk-of-a-write.md tells the truth: its names exist, and one write passes its steps in order.

The committed trace is walk.txt. To make it again after a change of the walk, run this file's test with
ELFHAVEN_GOLDEN=write in the environment and look at the difference.
"""

from __future__ import annotations

import ast
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.golden.recorder import RecordedAgent, RecordedDriver, RecordedWorld, Recorder
from tests.support import zig

from elfhaven import manifest as manifests
from elfhaven.calls.linux import LINUX
from elfhaven.image.reader import Elf
from elfhaven.image.scan import sites
from elfhaven.image.ta import parse
from elfhaven.manifest import decode
from elfhaven.normal.client import Context
from elfhaven.normal.handlers import Call
from elfhaven.normal.policy import RootPolicy
from elfhaven.normal.process import Process
from elfhaven.normal.supplicant import FileService, Images
from elfhaven.packing import PackedTa, local_public, pack, read_contents, signer
from elfhaven.secure.config import CoreConfig
from elfhaven.secure.core import build

ROOT = Path(__file__).resolve().parents[2]
WALK = ROOT / "docs" / "walk-of-a-write.md"
GOLDEN = Path(__file__).with_name("walk.txt")
PROGRAM = r"""
int main(void) {
    register long x8 __asm__("x8") = 64;
    register long x0 __asm__("x0") = 1;
    register const char *x1 __asm__("x1") = "hello\n";
    register long x2 __asm__("x2") = 6;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return (int)x0;
}
"""
NORMAL_SIZE = 64 << 20

_STEP = re.compile(r"^(\d+)\. (.*?)(?=^\d+\. |^#|\Z)", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`((?:src|runtime)/[\w./]+)`((?:,? `[\w.]+`)+)")
_PART = re.compile(r"^## .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedTa:
    rules = manifests.loads('name = "walk"\ndebug = true\n')
    return pack(zig.compile_program(PROGRAM), rules, tmp_path_factory.mktemp("walk"), signer(None))


class LyingAgent(RecordedAgent):
    """Claims one byte more than it was given."""

    def perform(self, call: Call) -> int:
        return super().perform(call) + 1


def walk(packed: PackedTa, kind: type[RecordedAgent], output: Path) -> Recorder:
    """Runs the program once, under recorded seams."""
    recorder = Recorder()
    image = packed.path.read_bytes()
    normal, core = build(CoreConfig(trusted=(local_public(),)), NORMAL_SIZE)
    images = Images((), {packed.uuid: image})
    files = FileService(output.parent / "secure")
    driver = RecordedDriver(RecordedWorld(core, normal, recorder), normal, images, files, recorder)
    with _open(output) as out, Context(driver) as context, context.open_session(packed.uuid) as session:
        policy = RootPolicy.of(decode(packed.policy), str(output.parent))
        agent = kind(policy, (out, out, out), recorder)
        process = Process(session, agent, trace=lambda line: _traced(recorder, line))
        recorder.note(25, f"the program ended with status {process.run(['walk'], {}, str(output.parent))}")
        agent.close()
    driver.close()
    assert not any(core.leaks().values()), core.leaks()
    core.close()
    files.close()
    return recorder


@contextmanager
def _open(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _traced(recorder: Recorder, line: str) -> None:
    call = line.partition("] ")[2]
    if call.startswith("write("):
        recorder.note(25, f"trace: {call}")


def rebound_site(packed: PackedTa) -> list[str]:
    """What the packer made of the program's `svc #0` for write, and the stub behind it."""
    program = Elf.parse(zig.compile_program(PROGRAM).read_bytes(), "walk")
    write = LINUX.by_name("write").number
    site = next(site.address for site in sites(program).svc if site.call == write)
    ta = parse(packed.path.read_bytes(), "walk")
    contents, elf = read_contents(ta), Elf.parse(ta.image, "walk")
    assert contents is not None
    at = contents.images[0].base + site
    stub = _target(at, _word(elf, at))
    words = [_word(elf, stub + 4 * index) for index in range(4)]
    enter, back = _target(stub + 4, words[1]), _target(stub + 12, words[3])
    assert _word(elf, enter) & 0x9F00001F == 0x90000011  # adrp x17: the first instruction of eh_sys_enter
    assert back == at + 4
    return [
        " 1 packer: the program's `svc #0` for write is a branch to its stub",
        f" 1 stub: {words[0]:#010x}, bl eh_sys_enter, {words[2]:#010x}, b to the instruction after the site",
    ]


def _word(elf: Elf, address: int) -> int:
    data = elf.bytes_at(address, 4)
    assert data is not None
    return int(struct.unpack("<I", data)[0])


def _target(address: int, word: int) -> int:
    """Where `b` or `bl` goes."""
    assert word >> 26 in (0b000101, 0b100101), f"{word:#010x} is no branch"
    offset = word & 0x3FFFFFF
    return address + 4 * (offset - (1 << 26) if offset >> 25 else offset)


def test_one_delegated_write_passes_the_steps_of_the_walk(packed: PackedTa, tmp_path: Path) -> None:
    output = tmp_path / "output"
    lines = [*rebound_site(packed), *walk(packed, RecordedAgent, output).lines]
    assert output.read_bytes() == b"hello\n"
    text = "\n".join(lines) + "\n"
    if os.environ.get("ELFHAVEN_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_a_lie_of_the_agent_shows_and_the_program_gets_an_error(packed: PackedTa, tmp_path: Path) -> None:
    golden = GOLDEN.read_text().splitlines()
    lines = walk(packed, LyingAgent, tmp_path / "output").lines
    changed = [line for line in lines if line not in golden]
    assert changed == [
        "15 control block: ANSWERED, result 7",
        "24 control block: EXITED, status 255, 1 delegated",
        "25 trace: write(1, ADDRESS, 6) = -1 EPERM",
        "25 the program ended with status 255",
    ]


def test_the_trace_ascends_through_steps_that_the_walk_has() -> None:
    steps = [int(line[:2]) for line in GOLDEN.read_text().splitlines()]
    assert steps == sorted(steps)
    assert set(steps) <= {number for number, _ in _steps()}


def test_the_walk_counts_its_steps_from_one() -> None:
    numbers = [number for number, _ in _steps()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_name_in_the_walk_exists() -> None:
    named = [(path, name) for _, text in _steps() for path, names in _names(text) for name in names]
    assert len(named) > 40
    assert [f"{path}: {name}" for path, name in named if name not in _defined(ROOT / path)] == []


def test_every_step_names_a_file_and_no_part_more_than_six() -> None:
    assert [number for number, text in _steps() if not list(_names(text))] == []
    for part in _PART.findall(WALK.read_text()):
        files = {path for path, _ in _names(part)}
        assert len(files) <= 6, part.splitlines()[0]


def _steps() -> list[tuple[int, str]]:
    return [(int(number), text) for number, text in _STEP.findall(WALK.read_text())]


def _names(text: str) -> Iterator[tuple[str, list[str]]]:
    """Files that a text names, each with the names in backquotes right behind it."""
    for path, names in _NAMED.findall(" ".join(text.split())):
        yield path, re.findall(r"`([\w.]+)`", names)


def _defined(path: Path) -> set[str]:
    text = path.read_text()
    if path.suffix == ".py":
        return set(_python_names(ast.parse(text).body, ""))
    if path.suffix == ".S":
        return set(re.findall(r"^(?:function\s+)?(\w+):?$", text, re.MULTILINE))
    return set(re.findall(r"^[\w*][\w* ()]*?\b(\w+)\(", text, re.MULTILINE))


def _python_names(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from _python_names(node.body, f"{node.name}.")
