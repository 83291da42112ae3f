# SPDX-License-Identifier: BSD-2-Clause
"""What a program may do: `elfhaven.toml`, its compiled form in the signed image, its decisions.

What reads a manifest is imported when it is first used: to run what was packed elsewhere takes only the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from elfhaven.manifest.compiled import compile_policy, decode
from elfhaven.manifest.net import NetRule
from elfhaven.manifest.pins import BLOCK_SHIFT, Pin, pin
from elfhaven.manifest.policy import Policy, Program, Rule, normalise, rule_base
from elfhaven.manifest.tree import TreeEntry, decode_tree, encode_tree, read_tree

if TYPE_CHECKING:
    from elfhaven.manifest.schema import Args, Audit, Environment, Files, Haven, Manifest, Memory, Net, Size
    from elfhaven.manifest.toml import default, load, loads

__all__ = [
    "BLOCK_SHIFT",
    "Args",
    "Audit",
    "Environment",
    "Files",
    "Haven",
    "Manifest",
    "Memory",
    "Net",
    "NetRule",
    "Pin",
    "Policy",
    "Program",
    "Rule",
    "Size",
    "TreeEntry",
    "compile_policy",
    "decode",
    "decode_tree",
    "default",
    "encode_tree",
    "load",
    "loads",
    "normalise",
    "pin",
    "read_tree",
    "rule_base",
]

_HOMES = {
    **dict.fromkeys(("default", "load", "loads"), "elfhaven.manifest.toml"),
    **dict.fromkeys(
        ("Args", "Audit", "Environment", "Files", "Haven", "Manifest", "Memory", "Net", "Size"),
        "elfhaven.manifest.schema",
    ),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
