# SPDX-License-Identifier: BSD-2-Clause
"""What a packed program holds: the configuration and the policy that the packer wrote, read back."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi import container
from elfhaven.errors import ImageError
from elfhaven.image.layout import read_remark
from elfhaven.image.reader import Elf
from elfhaven.image.ta import TaFile, check_hashes, parse, verify
from elfhaven.manifest import Policy, decode
from elfhaven.packing.origins import Origin, decode_origins
from elfhaven.packing.packer import TA_MAGIC, PackedTa

if TYPE_CHECKING:
    from elfhaven.image.keys import PublicKey

_MAGIC = struct.pack("<Q", container.CONFIG_MAGIC)
_CONFIG = container.CONFIG


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An ELF in a container. `base`: where its address 0 lies, from the start of the TA (before it for an ELF
    of fixed addresses); `span`: bytes from there; `begin`: its first byte; `file_size`: of its file."""

    name: str
    base: int
    span: int
    file_size: int
    begin: int

    @property
    def end(self) -> int:
        return self.base + self.span


@dataclass(frozen=True, slots=True)
class Contents:
    """A container TA. Sizes in bytes; `memory` is what it takes before the program asks for any."""

    uuid: UUID
    version: int
    debug: bool
    service: bool
    is_ta: bool  # a TA of its own, which clients open sessions with
    audit_required: bool
    stoppable: bool
    checks: int  # places that look whether the program shall end
    stack: int
    heap: int
    memory: int
    images: tuple[PlacedImage, ...]
    blob: bytes
    policy: Policy
    tree: bytes = b""
    origins: tuple[Origin, ...] = ()  # of the images of a system's program


def is_ta(data: bytes) -> bool:
    return data.startswith(TA_MAGIC)


def read_contents(ta: TaFile) -> Contents | None:
    """What the packer wrote into a TA; None for one that elfhaven did not make."""
    elf = Elf.parse(ta.image, ta.name)
    at = ta.image.find(_MAGIC)
    while at >= 0:
        if at % 8 == 0 and at + container.CONFIG_SIZE <= len(ta.image):
            config = dict(zip(_names(), _CONFIG.struct.unpack_from(ta.image, at), strict=False))
            if config["version"] == container.VERSION and config["image_count"] <= container.MAX_IMAGES:
                return _contents(ta, elf, at, config)
        at = ta.image.find(_MAGIC, at + 1)
    return None


def open_ta(path: str | Path, data: bytes, trusted: tuple[PublicKey, ...] | None) -> PackedTa:
    """The .ta file `data` as something to run; `path` names it. ImageError where it is not elfhaven's.

    With `trusted` None the device alone knows whom it trusts: the signer stays unnamed ("").
    """
    ta = parse(data, str(path))
    contents = read_contents(ta)
    if contents is None:
        raise ImageError(
            f"{path}: a Trusted Application that elfhaven did not pack", "run the program itself"
        )
    if contents.is_ta:
        raise ImageError(
            f"{path}: a TA for clients to open sessions with, and no program",
            "put it where the TEE finds it (elfhaven ta install), and run a client",
        )
    check_hashes(ta)
    signer = "" if trusted is None else verify(ta, trusted)
    return PackedTa(
        Path(path),
        ta.uuid,
        os.path.basename(path),
        signer,
        contents.blob,
        contents.tree,
        contents.debug,
        contents.audit_required,
        contents.stoppable,
    )


def _names() -> tuple[str, ...]:
    return tuple(name for _, name in _CONFIG.fields)


def _contents(ta: TaFile, elf: Elf, at: int, config: dict[str, int]) -> Contents:
    flags = container.ConfigFlag(config["flags"] & 31)
    start = elf.loads[0].address
    blob = elf.bytes_at(start + config["policy"], config["policy_size"]) or b""
    return Contents(
        uuid=ta.uuid,
        version=ta.ta_version,
        debug=container.ConfigFlag.DEBUG in flags,
        service=container.ConfigFlag.SERVICE in flags,
        is_ta=container.ConfigFlag.TA in flags,
        audit_required=container.ConfigFlag.AUDIT_REQUIRED in flags,
        stoppable=container.ConfigFlag.STOPPABLE in flags,
        checks=config["checks"],
        stack=config["stack_size"],
        heap=config["memory_limit"],
        memory=sum(-(-load.end // 4096) * 4096 - load.address // 4096 * 4096 for load in elf.loads),
        images=_images(ta.image, at, config["image_count"]),
        blob=blob,
        policy=decode(blob) if blob else Policy(),
        tree=elf.bytes_at(start + config["tree"], config["tree_size"]) or b"",
        origins=decode_origins(read_remark(elf)),
    )


def _images(data: bytes, config: int, count: int) -> tuple[PlacedImage, ...]:
    segments = config + _CONFIG.size
    start = segments + container.MAX_SEGMENTS * container.SEGMENT.size
    first = container.SEGMENT.struct.unpack_from(data, segments)[0]  # of the program
    rows = (container.IMAGE.struct.unpack_from(data, start + container.IMAGE.size * i) for i in range(count))
    return tuple(
        PlacedImage(
            name=name.rstrip(b"\0").decode(errors="replace"),
            base=base - (base >> 63 << 64),
            span=span,
            file_size=size,
            begin=base if index else first,
        )
        for index, (base, span, size, name) in enumerate(rows)
    )
