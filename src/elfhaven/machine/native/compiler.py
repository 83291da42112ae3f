# SPDX-License-Identifier: BSD-2-Clause
"""Addresses of compiled code: from the cache, or from a process that compiles. Imported only when a program
runs with the tier."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from threading import Lock

from elfhaven.machine.native.bundle import Text
from elfhaven.machine.native.cache import ObjectCache
from elfhaven.machine.native.context import Heat
from elfhaven.machine.native.dispatch import dispatcher
from elfhaven.machine.native.host import maker, processor
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.linker import Linker
from elfhaven.machine.native.messages import Words, receive, send
from elfhaven.machine.native.shared import NAMES

# features of the host of which rows make use where they are there: beyond host.NEEDED
_OF_USE = ("sha", "avx512dq", "avx512vl")
_TRIES = 3  # processes that may end over what they were given; then nothing is compiled any more


class CompileError(Exception):
    """A region is not compiled."""


class Compiler:
    """Keeps what it linked; with a directory, objects on disk too. Close it.

    `compiled` counts objects that were compiled, `found` what was on disk. One thread at a time compiles.
    """

    def __init__(self, directory: Path | None = None, layout: NativeLayout | None = None) -> None:
        host = processor()
        self.features = frozenset(name for name in _OF_USE if host.has(name))
        self._layout = {} if layout is None else asdict(layout)
        self._maker = "\0".join((maker(), host.identity, repr(layout)))
        self._cache = ObjectCache(directory) if directory is not None else None
        self._linker = Linker()
        self._linking = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = 0
        self.compiled = self.found = 0

    def dispatcher(self, layout: NativeLayout, often: int) -> tuple[int, int, int]:
        """Addresses of the functions of dispatch.dispatcher(). To be asked before regions are compiled: what
        they call is there from then on."""
        found = self._functions(dispatcher(layout, often), shared=True)
        with self._linking:
            self._linker.provide({name: found[name] for name in NAMES})
        return found["dispatch"], found["enter"], found["absent"]

    def compile(self, functions: dict[str, str]) -> dict[str, int]:
        """Addresses of functions by name, from their IR by name. Raises CompileError."""
        found = self._functions("".join(functions.values()))
        return {name: found[name] for name in functions}

    def _functions(self, ir: str, shared: bool = False) -> dict[str, int]:
        text = ir.encode()
        key = self._key("shared" if shared else "object", text)
        made = self._kept(key)
        if made is None:
            _, made = self._asked({"ask": "object", "shared": shared}, text)
            self._keep(key, made)
        return self.link([made])[0]

    def region(self, text: Text, at: int, heat: Heat, apart: Sequence[str] = ()) -> tuple[Words, bytes]:
        """What codegen.Service.region answers for a place of a text. Raises CompileError."""
        name = text.digest.hex()
        request = {"ask": "region", "text": name, "at": at, "first": heat.first, "apart": apart}
        answer = self._asked(request, heat.figures)
        if "unknown" in answer[0]:
            self._tell({"ask": "text", "text": name, "flush": text.flush}, text.code)
            answer = self._asked(request, heat.figures)
        return answer

    def link(self, objects: Sequence[bytes]) -> list[dict[str, int]]:
        """Addresses of the functions of each object file. From any thread."""
        with self._linking:
            return self._linker.link(objects)

    def load(self, text: bytes) -> bytes | None:
        """What was kept for a text."""
        return self._kept(self._key("text", text))

    def save(self, text: bytes, data: bytes) -> None:
        """Keep something for a text."""
        if self._cache is not None:
            self._cache.put(self._key("text", text), data)

    def interrupt(self) -> None:
        """Have what is being compiled fail. From any thread."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the process that compiles; what was compiled stays."""
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):
                self._process.communicate()
            self._process = None

    def _kept(self, key: str) -> bytes | None:
        known = self._cache.get(key) if self._cache is not None else None
        self.found += known is not None
        return known

    def _keep(self, key: str, data: bytes) -> None:
        self.compiled += 1
        if self._cache is not None:
            self._cache.put(key, data)

    def _asked(self, words: Words, data: bytes = b"") -> tuple[Words, bytes]:
        self._tell(words, data)
        answer = None
        process = self._running()
        assert process.stdout is not None
        try:
            with suppress(OSError):
                answer = receive(process.stdout)
        except BaseException:  # its answer would be taken for that to the next request
            self.close()
            raise
        if answer is None:
            self.close()
            self._ended += 1
            raise CompileError("LLVM gave up")
        if "error" in answer[0]:
            raise CompileError(answer[0]["error"])
        return answer

    def _tell(self, words: Words, data: bytes = b"") -> None:
        process = self._running()
        assert process.stdin is not None
        with suppress(OSError):
            send(process.stdin, words, data)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        if self._ended >= _TRIES:
            raise CompileError("LLVM gave up too often")
        self._process = _started()
        if self._layout:
            self._tell({"ask": "layout", "layout": self._layout, "features": sorted(self.features)})
        return self._process

    def _key(self, kind: str, content: bytes) -> str:
        return sha256("\0".join((self._maker, kind, "")).encode() + content).hexdigest()


def _started() -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[3])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", "elfhaven.machine.native.codegen"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,
    )
