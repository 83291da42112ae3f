# SPDX-License-Identifier: BSD-2-Clause
"""From IR to an object file, by llvmlite; as a program, a process that does so for another.

    python -m elfhaven.machine.native.codegen

reads IR from stdin and writes object files to stdout, each with its size before it (u32, little-endian). LLVM
ends the process that it runs in when it meets what it cannot do; so that is not the emulator.
"""

from __future__ import annotations

import struct
import sys
from importlib import import_module
from typing import IO, Any

from elfhaven.errors import UsageError
from elfhaven.machine.native.prelude import METADATA, PRELUDE

SIZE = struct.Struct("<I")


def load_binding() -> Any:
    """llvmlite's binding; UsageError where it is not installed."""
    try:
        llvm = import_module("llvmlite.binding")
    except ImportError:
        raise UsageError(
            "the native engine needs llvmlite, which is not installed",
            "pip install 'elfhaven[native]', or take --engine interpreter",
        ) from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def target_machine(llvm: Any) -> Any:
    """This processor."""
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
    )


def passes(llvm: Any) -> Any:
    """Those that matter for regions; all of the second level take five times as long, and gain nothing."""
    out = llvm.create_new_module_pass_manager()
    out.add_always_inliner_pass()
    out.add_sroa_pass()
    out.add_instruction_combine_pass()
    out.add_simplify_cfg_pass()
    return out


def object_file(llvm: Any, machine: Any, text: str) -> bytes:
    """The object file of some functions."""
    module = llvm.parse_assembly(PRELUDE + text + METADATA)
    module.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes(llvm).run(module, builder)
    return bytes(machine.emit_object(module))


def read(stream: IO[bytes]) -> bytes | None:
    """What was sent in one piece; None at the end of the stream."""
    head = stream.read(SIZE.size)
    if len(head) < SIZE.size:
        return None
    (size,) = SIZE.unpack(head)
    data = stream.read(size)
    return data if len(data) == size else None


def write(stream: IO[bytes], data: bytes) -> None:
    stream.write(SIZE.pack(len(data)) + data)
    stream.flush()


def main() -> None:
    llvm = load_binding()
    machine = target_machine(llvm)
    while (text := read(sys.stdin.buffer)) is not None:
        write(sys.stdout.buffer, object_file(llvm, machine, text.decode()))


if __name__ == "__main__":
    main()
