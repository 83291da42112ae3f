# SPDX-License-Identifier: BSD-2-Clause
"""A file of REE-FS: blocks of 4096 bytes, each encrypted and authenticated, under a tree of hashes.

Block n belongs to node n + 1 of a binary tree, whose root is node 1. Everything lies there twice. A change
writes the versions that do not hold; the head, written last, makes them hold. So whatever moment the
power fails at, the file is what it was at the last `commit`.

A tree that has met an error is of no use any more: every later call gives CORRUPT_OBJECT, as OP-TEE's.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from elfhaven.abi.gp import (
    TEE_ERROR_CORRUPT_OBJECT,
    TEE_ERROR_GENERIC,
    TEE_ERROR_OUT_OF_MEMORY,
    TEE_ERROR_SECURITY,
)
from elfhaven.secure.result import TeeResult
from elfhaven.secure.storage import layout
from elfhaven.secure.storage.keys import crypt_fek
from elfhaven.secure.storage.layout import BLOCK, BLOCK_BIT, FEK, HEAD, IV, NODE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class File(Protocol):
    """An open file of the normal world. A read behind its end is short."""

    def read(self, offset: int, size: int) -> bytes: ...

    def write(self, offset: int, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a tree's keys are made from, the device's key and a source of randomness; and how many nodes a
    tree may have: they lie in the core's heap, and a larger file is OUT_OF_MEMORY."""

    huk: bytes
    random: Callable[[int], bytes]
    nodes: int = 1 << 20


@dataclass(slots=True)
class Node:
    """A node as it is stored, and what has become of it since."""

    hash: bytes = bytes(32)
    iv: bytes = bytes(16)
    tag: bytes = bytes(16)
    flags: int = 0
    block_updated: bool = False

    def pack(self) -> bytes:
        return NODE.pack(self.hash, self.iv, self.tag, self.flags)


class HashTree:
    """See the module's docstring. `length` is that of the data, in bytes."""

    def __init__(self, file: File, secrets: Secrets, owner: UUID | None) -> None:
        self._file = file
        self._secrets = secrets
        self._owner = owner
        self._nodes: list[Node] = [Node()]  # node n at n - 1
        self._dirty: set[int] = set()
        self._broken = False
        self._encrypted_fek = b""
        self._cipher: AESGCM
        self._last = 0  # number of the last node; 0 while there has never been more than the root
        self.counter = 0
        self.length = 0

    # ---- opening

    @classmethod
    def create(cls, file: File, secrets: Secrets, owner: UUID | None) -> HashTree:
        """A new, empty file."""
        tree = cls(file, secrets, owner)
        fek = secrets.random(FEK)
        tree._take_key(fek, crypt_fek(secrets.huk, owner, fek, encrypt=True))
        tree._dirty.add(1)
        tree.commit()
        file.write(layout.head_offset(0), bytes(HEAD.size))
        return tree

    @classmethod
    def open(
        cls, file: File, secrets: Secrets, owner: UUID | None, root_hash: bytes | None, counter: int = 0
    ) -> HashTree:
        """An existing file: the version with that root, or the newest where no root is asked for.

        TeeResult CORRUPT_OBJECT where it does not verify; SECURITY where no head can be the newest, or where
        it has been committed less often than `counter` times.
        """
        tree = cls(file, secrets, owner)
        head = tree._newest_head() if root_hash is None else tree._head_of(root_hash)
        tree._take_head(head, counter)
        tree._read_nodes()
        tree._verify()
        return tree

    def _newest_head(self) -> bytes:
        heads = [self._exactly(layout.head_offset(version), HEAD.size) for version in (0, 1)]
        counters = [HEAD.unpack(head)[4] for head in heads]
        version = newest_version(*counters)
        self._nodes[0] = self._node(1, version)
        return heads[version]

    def _head_of(self, root_hash: bytes) -> bytes:
        for version in (0, 1):
            self._nodes[0] = self._node(1, version)
            if hmac.compare_digest(self._nodes[0].hash, root_hash):
                return self._exactly(layout.head_offset(version), HEAD.size)
        raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "no version has the expected root")

    def _node(self, number: int, version: int) -> Node:
        return Node(*NODE.unpack(self._exactly(layout.node_offset(number, version), NODE.size)))

    def _exactly(self, offset: int, size: int) -> bytes:
        data = self._file.read(offset, size)
        if len(data) != size:
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "the file is too short")
        return data

    def _take_head(self, head: bytes, least: int) -> None:
        """Decrypt the key and the meta data of a head."""
        iv, tag, encrypted_fek, meta, self.counter = HEAD.unpack(head)
        if self.counter < least:
            raise TeeResult(TEE_ERROR_SECURITY, "an older copy has been put back")
        self._take_key(crypt_fek(self._secrets.huk, self._owner, encrypted_fek, encrypt=False), encrypted_fek)
        plain = self._decrypt(iv, meta + tag, self._head_bound(iv))
        self.length, self._last = layout.META.unpack(plain)
        self._check_room(self._last)
        self._nodes += [Node()] * (self._last - 1)

    def _check_room(self, nodes: int) -> None:
        if nodes > self._secrets.nodes:
            raise TeeResult(TEE_ERROR_OUT_OF_MEMORY, f"{nodes} nodes do not fit into the core's heap")

    def _take_key(self, fek: bytes, encrypted: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(fek)
        self._encrypted_fek = encrypted

    def _read_nodes(self) -> None:
        """All nodes below the root, in the versions that hold; one read for 31 of them."""
        group, images = -1, b""
        for number in range(2, len(self._nodes) + 1):
            wanted, inside = divmod(number - 1, layout.NODES_PER_BLOCK)
            if wanted != group:
                group, images = wanted, self._file.read(layout.node_group_offset(wanted), BLOCK)
            parent = self._nodes[number // 2 - 1]
            version = bool(parent.flags & layout.child_bit(number))
            at = NODE.size * (2 * inside + version)
            if len(images) < at + NODE.size:
                raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "a node is missing")
            self._nodes[number - 1] = Node(*NODE.unpack_from(images, at))

    def _verify(self) -> None:
        for number, node in enumerate(self._nodes, 1):
            if not hmac.compare_digest(self._hash(number), node.hash):
                raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, f"the hash of node {number} does not hold")

    # ---- the data

    @property
    def blocks(self) -> int:
        """How many blocks there are nodes for."""
        return len(self._nodes)

    def read_block(self, block: int) -> bytes:
        """A block's plain text; CORRUPT_OBJECT where it does not authenticate."""
        with _Breaking(self):
            if block >= len(self._nodes):
                raise TeeResult(TEE_ERROR_GENERIC, f"there is no block {block}")
            node = self._nodes[block]
            offset = layout.block_offset(block, node.flags & BLOCK_BIT)
            data = self._exactly(offset, BLOCK)
            return self._decrypt(node.iv, data + node.tag, self._encrypted_fek + node.iv)

    def write_block(self, block: int, data: bytes) -> None:
        """Write the version of a block that does not hold; nodes up to it are made."""
        with _Breaking(self):
            self._check_room(block + 1)
            while len(self._nodes) <= block:
                self._nodes.append(Node())
                self._last = len(self._nodes)
            node = self._nodes[block]
            if not node.block_updated:
                node.flags ^= BLOCK_BIT
            node.iv = self._secrets.random(IV)
            sealed = self._cipher.encrypt(node.iv, data, self._encrypted_fek + node.iv)
            self._file.write(layout.block_offset(block, node.flags & BLOCK_BIT), sealed[:BLOCK])
            node.tag = sealed[BLOCK:]
            node.block_updated = True
            self._dirty.add(block + 1)

    def resize(self, length: int) -> None:
        """Set the length of the data. The root is to be written anew."""
        self.length = length
        self._dirty.add(1)

    def drop_nodes(self, block: int) -> None:
        """Forget the nodes behind that of `block`.

        The hashes of their parents are not made anew, except the root's. So a file that loses some nodes
        below the root's children, and keeps their parents, is found corrupt when it is next opened: OP-TEE
        4.5 loses such objects, and so they are lost here.
        """
        with _Breaking(self):
            left = block + 1
            del self._nodes[left:]
            self._dirty = {number for number in self._dirty if number <= left}
            self._last = min(self._last, left)

    # ---- commit

    def commit(self) -> bytes:
        """Make what was written hold; the hash of the root."""
        with _Breaking(self):
            if self._dirty:
                self._write_nodes()
                self._write_head()
            return self._nodes[0].hash

    def _write_nodes(self) -> None:
        """Children first. Each goes to the version that does not hold."""
        for number in sorted(_with_ancestors(self._dirty), reverse=True):
            node = self._nodes[number - 1]
            if number > 1:
                parent, bit = self._nodes[number // 2 - 1], layout.child_bit(number)
                parent.flags ^= bit
                version = bool(parent.flags & bit)
            else:
                version = not self.counter & 1
            node.hash = self._hash(number)
            node.block_updated = False
            self._file.write(layout.node_offset(number, version), node.pack())
        self._dirty = set()

    def _write_head(self) -> None:
        self.counter = (self.counter + 1) & 0xFFFFFFFF
        iv = self._secrets.random(IV)
        meta = layout.META.pack(self.length, self._last)
        sealed = self._cipher.encrypt(iv, meta, self._head_bound(iv))
        head = HEAD.pack(iv, sealed[16:], self._encrypted_fek, sealed[:16], self.counter)
        self._file.write(layout.head_offset(self.counter & 1), head)

    # ---- hashes and ciphers

    def _hash(self, number: int) -> bytes:
        node = self._nodes[number - 1]
        parts = [node.iv, node.tag, struct.pack("<H", node.flags)]
        if number == 1:
            parts.append(layout.LENGTH.pack(self.length))
        parts += [child.hash for child in self._nodes[2 * number - 1 : 2 * number + 1]]
        return hashlib.sha256(b"".join(parts)).digest()

    def _head_bound(self, iv: bytes) -> bytes:
        """What the head's meta data are bound to; half of the root's hash enters, as in OP-TEE."""
        half = self._nodes[0].hash[:16]
        return half + struct.pack("<I", self.counter) + self._encrypted_fek + iv

    def _decrypt(self, iv: bytes, sealed: bytes, bound: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(iv, sealed, bound)
        except InvalidTag:
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "the tag does not hold") from None


class _Breaking:
    """An error within breaks the tree; a broken tree lets nobody in."""

    def __init__(self, tree: HashTree) -> None:
        self._tree = tree

    def __enter__(self) -> None:
        if self._tree._broken:
            raise TeeResult(TEE_ERROR_CORRUPT_OBJECT, "an earlier error broke the tree")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._tree._broken = True


def newest_version(first: int, second: int) -> int:
    """Which head holds, by their counters: version v has a counter whose low bit is v.

    TeeResult SECURITY where neither can hold.
    """
    if not first & 1:
        return 0 if not second & 1 or first > second else 1
    if second & 1:
        return 1
    raise TeeResult(TEE_ERROR_SECURITY, "no head can be the newest")


def _with_ancestors(numbers: set[int]) -> set[int]:
    found = set(numbers)
    for number in numbers:
        while number > 1 and number // 2 not in found:
            number //= 2
            found.add(number)
    return found
