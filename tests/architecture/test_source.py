# SPDX-License-Identifier: BSD-2-Clause
"""Rules that hold for every file of the tree."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import elfhaven

ROOT = Path(__file__).resolve().parents[2]
CODE = {".py": "# ", ".c": "// ", ".h": "// ", ".S": "// ", ".lds": "/* "}
TEXT = {*CODE, ".md", ".toml", ".txt", ".sh"}
LONGEST = 380
ABSOLUTE = re.compile(r"(?<![\w.])/(?:work|root|tmp/[a-z]{2})/\w+")


def tracked() -> Iterator[Path]:
    """Files that git knows, as they lie in the tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


@pytest.fixture(scope="module")
def files() -> list[Path]:
    try:
        return list(tracked())
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a clone: git lists the files")


def test_every_source_names_its_licence(files: list[Path]) -> None:
    without = [
        str(path.relative_to(ROOT))
        for path in files
        if path.suffix in CODE and path.stat().st_size
        if "SPDX-License-Identifier: BSD-2-Clause" not in path.read_text()[:200]
    ]
    assert without == []


def test_no_path_of_one_machine_stands_anywhere(files: list[Path]) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        if path.suffix in TEXT and path != Path(__file__)
        for match in ABSOLUTE.finditer(path.read_text())
    ]
    assert found == []


def test_no_file_is_overlong(files: list[Path]) -> None:
    longest = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if path.suffix in CODE and not {"generated", "programs"} & set(path.parts)  # corpora may be long
        if (lines := path.read_text().count("\n")) > LONGEST
    }
    assert longest == {}


def test_no_module_holds_mutable_state(files: list[Path]) -> None:
    """State is passed. Constants are written in capitals and are not assigned to."""
    found = []
    for path in files:
        if path.suffix == ".py" and path.is_relative_to(ROOT / "src"):
            for node in ast.parse(path.read_text()).body:
                found += [
                    f"{path.relative_to(ROOT)}:{node.lineno}" for name in _mutable(node) if name != "__all__"
                ]
    assert found == []


def _mutable(node: ast.stmt) -> Iterator[str]:
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    value = getattr(node, "value", None)
    if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        for target in targets:
            if isinstance(target, ast.Name) and not target.id.strip("_").isupper():
                yield target.id


def test_the_front_door_is_sorted_and_complete() -> None:
    assert elfhaven.__all__ == sorted(elfhaven.__all__)
    for name in elfhaven.__all__:
        assert getattr(elfhaven, name) is not None
        assert name in dir(elfhaven)
    with pytest.raises(AttributeError):
        elfhaven.no_such_name  # noqa: B018


def test_public_names_of_the_errors_are_in_the_front_door() -> None:
    from elfhaven import errors

    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert tree <= set(elfhaven.__all__)


def test_layers_import_only_downwards() -> None:
    pytest.importorskip("importlinter")
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", script, "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Contracts: 1 kept, 0 broken." in done.stdout


def test_starting_is_quick_because_verbs_import_late() -> None:
    """`elfhaven --help` loads neither the engine nor the cryptography."""
    heavy = ("unicorn", "cryptography", "msgspec", "elfhaven.secure", "elfhaven.normal", "elftools")
    script = f"import sys, elfhaven.cli.main; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "src", capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_generated_files_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "tools/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
