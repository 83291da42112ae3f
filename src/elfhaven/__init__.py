# SPDX-License-Identifier: BSD-2-Clause
"""Runs an unmodified aarch64 Linux program inside OP-TEE.

    import elfhaven

    result = elfhaven.run("./hello", "world", manifest="elfhaven.toml", capture=True)
    print(result.status, result.stdout)

    packed = elfhaven.pack("./hello", manifest="elfhaven.toml", output="hello.ta")

Names are imported when they are first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfhaven.errors import (
        AuditError,
        ElfhavenError,
        ImageError,
        ManifestError,
        PackageError,
        ProgramFault,
        SignatureError,
        StateError,
        TargetError,
        TeeError,
        UsageError,
    )
    from elfhaven.manifest import Args, Audit, Environment, Files, Manifest, Memory
    from elfhaven.packing import PackedTa
    from elfhaven.sdk.inspection import inspect
    from elfhaven.sdk.log import Verdict, verify_audit
    from elfhaven.sdk.packaging import pack
    from elfhaven.sdk.program import Result, run

__all__ = [
    "Args",
    "Audit",
    "AuditError",
    "ElfhavenError",
    "Environment",
    "Files",
    "ImageError",
    "Manifest",
    "ManifestError",
    "Memory",
    "PackageError",
    "PackedTa",
    "ProgramFault",
    "Result",
    "SignatureError",
    "StateError",
    "TargetError",
    "TeeError",
    "UsageError",
    "Verdict",
    "inspect",
    "pack",
    "run",
    "verify_audit",
]


_HOMES = {
    **dict.fromkeys(("Args", "Audit", "Environment", "Files", "Manifest", "Memory"), "elfhaven.manifest"),
    "PackedTa": "elfhaven.packing",
    "Result": "elfhaven.sdk.program",
    "Verdict": "elfhaven.sdk.log",
    "inspect": "elfhaven.sdk.inspection",
    "pack": "elfhaven.sdk.packaging",
    "run": "elfhaven.sdk.program",
    "verify_audit": "elfhaven.sdk.log",
}  # the rest are errors


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "elfhaven.errors")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
