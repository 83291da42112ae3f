# SPDX-License-Identifier: BSD-2-Clause
"""A container TA's ELF: runtime, stubs, the program's images, policy, under the rules of OP-TEE's ldelf.

    0            runtime text (ta_head first), data with the configuration, bss
    next page    stubs
    64 KiB on    the program; then, each at its own multiple of 64 KiB, its interpreter and its libraries
    next page    policy
    (no address) a remark: what is packed, and where it is from

ldelf wants: ET_DYN; program headers within the first 4 KiB; PT_LOADs that ascend, readable, never writable
and executable, of one alignment of at least 4 KiB; read-only segments whole in the file; a section header.
The container needs no relocations and no symbols: its images relocate themselves. The same input gives the
same bytes.

A program that is linked for fixed addresses makes a container that is so itself: an ET_EXEC that begins at
FIXED_BASE, with the program where it wants to be. No ldelf takes it; the emulator's permissive profile does.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from elfhaven.abi import container
from elfhaven.abi import elf as abi
from elfhaven.abi.ta_image import TA_HEAD, ta_head
from elfhaven.errors import ImageError
from elfhaven.image import accept, stubs
from elfhaven.image.checks import Checks, size
from elfhaven.image.dynamic import Dynamic
from elfhaven.image.placement import Piece, Placement
from elfhaven.image.reader import Elf
from elfhaven.image.runtime_image import RuntimeImage
from elfhaven.image.scan import sites

IMAGE_ALIGN = 1 << 16
FIXED_BASE = 1 << 18  # of a container of fixed addresses: below any address that linkers choose
_REMARK_MAGIC = b"EHREMARK"
_REMARK = struct.Struct("<Q8s")  # behind a remark, before the section header: its size, the magic
MAX_HEADERS = (abi.PAGE - abi.EHDR.size) // abi.PHDR.size
MAX_IMAGE_SEGMENTS = MAX_HEADERS - 4  # beside the runtime's two, the stubs and the policy


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """What the packer's caller decides; sizes in bytes."""

    uuid: UUID
    flags: int = 0  # container.ConfigFlag
    stack_size: int = 256 << 10
    memory_limit: int = 0  # 0: what the target has
    hwcap: int = 3  # FP and ASIMD
    ta_flags: int | None = None  # TA_FLAG_* of ta_head; None: the runtime's own
    files: tuple[tuple[str, bytes], ...] = ()  # (absolute path, content): there to be read, beside the images
    fixed: bool = False  # take a program that is linked for a fixed address
    remark: bytes = b""  # for whoever reads the file: it is no part of the memory

    @property
    def stoppable(self) -> bool:
        """Whether loops look if they shall end."""
        return bool(self.flags & container.ConfigFlag.STOPPABLE)


@dataclass(frozen=True, slots=True)
class Container:
    """The TA's ELF, and where its images lie (addresses count from the start of the TA)."""

    elf: bytes
    images: tuple[Placement, ...]
    memory: int  # bytes of secure memory before the program asks for any

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it."""
        left = {image.elf.name: len(image.sites.unchecked) for image in self.images if image.sites.unchecked}
        return tuple(
            f"{name}: {count} branches that nothing in the file leads to have no check: if they run, a loop "
            "of them does not stop"
            for name, count in left.items()
        )


@dataclass(frozen=True, slots=True)
class _Blobs:
    """Address of the policy, behind which the tree lies at a multiple of eight; sizes of both."""

    at: int
    policy: int
    tree: int


def build(
    runtime: RuntimeImage,
    program: Elf | Sequence[Elf],
    config: ContainerConfig,
    policy: bytes,
    tree: bytes = b"",
) -> bytes:
    """The ELF of `lay_out`."""
    return lay_out(runtime, program, config, policy, tree).elf


def lay_out(
    runtime: RuntimeImage,
    program: Elf | Sequence[Elf],
    config: ContainerConfig,
    policy: bytes,
    tree: bytes = b"",
) -> Container:
    """Makes one TA of the runtime and `program`: an ELF, or several of which the first is started.

    A dynamic program comes with its interpreter and every library it needs, named as they are opened: by a
    name in whatever directory, or by a path. ELFs of one bytes object are one image of several names.
    `policy` and `tree` are what manifest.compile_policy and manifest.encode_tree give. ImageError if an image
    cannot run in a TA or does not fit.
    """
    elves = [program] if isinstance(program, Elf) else list(program)
    interpreter = _check_set(elves, config.fixed, len(config.files))
    origin = FIXED_BASE if elves[0].type == abi.ET_EXEC else 0
    distinct = [elf for at, elf in enumerate(elves) if all(elf.data is not e.data for e in elves[:at])]
    scanned = [sites(elf, config.stoppable, lenient=elf is not elves[0]) for elf in distinct]
    area = stubs.StubArea(elves[0].name, abi.page_ceil(runtime.end), runtime.sys_enter, bytearray())
    checks = Checks(area, runtime.poll, runtime.stop)
    end = area.address + sum(stubs.size(found) + size(found.checks) for found in scanned)
    placed = []
    for elf, found in zip(distinct, scanned, strict=True):
        base = -(-end // IMAGE_ALIGN) * IMAGE_ALIGN
        if elf.type == abi.ET_EXEC:
            base = _fixed_base(elf, end)
        placed.append(Placement.of(elf, base, found))
        area.rebind(placed[-1].base, found, placed[-1].patch)
        checks.rebind(placed[-1].base, found.checks, placed[-1].patch)
        end = placed[-1].base + elf.span
    pieces = [_piece(area.address, area.code, abi.PF_R | abi.PF_X)]
    pieces += [piece for image in placed for piece in image.pieces]
    rows, pieces, end = _add_files(config.files, pieces, end)
    blobs = policy.ljust(-(-len(policy) // 8) * 8, b"\0") + tree
    pieces.append(_piece(end, bytearray(blobs), abi.PF_R))
    names = [(elf.name, next(p for p in placed if p.elf.data is elf.data)) for elf in elves]
    names[0] = (_base(elves[0].name), placed[0])
    start = next((p for p in placed if interpreter and p.elf.data is interpreter.data), None)
    blobs_at = _Blobs(end, len(policy), len(tree))
    block = _config(config, placed, start, len(names) + len(rows), blobs_at)
    block += b"".join([*(_image(*name) for name in names), *rows])
    whole = [*_runtime_pieces(runtime, config, block), *(p for p in pieces if p.size)]
    made = _write(whole, runtime.entry, elves[0].name, origin, config.remark)
    return Container(made, tuple(placed), sum(p.size for p in whole))


def _fixed_base(elf: Elf, end: int) -> int:
    """The base of a program that lies where it is linked; the runtime and the stubs end at `end`."""
    lowest = abi.page_floor(elf.loads[0].address)
    if FIXED_BASE + end > lowest:
        raise ImageError(
            f"{elf.name}: linked for {lowest:#x}, and the runtime before it ends at {FIXED_BASE + end:#x}",
            f"link it for a higher address (-Wl,-Ttext-segment={FIXED_BASE + (end | 0xFFFFF) + 1:#x})",
        )
    return -FIXED_BASE


def _check_set(elves: list[Elf], fixed: bool, files: int) -> Elf | None:
    """The interpreter; ImageError if an image cannot be used or one is missing."""
    program = elves[0]
    if len(elves) + files > container.MAX_IMAGES:
        raise ImageError(
            f"{program.name}: {len(elves)} images and {files} files; a container holds {container.MAX_IMAGES}"
        )
    for elf in elves:
        accept.check(elf, fixed=fixed and elf is program)
    accept.check_entry(program)
    there = {name: elf for elf in elves for name in (Dynamic(elf).soname, _base(elf.name)) if name}
    path = program.interpreter
    wanted = [_base(path)] if path else []
    wanted += [name for elf in elves for name in Dynamic(elf).needed]
    missing = sorted(set(wanted) - set(there))
    if missing:
        raise ImageError(
            f"{program.name}: a dynamic program whose {', '.join(missing)} is not at hand",
            "name the directory or the package that it lies in (--sysroot, --debian), or link it -static-pie",
        )
    if not path:
        return None
    accept.check_entry(there[wanted[0]])
    return there[wanted[0]]


def _config(
    config: ContainerConfig,
    placed: list[Placement],
    interpreter: Placement | None,
    images: int,
    blobs: _Blobs,
) -> bytes:
    """eh_config with its segments; the images follow."""
    program = placed[0]
    start = interpreter or program
    segments = [
        container.SEGMENT.struct.pack(piece.address, piece.size, _protection(piece.flags), index)
        for index, image in enumerate(placed)
        for piece in image.pieces
    ]
    if len(segments) > container.MAX_SEGMENTS:
        raise ImageError(
            f"{program.elf.name}: {len(segments)} segments in all; a container holds {container.MAX_SEGMENTS}"
        )
    head = container.CONFIG.struct.pack(
        container.CONFIG_MAGIC,
        container.VERSION,
        config.flags,
        start.base + start.elf.entry,
        program.headers,
        len(program.elf.segments),
        images,
        program.base + program.elf.entry,
        0 if interpreter is None else start.base,
        config.stack_size,
        config.memory_limit,
        blobs.at if blobs.policy else 0,
        blobs.policy,
        len(segments),
        config.hwcap,
        sum(len(image.sites.checks) for image in placed),
        blobs.at + -(-blobs.policy // 8) * 8 if blobs.tree else 0,
        blobs.tree,
        0,
    )
    segment_room = container.MAX_SEGMENTS * container.SEGMENT.size
    return head + b"".join(segments).ljust(segment_room, b"\0")


def _add_files(
    files: tuple[tuple[str, bytes], ...], pieces: list[Piece], end: int
) -> tuple[list[bytes], list[Piece], int]:
    """The rows of files among the images, the pieces with theirs, and where all of it ends."""
    rows, out = [], list(pieces)
    for path, content in files:
        out.append(_piece(end, bytearray(content), abi.PF_R))
        rows.append(_row(path, end, out[-1].size, len(content)))
        end += out[-1].size
    return rows, out, end


def _image(path: str, placed: Placement) -> bytes:
    return _row(path, placed.base % (1 << 64), placed.elf.span, len(placed.elf.data))


def _row(path: str, base: int, span: int, size: int) -> bytes:
    name = path.encode()
    room = container.IMAGE.size - container.IMAGE.offset("name")
    if len(name) >= room:
        raise ImageError(f"{path}: the name is longer than {room - 1} bytes", "rename the file")
    return container.IMAGE.struct.pack(base, span, size, name)


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _protection(flags: int) -> int:
    """PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4 from PF_R 4, PF_W 2, PF_X 1."""
    return (1 if flags & abi.PF_R else 0) | flags & abi.PF_W | (4 if flags & abi.PF_X else 0)


def _runtime_pieces(runtime: RuntimeImage, config: ContainerConfig, block: bytes) -> list[Piece]:
    text = bytearray(runtime.text)
    flags = runtime.flags if config.ta_flags is None else config.ta_flags
    text[: TA_HEAD.size] = ta_head(config.uuid, runtime.stack_size, flags)
    data = bytearray(runtime.data)
    at = runtime.config - runtime.data_address
    data[at : at + len(block)] = block
    bss_end = abi.page_ceil(runtime.end) - runtime.data_address
    return [
        _piece(0, text, abi.PF_R | abi.PF_X),
        Piece(runtime.data_address, data, bss_end, abi.PF_R | abi.PF_W),
    ]


def _piece(address: int, data: bytearray, flags: int) -> Piece:
    """A read-only piece, filled up to whole pages."""
    size = abi.page_ceil(len(data))
    return Piece(address, data.ljust(size, b"\0"), size, flags)


def _write(pieces: list[Piece], entry: int, name: str, origin: int, remark: bytes) -> bytes:
    """The file: header page, each piece on a page of its own, a remark, one empty section header.

    `origin`: 0, or the address that it begins at."""
    if len(pieces) > MAX_HEADERS:
        raise ImageError(f"{name}: {len(pieces)} segments in all; OP-TEE's loader takes {MAX_HEADERS}")
    out = bytearray(abi.PAGE)
    headers = b""
    for piece in pieces:
        out += bytes(-len(out) % abi.PAGE)
        at, address = len(out), origin + piece.address
        headers += abi.PHDR.pack(
            abi.PT_LOAD, piece.flags, at, address, address, len(piece.data), piece.size, abi.PAGE
        )
        out += piece.data
    out += remark + bytes(-(len(out) + len(remark)) % 8)
    if remark:
        out += _REMARK.pack(len(remark), _REMARK_MAGIC)
    kind = abi.ET_EXEC if origin else abi.ET_DYN
    ident = abi.MAGIC + bytes([abi.ELFCLASS64, abi.ELFDATA2LSB, abi.EV_CURRENT])
    ehdr = abi.EHDR.pack(
        ident, kind, abi.EM_AARCH64, abi.EV_CURRENT, origin + entry, abi.EHDR.size, len(out), 0,
        abi.EHDR.size, abi.PHDR.size, len(pieces), abi.SHDR.size, 1, 0,
    )  # fmt: skip
    out += bytes(abi.SHDR.size)
    out[: len(ehdr) + len(headers)] = ehdr + headers
    return bytes(out)


def read_remark(elf: Elf) -> bytes:
    """The remark in a file that lay_out() made; empty where there is none."""
    end = elf.shoff - _REMARK.size
    if end < 0 or elf.shoff > len(elf.data):
        return b""
    size, magic = _REMARK.unpack_from(elf.data, end)
    start = end - (size + 7 & ~7)
    return elf.data[start : start + size] if magic == _REMARK_MAGIC and start >= 0 else b""
