# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven new`: a project of a Python TA that runs at once."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from string import Template

from elfhaven.errors import UsageError
from elfhaven.sdk.new_c import FILES as c_files
from elfhaven.sdk.new_c import TESTS

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

_PROTO = '''"""What client and TA agree on."""

UUID = "$uuid"

INCREMENT = 0  # one value, in and out: a becomes a + 1
GREET = 1  # a name; room for the greeting
'''

_TA = '''"""The TA: what runs inside."""

from elfhaven.ta import MemrefOutput, TrustedApplication, ValueInout, command, trace
from proto import GREET, INCREMENT, UUID


class $type(TrustedApplication):
    uuid = UUID
    description = "$name"

    @command(INCREMENT)
    def increment(self, value: ValueInout) -> None:
        trace(f"increment {value.a}")
        value.a += 1

    @command(GREET)
    def greet(self, name: bytes, out: MemrefOutput) -> None:
        out.write(b"Hello, " + name)
'''

_CLIENT = '''"""The client: what runs outside."""

import sys

from elfhaven.client import Context, MemRef, Value
from proto import GREET, INCREMENT, UUID
from ta import $type


def main(number: int = 41) -> None:
    with Context(tas=[$type]) as tee, tee.open_session(UUID) as session:
        (value,) = session.invoke(INCREMENT, Value.inout(number))
        (_, text) = session.invoke(GREET, MemRef.input(b"world"), MemRef.output(64))
        print(f"{number} + 1 = {value.a}; {text.decode()}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
'''

_TEST = f'''"""Tests of the TA, from a client's side. `session` and `tee` are fixtures of elfhaven.testing."""

{TESTS}

def test_wrong_types(session, console):
    with pytest.raises(BadParameters):
        session.invoke(INCREMENT, Value(41))
    assert any("expected (value inout), got (value input)" in line for line in console)
'''

_SETTINGS = """[project]
name = "$name"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["elfhaven"]

[tool.elfhaven]
tas = ["ta.py"]

[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]

[tool.coverage.run]
concurrency = ["greenlet", "thread"]
"""

_README = """# $name
A Trusted Application in Python, and a client for it.

    elfhaven ta run       runs client.py, which opens a session with the TA on the emulator
    elfhaven ta test      runs tests/

`proto.py` is what both sides agree on: the UUID ($uuid) and the commands. `ta.py` is the TA, `client.py` the
client. A client program in C, built for aarch64, reaches the same TA: `elfhaven ta run ./program`.
"""

FILES = {
    "proto.py": _PROTO,
    "ta.py": _TA,
    "client.py": _CLIENT,
    "tests/test_ta.py": _TEST,
    "pyproject.toml": _SETTINGS,
    "README.md": _README,
}


def new_project(directory: Path, name: str | None = None, *, c: bool = False) -> list[Path]:
    """Writes a project into a directory that is not there or empty; its files. Its TA is in Python, or in C.
    Raises UsageError."""
    name = name or directory.name
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a TA", "begin with a letter; letters, digits, - and _ follow"
        )
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageError(f"{directory} is there already", "name a new directory")
    chosen = uuid.uuid4()
    words = {
        "name": name,
        "type": "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]", name)),
        "uuid": str(chosen),
        "c_uuid": c_uuid(chosen),
    }
    made = []
    for relative, text in (c_files if c else FILES).items():
        path = directory / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), encoding="utf-8")
        made.append(path)
    return made


def c_uuid(one: uuid.UUID) -> str:
    """The initializer of a TEE_UUID."""
    low, middle, high = one.fields[:3]
    rest = ", ".join(f"{byte:#04x}" for byte in one.bytes[8:])
    return f"{{{low:#010x}, {middle:#06x}, {high:#06x}, {{{rest}}}}}"
