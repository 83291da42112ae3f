# SPDX-License-Identifier: BSD-2-Clause
"""Image, manifest and runtime into one signed .ta, and the keys that sign it."""

from elfhaven.packing.contents import Contents, PlacedImage, is_ta, open_ta, read_contents
from elfhaven.packing.origins import Origin
from elfhaven.packing.packer import PackedTa, cache_directory, copy, pack, read_program, uuid_of_name
from elfhaven.packing.signer import Signer, default_public, local_public, signer

__all__ = [
    "Contents",
    "Origin",
    "PackedTa",
    "PlacedImage",
    "Signer",
    "cache_directory",
    "copy",
    "default_public",
    "is_ta",
    "local_public",
    "open_ta",
    "pack",
    "read_contents",
    "read_program",
    "signer",
    "uuid_of_name",
]
