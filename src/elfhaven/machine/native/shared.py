# SPDX-License-Identifier: BSD-2-Clause
"""The prelude in two parts: what is inlined comes with every module; what is called is compiled once, with
the dispatcher, and only declared in the others: it would take longer than most regions."""

from __future__ import annotations

import re

from elfhaven.machine.native.prelude import PRELUDE

_HOST_FLAGS = """
define internal i32 @host_flags() alwaysinline nounwind {
  %at = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %at)
  %flags = load i32, ptr %at
  ret i32 %flags
}
"""  # MXCSR; inlined, for what it takes on the stack must be there from the start
_CALLED = re.compile(r"^define internal (?P<head>[^{]*\bnoinline\b[^{]*)(?P<body>\{.*?^\}\n)", re.M | re.S)
_NAME = re.compile(r"@(\w+)\(")


def _name(head: str) -> str:
    found = _NAME.search(head)
    assert found is not None, head
    return found[1]


INLINED = _CALLED.sub("", PRELUDE) + _HOST_FLAGS
SHARED = "".join(f"define {found['head']}{found['body']}" for found in _CALLED.finditer(PRELUDE))
DECLARED = "".join(f"declare {found['head'].strip()}\n" for found in _CALLED.finditer(PRELUDE))
NAMES = tuple(_name(found["head"]) for found in _CALLED.finditer(PRELUDE))
