# SPDX-License-Identifier: BSD-2-Clause
"""Object files in memory: they do what they say, and what is not of their kind is refused."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import pytest

from elfhaven.machine.native import linker
from elfhaven.machine.native.linker import Linker, LinkError

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there is no native tier")

from elfhaven.machine.native.codegen import load_binding, object_file, target_machine

PI = """
define double @more(double %x) { %y = fadd double %x, 0x400921FB54442D18
  ret double %y }
"""
TABLE = """
@k = private unnamed_addr constant [4 x i32] [i32 1, i32 20, i32 300, i32 4000], align 16
define i32 @of(i64 %i) {
  %p = getelementptr [4 x i32], ptr @k, i64 0, i64 %i
  %v = load i32, ptr %p
  ret i32 %v }
"""
COPY = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define void @copy(ptr %a, ptr %b, i64 %n) {
  call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr %b, i64 %n, i1 false)
  ret void }
"""
CASES = """
define i64 @pick(i64 %i, i64 %j) {
  switch i64 %i, label %d [ i64 0, label %a i64 1, label %b i64 2, label %c i64 3, label %e i64 4, label %f ]
a: %x = mul i64 %j, %j
  ret i64 %x
b: %y = udiv i64 %j, 7
  ret i64 %y
c: %z = shl i64 %j, 5
  ret i64 %z
d: ret i64 -1
e: %w = call i64 @llvm.ctpop.i64(i64 %j)
  ret i64 %w
f: %v = sub i64 5, %j
  ret i64 %v }
declare i64 @llvm.ctpop.i64(i64)
"""


class Objects:
    def __init__(self) -> None:
        self.llvm = load_binding()
        self.machine = target_machine(self.llvm)
        self.linker = Linker()

    def of(self, text: str) -> bytes:
        return object_file(self.llvm, self.machine, text)


@pytest.fixture(scope="module")
def objects() -> Objects:
    return Objects()


def function(address: int, result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments)(address)


def test_constants_tables_jumps_and_calls(objects: Objects) -> None:
    made = objects.linker.link([objects.of(text) for text in (PI, TABLE, COPY, CASES)])
    assert function(made[0]["more"], ctypes.c_double, ctypes.c_double)(1.0) == pytest.approx(4.14159265358979)
    of = function(made[1]["of"], ctypes.c_int, ctypes.c_uint64)
    assert [of(i) for i in range(4)] == [1, 20, 300, 4000]
    copy, room = function(made[2]["copy"], None, *[ctypes.c_char_p] * 2, ctypes.c_uint64), b"-" * 4
    target = ctypes.create_string_buffer(room)
    copy(ctypes.cast(target, ctypes.c_char_p), b"abcd", 3)
    assert target.value == b"abc-"
    pick = function(made[3]["pick"], ctypes.c_int64, *[ctypes.c_uint64] * 2)
    assert [pick(i, 21) for i in range(6)] == [441, 3, 672, 3, -16, -1]


def test_equal_names_are_kept_apart(objects: Objects) -> None:
    other = PI.replace("400921FB54442D18", "3FF0000000000000")
    made = objects.linker.link([objects.of(PI), objects.of(other)])
    one, two = (function(names["more"], ctypes.c_double, ctypes.c_double) for names in made)
    assert one(0.0) == pytest.approx(3.14159265)
    assert two(0.0) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "@n = global i64 5\ndefine i64 @f() {\n  %v = load i64, ptr @n\n  ret i64 %v\n}\n",
        "declare i64 @system(ptr)\ndefine i64 @f() {\n  %v = call i64 @system(ptr null)\n  ret i64 %v\n}\n",
        "@environ = external global ptr\ndefine ptr @f() {\n  ret ptr @environ\n}\n",
    ],
)
def test_no_variables_and_nothing_of_the_host(objects: Objects, text: str) -> None:
    before = objects.linker.size
    with pytest.raises(LinkError):
        objects.linker.link([objects.of(PI), objects.of(text)])
    assert objects.linker.size == before


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x02\x01\x01" + bytes(57), b"x" * 400])
def test_what_is_no_object_file(objects: Objects, data: bytes) -> None:
    with pytest.raises(LinkError):
        objects.linker.link([data])


def test_a_damaged_object_is_refused_or_linked(objects: Objects) -> None:
    """Nothing else: no error of Python's. What is linked is never run."""
    whole = objects.of(TABLE)
    for at in range(0, len(whole), 3):
        data = bytearray(whole)
        data[at] ^= 0xFF
        try:
            Linker().link([bytes(data), whole[:at]])
        except LinkError:
            continue
        pytest.fail("half an object was linked")


@pytest.mark.parametrize("near", [True, False])
def test_what_is_provided_is_called(objects: Objects, near: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what a call reaches by way of a stub."""
    if not near:
        monkeypatch.setattr(linker, "_NEAR", 0)
    text = (
        "declare i64 @other(i64)\ndefine i64 @f(i64 %a) {\n  %v = call i64 @other(i64 %a)\n  ret i64 %v\n}\n"
    )
    made = Linker()
    with pytest.raises(LinkError, match="other"):
        made.link([objects.of(text)])
    other = made.link([objects.of("define i64 @other(i64 %a) {\n  %v = add i64 %a, 9\n  ret i64 %v\n}\n")])
    made.provide(other[0])
    found = made.link([objects.of(text)])
    assert function(found[0]["f"], ctypes.c_uint64, ctypes.c_uint64)(100) == 109


def test_the_memory_cannot_be_written(objects: Objects) -> None:
    address = objects.linker.link([objects.of(PI)])[0]["more"]
    for line in Path("/proc/self/maps").read_text().splitlines():
        first, _, end = line.split()[0].partition("-")
        if int(first, 16) <= address < int(end, 16):
            assert line.split()[1] == "r-xp"
            return
    pytest.fail("it lies nowhere")
