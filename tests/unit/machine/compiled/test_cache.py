# SPDX-License-Identifier: BSD-2-Clause
"""What is compiled is kept, and what does not hold is not used."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from pathlib import Path

import pytest

from elfhaven.machine.native.cache import ObjectCache

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from elfhaven.machine.native.compiler import CompileError, Compiler

ANSWER = {"answer": "define i64 @answer(i64 %a) {\n  %r = add i64 %a, 2\n  ret i64 %r\n}\n"}
DEADLY = {"deadly": 'define void @deadly() {\n  call void asm "no such instruction", ""()\n  ret void\n}\n'}


def answer(directory: Path) -> tuple[int, int]:
    """How many were compiled, how many found; the function works either way."""
    compiler = Compiler(directory)
    function = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(compiler.compile(ANSWER)["answer"])
    assert function(40) == 42
    compiler.close()
    return compiler.compiled, compiler.found


def test_the_second_time_it_is_there(tmp_path: Path) -> None:
    assert answer(tmp_path / "cache") == (1, 0)
    assert answer(tmp_path / "cache") == (0, 1)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("at", [0, 31, 32, -1])
def test_a_file_that_was_changed_is_not_used(tmp_path: Path, at: int) -> None:
    answer(tmp_path)
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert answer(tmp_path) == (1, 0)
    assert answer(tmp_path) == (0, 1)


def test_a_file_under_another_name_is_not_used(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    cache.put("a" * 64, b"object")
    assert cache.get("a" * 64) == b"object"
    (tmp_path / ("a" * 64)).rename(tmp_path / ("b" * 64))
    assert cache.get("b" * 64) is None


def test_what_others_may_write_is_not_used(tmp_path: Path) -> None:
    answer(tmp_path)
    (path,) = tmp_path.iterdir()
    path.chmod(0o622)
    assert answer(tmp_path) == (1, 0)
    tmp_path.chmod(0o777)
    assert answer(tmp_path) == (1, 0)


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path)
    for age in range(5):
        cache.put(f"{age}" * 64, b"object")
        path = tmp_path / (f"{age}" * 64)
        os.truncate(path, 60 << 20)  # a hole: it takes no room
        os.utime(path, (1000 - age, 1000 - age))
    ObjectCache(tmp_path).put("a" * 64, b"object")
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["0", "1", "a"]


def test_a_directory_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert answer(tmp_path / "file" / "cache") == (1, 0)


def test_what_is_no_ir_is_an_error(tmp_path: Path) -> None:
    compiler = Compiler(tmp_path)
    for _ in range(4):
        with pytest.raises(CompileError, match="expected"):
            compiler.compile({"wrong": "this is no IR"})
    assert compiler.compile(ANSWER)["answer"]
    compiler.close()


def test_llvm_may_give_up(tmp_path: Path) -> None:
    """What ends the process that compiles is an error here, and what comes next is compiled."""
    compiler = Compiler(tmp_path)
    for _ in range(2):
        with pytest.raises(CompileError, match="gave up"):
            compiler.compile(DEADLY)
    assert compiler.compile(ANSWER)["answer"]
    compiler.close()
    assert answer(tmp_path) == (0, 1)


def test_after_too_many_tries_nothing_is_compiled(tmp_path: Path) -> None:
    compiler = Compiler(tmp_path)
    for _ in range(3):
        with pytest.raises(CompileError, match="gave up"):
            compiler.compile(DEADLY)
    with pytest.raises(CompileError, match="too often"):
        compiler.compile(ANSWER)
    compiler.close()


def test_an_answer_that_nobody_waited_for_is_not_taken_for_another(tmp_path: Path) -> None:
    class Interrupted(BaseException):
        pass

    def interrupt(number: int, _: object) -> None:
        raise Interrupted(number)

    compiler = Compiler(tmp_path)
    process = compiler._running()
    process.send_signal(signal.SIGSTOP)  # so that it is being waited for
    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    with pytest.raises(Interrupted):
        compiler.compile({"answer": ANSWER["answer"].replace("2", "3")})
    timer.join()
    signal.signal(signal.SIGUSR1, before)
    process.send_signal(signal.SIGCONT)
    function = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(compiler.compile(ANSWER)["answer"])
    assert function(40) == 42
    compiler.close()
