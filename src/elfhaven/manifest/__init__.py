# SPDX-License-Identifier: BSD-2-Clause
"""What a program may do: `elfhaven.toml`, its compiled form in the signed image, its decisions."""

from elfhaven.manifest.compiled import compile_policy, decode
from elfhaven.manifest.load import default, load, loads
from elfhaven.manifest.pins import BLOCK_SHIFT, Pin, pin
from elfhaven.manifest.policy import Policy, Rule, normalise, rule_base
from elfhaven.manifest.schema import Args, Audit, Environment, Files, Manifest, Memory, Size
from elfhaven.manifest.tree import TreeEntry, decode_tree, encode_tree, read_tree

__all__ = [
    "BLOCK_SHIFT",
    "Args",
    "Audit",
    "Environment",
    "Files",
    "Manifest",
    "Memory",
    "Pin",
    "Policy",
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
