# SPDX-License-Identifier: BSD-2-Clause
"""Projects of Python TAs: a directory with ta.py, or with the files that its pyproject.toml names.

[tool.elfhaven]
tas = ["ta.py"]
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from elfhaven.errors import UsageError
from elfhaven.sdk.c_ta import c_project
from elfhaven.sdk.c_ta import images as c_images
from elfhaven.ta import PythonTa, TrustedApplication, python_ta

_DEFAULT = ["ta.py"]
PLUGIN = "elfhaven.testing"


def ta_files(project: Path) -> list[Path]:
    """The files with the TAs of a project; a file stands for itself. Raises UsageError."""
    if project.suffix == ".py":
        return [_existing(project)]
    names = _DEFAULT
    settings = project / "pyproject.toml"
    if settings.exists():
        try:
            table = tomllib.loads(settings.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{settings}: {error}", "mend the file") from None
        names = table.get("tool", {}).get("elfhaven", {}).get("tas", _DEFAULT)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"{settings}: [tool.elfhaven] tas is no list of files", 'write tas = ["ta.py"]')
    return [_existing(project / name) for name in names]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UsageError(
            f"no file {path}", "name a TA's .py file or its project, or make one: elfhaven new NAME"
        )
    return path


def load_tas(project: str | os.PathLike[str]) -> list[type[TrustedApplication]]:
    """The TAs of a project or of a .py file, in the order of its files. Raises UsageError for none."""
    found: list[type[TrustedApplication]] = []
    for path in ta_files(Path(project).resolve()):
        found += _load(path)
    if not found:
        raise UsageError(
            f"{os.fspath(project)} holds no TA", "derive a class with a uuid from TrustedApplication"
        )
    return found


def _load(path: Path) -> list[type[TrustedApplication]]:
    """The TAs that a file defines. It can import what lies beside it."""
    with beside(path.parent):
        module = sys.modules.get(path.stem)
        if module is None or getattr(module, "__file__", None) != str(path):
            spec = importlib.util.spec_from_file_location(path.stem, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[path.stem] = module
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[path.stem]
                raise
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, TrustedApplication) and kind.uuid and kind.__module__ == module.__name__
    ]


@contextmanager
def beside(directory: Path) -> Iterator[None]:
    """While modules of a directory can be imported; they stay so where they already could."""
    known = str(directory) in sys.path
    if not known:
        sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        if not known:
            sys.path.remove(str(directory))


def hosted_tas(projects: Sequence[str | os.PathLike[str]]) -> list[PythonTa]:
    """The TAs of projects, for an emulator."""
    return [python_ta(kind) for project in projects for kind in load_tas(project)]


def run_client(project: Path, arguments: Sequence[str]) -> int:
    """Runs the project's client.py; its exit status."""
    client = _existing(project / "client.py")
    return subprocess.run([sys.executable, str(client), *arguments], check=False).returncode


def run_program(
    project: str | os.PathLike[str],
    words: Sequence[str],
    note: Callable[[str], None],
    state: str | os.PathLike[str] | None = None,
) -> int:
    """Runs an aarch64 client program with the TAs of a project; its status. See target.ree.run_client.

    A TA in C is built, and put into the device's store.
    """
    from elfhaven.target import ree
    from elfhaven.target.state import StateDirectory, default_directory

    device = StateDirectory(os.fspath(state) if state is not None else default_directory())
    hosted = []
    if c_project(project) is None:
        hosted = hosted_tas([project])
    else:
        for uuid, image in c_images(project).items():
            device.install(uuid, image)
    return ree.run_client(words[0], words, device=device, note=note, hosted_tas=hosted)


def run_tests(project: Path, arguments: Sequence[str]) -> int:
    """Runs the project's tests under pytest with the fixtures of elfhaven.testing; pytest's status."""
    if importlib.util.find_spec("pytest") is None:
        raise UsageError("pytest is not installed", "pip install pytest")
    if c_project(project) is None:
        ta_files(project)
    command = [sys.executable, "-m", "pytest", "-p", PLUGIN, *arguments]
    return subprocess.run(command, cwd=project, check=False).returncode
