# SPDX-License-Identifier: BSD-2-Clause
"""llvmlite behind a narrow front: text of functions in, addresses out. Imported only when a program runs
with the tier."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from elfhaven.errors import UsageError
from elfhaven.machine.native.prelude import METADATA, PRELUDE


def load_binding() -> Any:
    """llvmlite's binding; UsageError where it is not installed."""
    try:
        llvm = import_module("llvmlite.binding")
    except ImportError:
        raise UsageError(
            "the native engine needs llvmlite, which is not installed",
            "pip install 'elfhaven[native]', or take --engine interpreter",
        ) from None
    return llvm


class Compiler:
    """Keeps what it compiled. Of use from one thread at a time."""

    def __init__(self) -> None:
        self._llvm = llvm = load_binding()
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        features = llvm.get_host_cpu_features()
        self.fused = bool(features.get("fma"))
        self._features = features.flatten()
        self._kept: list[tuple[Any, Any]] = []

    def compile(self, functions: dict[str, str]) -> dict[str, int]:
        """Addresses of functions by name, from their IR by name."""
        llvm = self._llvm
        target = llvm.Target.from_default_triple()
        machine = target.create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=self._features, opt=2, jit=True
        )
        module = llvm.parse_assembly(PRELUDE + "".join(functions.values()) + METADATA)
        module.verify()
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
        builder.getModulePassManager().run(module, builder)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        self._kept.append((engine, machine))
        return {name: engine.get_function_address(name) for name in functions}
