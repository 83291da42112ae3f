# SPDX-License-Identifier: BSD-2-Clause
"""Reading `elfhaven.toml`: every mistake is an error with the line it stands on."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from elfhaven.errors import ManifestError
from elfhaven.manifest.locate import Place, key_lines
from elfhaven.manifest.schema import Files, Manifest, Size

_MAX_SIZE = 1 << 20
_SYNTAX_LINE = re.compile(r"(.*) \(at line (\d+), column \d+\)", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_WHERE = re.compile(r"(.*?)(?: - at `(?:key in )?\$([^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_TOML_WORDS = {
    "`array`": "an array",
    "`object`": "a table",
    "`str`": "text",
    "`int`": "a number",
    "`bool`": "true or false",
}


def default() -> Manifest:
    """What holds where there is no manifest: the working directory may be read, nothing else."""
    return Manifest(files=Files(read=(".",)))


def load(path: str | os.PathLike[str]) -> Manifest:
    """The manifest in the file `path`. Raises ManifestError with path and line."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ManifestError(
            f"the manifest cannot be read: {error.strerror}", "name an existing file with -m", path=str(path)
        ) from None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(
            "the text is not UTF-8", "save the file as UTF-8", path=str(path), line=line
        ) from None
    return loads(text, str(path))


def loads(text: str, path: str = "elfhaven.toml") -> Manifest:
    """The manifest in `text`; `path` names it in errors."""
    if len(text) > _MAX_SIZE:
        raise ManifestError("the manifest is larger than 1 MiB", path=path)
    data = _parse(text, path)
    try:
        return msgspec.convert(data, Manifest, dec_hook=_convert)
    except msgspec.ValidationError as error:
        raise _explain(str(error), text, path) from None


def _parse(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = _SYNTAX_LINE.fullmatch(str(error))
        cause, line = (match[1], int(match[2])) if match else (str(error), text.count("\n") + 1)
        raise ManifestError(f"not TOML: {cause}", path=path, line=line) from None
    except RecursionError:
        raise ManifestError("not TOML: nested too deep", path=path) from None


def _convert(kind: type, value: object) -> object:
    if kind is Size:
        return Size.parse(value)
    raise TypeError(f"no conversion to {kind}")


def _explain(message: str, text: str, path: str) -> ManifestError:
    match = _WHERE.fullmatch(message)
    cause, trail = (match[1], match[2] or "") if match else (message, "")
    place: Place = tuple(
        int(step[2]) if step[2] else step[1] for step in _STEP.finditer(trail) if step[0] != "[...]"
    )
    unknown = _UNKNOWN.fullmatch(cause)
    if unknown:
        place = (*place, unknown[1])
        key = ".".join(map(str, place))
        return ManifestError(f"unknown key `{key}`", _known_keys(place), path=path, line=_line(text, place))
    for word, plain in _TOML_WORDS.items():
        cause = cause.replace(word, plain)
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    return ManifestError(
        f"`{key}`: {cause}" if key else cause, path=path, line=_line(text, _deepest(place, cause))
    )


def _deepest(place: Place, cause: str) -> Place:
    """The key that a message of a table's own check names first, else the table."""
    named = re.search(r"`([a-z]+)[` ]", cause)
    return (*place, named[1]) if named else place


def _line(text: str, place: Place) -> int | None:
    lines = key_lines(text)
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)


def _known_keys(place: Place) -> str:
    kind: Any = Manifest
    for step in place[:-1]:
        kind = next(field.type for field in msgspec.structs.fields(kind) if field.name == step)
    names = [field.name for field in msgspec.structs.fields(kind)]
    close = difflib.get_close_matches(str(place[-1]), names, 1)
    return f"did you mean `{close[0]}`?" if close else f"known keys here: {', '.join(names)}"
