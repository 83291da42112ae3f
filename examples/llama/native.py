# SPDX-License-Identifier: BSD-2-Clause
"""The C program's parts as a shared library of this machine, so that tests reach below its text."""

import ctypes
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Blob(ctypes.Structure):
    """struct blob of model.h."""

    _fields_ = (("bytes", ctypes.c_void_p), ("size", ctypes.c_size_t), ("path", ctypes.c_char_p))


class Tokenizer(ctypes.Structure):
    """struct tokenizer of tokenizer.h."""

    _fields_ = (
        ("tokens", ctypes.c_void_p),
        ("sorted", ctypes.c_void_p),
        ("count", ctypes.c_int),
        ("longest", ctypes.c_int),
    )


class Library:
    """model.c and tokenizer.c. A file they refuse ends the process: give them sound ones."""

    ROOM = 1024  # more than struct model and struct run take

    def __init__(self, directory: Path) -> None:
        out = directory / "libllama.so"
        compiler = [sys.executable, "-m", "ziglang", "cc", "-target", f"{platform.machine()}-linux-gnu"]
        flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-ffp-contract=off", "-fPIC", "-shared"]
        sources = [str(HERE / "model.c"), str(HERE / "tokenizer.c")]
        subprocess.run([*compiler, *flags, *sources, "-o", str(out), "-lm"], check=True)
        self._c = ctypes.CDLL(str(out))
        self._c.blob_load.restype = Blob
        self._c.tokenizer_open.restype = Tokenizer
        self._c.forward.restype = ctypes.POINTER(ctypes.c_float)

    def _load(self, path: Path) -> Blob:
        blob = self._c.blob_load(str(path).encode(), False)
        assert isinstance(blob, Blob)
        return blob

    def logits(self, path: Path, ids: Sequence[int], vocab_size: int) -> list[list[float]]:
        """forward() of model.c: the logits behind each of `ids`."""
        blob = self._load(path)
        model, run = ctypes.create_string_buffer(self.ROOM), ctypes.create_string_buffer(self.ROOM)
        self._c.model_open(model, ctypes.byref(blob))
        self._c.run_open(run, model, len(ids))
        return [self._c.forward(model, run, token, at)[:vocab_size] for at, token in enumerate(ids)]

    def encode(self, path: Path, vocab_size: int, text: str) -> list[int]:
        """encode() of tokenizer.c."""
        blob = self._load(path)
        tokenizer = self._c.tokenizer_open(ctypes.byref(blob), vocab_size)
        ids = ctypes.POINTER(ctypes.c_int)()
        count = self._c.encode(ctypes.byref(tokenizer), text.encode(), ctypes.byref(ids))
        return ids[:count]
