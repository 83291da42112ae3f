# SPDX-License-Identifier: BSD-2-Clause
"""Where what lies in the files of REE-FS, and how its structures are laid out (OP-TEE 4.5). Numbers only."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from elfhaven.abi.gp import TEE_ERROR_CORRUPT_OBJECT, TEE_OBJECT_ID_MAX_LEN
from elfhaven.secure.result import TeeResult

BLOCK: Final = 4096
HASH: Final = 32
IV: Final = 16
TAG: Final = 16
FEK: Final = 16  # file encryption key
DIRECTORY: Final = "dirf.db"

NODE: Final = struct.Struct("<32s16s16sH")  # hash, iv and tag of the block, flags
HEAD: Final = struct.Struct("<16s16s16s16sI")  # iv, tag, encrypted FEK, encrypted meta, counter
META: Final = struct.Struct("<QI4x")  # length of the data, number of the last node
LENGTH: Final = struct.Struct("<Q")
ENTRY: Final = struct.Struct("<16s64sI32sI")  # owner, object id, its length, root hash, number of the file
OBJECT: Final = struct.Struct("<6I")  # struct tee_svc_storage_head, see ObjectHead

USAGE_OFFSET: Final = 12  # of the usage in OBJECT
BLOCK_BIT: Final = 1  # flags of a node: which version of its block holds
NODES_PER_BLOCK: Final = BLOCK // (2 * NODE.size)


def child_bit(node: int) -> int:
    """The flag of the parent that tells which version of `node` holds."""
    return 2 << (node & 1)


def head_offset(version: int) -> int:
    return HEAD.size * version


def node_offset(node: int, version: int) -> int:
    """Of a node; the root is node 1."""
    group, inside = divmod(node - 1, NODES_PER_BLOCK)
    return node_group_offset(group) + 2 * NODE.size * inside + NODE.size * version


def node_group_offset(group: int) -> int:
    """Of the block that holds nodes 31 * group + 1 to 31 * group + 31."""
    return (1 + group * 2 * NODES_PER_BLOCK) * BLOCK


def block_offset(block: int, version: int) -> int:
    """Of a block of data, counted from 0."""
    place = 2 * block + version
    return (2 + place + place // (2 * NODES_PER_BLOCK - 1)) * BLOCK


def file_name(number: int) -> str:
    """The name in REE-FS of the file with that number."""
    return f"{number:x}"


@dataclass(slots=True)
class Entry:
    """One place of dirf.db: an object, or nothing (`used` is False)."""

    owner: bytes  # the TA's UUID as it lies in memory; zeros for the core itself
    object_id: bytes
    root_hash: bytes
    number: int
    used: bool = True

    def pack(self) -> bytes:
        """An object whose id is empty is told from nothing by a 1 where the id would be."""
        object_id = self.object_id or bytes([self.used])
        return ENTRY.pack(self.owner, object_id, len(self.object_id), self.root_hash, self.number)

    @classmethod
    def unpack(cls, data: bytes) -> Entry:
        """TeeResult CORRUPT_OBJECT for an id that is longer than its place."""
        owner, object_id, length, root_hash, number = ENTRY.unpack(data)
        if length > TEE_OBJECT_ID_MAX_LEN:
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT)
        return cls(owner, object_id[:length], root_hash, number, bool(length or object_id[0]))

    @classmethod
    def free(cls) -> Entry:
        return cls(bytes(16), b"", bytes(HASH), 0, False)


@dataclass(slots=True)
class ObjectHead:
    """What an object's file begins with; then come its attributes, then its data. Sizes in bits."""

    attributes_size: int  # bytes
    size: int
    max_size: int
    usage: int
    type: int
    have_attributes: int  # bit n: the type's n-th attribute is there

    def pack(self) -> bytes:
        return OBJECT.pack(
            self.attributes_size, self.size, self.max_size, self.usage, self.type, self.have_attributes
        )

    @classmethod
    def unpack(cls, data: bytes) -> ObjectHead:
        return cls(*OBJECT.unpack(data))
