# SPDX-License-Identifier: BSD-2-Clause
"""Text of functions in, addresses out. Imported only when a program runs with the tier."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from elfhaven.machine.native.cache import ObjectCache
from elfhaven.machine.native.codegen import load_binding, object_file, read, target_machine, write
from elfhaven.machine.native.dispatch import dispatcher
from elfhaven.machine.native.layout import NativeLayout
from elfhaven.machine.native.prelude import METADATA, PRELUDE

NEEDED = ("fma", "f16c", "ssse3", "sse4.2", "aes", "pclmul")  # what the rows use of an x86-64 processor
_OF_USE = ("sha",)  # what they use where it is there
_TRIES = 3  # processes that may end over what they were given; then nothing is compiled any more


class CompileError(Exception):
    """LLVM does not compile a region."""


class Compiler:
    """Keeps what it compiled; with a directory, on disk too. Of use from one thread at a time. Close it.

    `compiled` counts modules that were compiled, `found` those that were on disk.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._llvm = load_binding()
        self._machine = target_machine(self._llvm)
        features = self._llvm.get_host_cpu_features()
        self.able = all(features.get(name) for name in NEEDED)
        self.features = frozenset(name for name in _OF_USE if features.get(name))
        self._features = features.flatten()
        self._kept: list[tuple[Any, Any]] = []
        self._cache = ObjectCache(directory) if directory is not None else None
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = 0
        self.compiled = self.found = 0

    def dispatcher(self, layout: NativeLayout, often: int) -> tuple[int, int]:
        """Addresses of the functions of dispatch.dispatcher()."""
        made = object_file(self._llvm, self._machine, dispatcher(layout, often))
        found = self._link(made, ["dispatch", "enter"])
        return found["dispatch"], found["enter"]

    def compile(self, functions: dict[str, str]) -> dict[str, int]:
        """Addresses of functions by name, from their IR by name. Raises CompileError."""
        return self._link(self._object("".join(functions.values())), list(functions))

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

    def _link(self, data: bytes, names: list[str]) -> dict[str, int]:
        llvm = self._llvm
        empty = llvm.parse_assembly("")
        empty.triple = self._machine.triple
        engine = llvm.create_mcjit_compiler(empty, target_machine(llvm))
        object_ref = llvm.ObjectFileRef.from_data(data)
        engine.add_object_file(object_ref)
        engine.finalize_object()
        self._kept.append((engine, object_ref))
        return {name: engine.get_function_address(name) for name in names}

    def _object(self, text: str) -> bytes:
        """The object file of some functions."""
        key = self._key(text)
        known = self._cache.get(key) if self._cache is not None else None
        if known is not None:
            self.found += 1
            return known
        made = self._made(text)
        self.compiled += 1
        if self._cache is not None:
            self._cache.put(key, made)
        return made

    def _made(self, text: str) -> bytes:
        process = self._process = self._process or self._started()
        made = None
        with suppress(OSError):
            assert process.stdin is not None
            assert process.stdout is not None
            write(process.stdin, text.encode())
            made = read(process.stdout)
        if made is None:
            self.close()
            self._ended += 1
            raise CompileError("LLVM gave up")
        return made

    def _started(self) -> subprocess.Popen[bytes]:
        if self._ended >= _TRIES:
            raise CompileError("LLVM gave up too often")
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

    def _key(self, text: str) -> str:
        version = ".".join(map(str, self._llvm.llvm_version_info))
        words = (version, self._llvm.get_host_cpu_name(), self._features, PRELUDE, text, METADATA)
        return sha256("\0".join(words).encode()).hexdigest()
