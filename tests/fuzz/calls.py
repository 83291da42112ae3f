# SPDX-License-Identifier: BSD-2-Clause
"""Random utee calls, made from the rows of their table: every row's arguments by their names and kinds. Most
calls are well formed, with handles that earlier calls have given; some have one absurd argument, a few only
such.

Memory: the same bytes (`data`) lie at AREA of the shared buffer and of the TA's own memory: names,
parameters, attributes and sizes at known offsets. Handles are written behind HANDLES of the TA's own memory.
"""

from __future__ import annotations

import random
import struct
from uuid import UUID

from tests.unit.secure.probe import CODE, PRIVATE, SHARED

from elfhaven.abi import gp
from elfhaven.abi import gp_crypto as crypto
from elfhaven.abi.utee import SYSTEM_PTA
from elfhaven.calls.row import Arg, Row
from elfhaven.calls.utee import UTEE

RETURN, PANIC, WAIT = 0, 2, 12
AREA, AREA_SIZE = 0x4000, 0x8000
UUIDS, PARAMS, SIZES, NAMES, ATTRIBUTES, NOISE = 0, 0x100, 0x800, 0x900, 0xA00, 0x1000  # in the area
HANDLES, HANDLES_SIZE = 0xD000, 0x800  # by kind of handle, 64 words each
SCRATCH_SIZE = 65536
LONGEST_WAIT = 50  # ms: a TA may wait for ever, a test may not
KINDS = ("session", "state", "object", "enumerator", "other")
_PTAS = (SYSTEM_PTA, "7011a688-ddde-4053-a5a9-7b3c4ddf13b8", "d96a5b40-e2c7-b1af-8794-1002a5d5c61b")
_NAMES = (
    b"gpd.ta.appID\0",
    b"gpd.client.identity\0",
    b"gpd.tee.deviceID\0",
    b"one",
    b"another object",
    b"x" * 64,
)
_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 64, 127, 256, 4095, 4096, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_WIDE = (1 << 32, 1 << 63, (1 << 64) - 1, (1 << 64) - 4096)
_TYPES = (0, 1, 3, 0x5, 0x6, 0x7, 0x11, 0x22, 0x131, 0x65, 0x15, 0x255, 0x2715, 0x222, 0x61)


def _constants(*prefixes: str) -> tuple[int, ...]:
    found = (
        value
        for module in (gp, crypto)
        for name, value in vars(module).items()
        if name.startswith(prefixes) and isinstance(value, int)
    )
    return tuple(dict.fromkeys(found))


_HEX = {
    "algorithm": _constants("TEE_ALG_"),
    "type": _constants("TEE_TYPE_"),
    "attribute": _constants("TEE_ATTR_"),
    "storage": (gp.TEE_STORAGE_PRIVATE, gp.TEE_STORAGE_PRIVATE, gp.TEE_STORAGE_PRIVATE_REE),
    "set": (gp.TEE_PROPSET_CURRENT_TA, gp.TEE_PROPSET_CURRENT_CLIENT, gp.TEE_PROPSET_TEE_IMPLEMENTATION),
    "usage": (0, 0xFF, 0xFFFFFFFF),
}
_FLAGS = {41: (1, 3, 7, 0x31, 0x37), 42: (7, 0x407, 0x437, 3), 8: (1, 2, 3, 5, 7, 0x10000005, 0x20000005)}
_UINTS = {
    "timeout": (0xFFFFFFFF, 0, 10),
    "command": (0, 1, 2, 3, 4, 5, 10, 11, 12, 13),
    "index": tuple(range(14)),
    "mode": tuple(range(8)),
    "max_size": (64, 128, 160, 192, 256, 384, 512, 521, 1024),
    "bits": (64, 128, 160, 192, 256, 384, 512, 1024),
    "category": (0, 1, 2),
    "whence": (0, 1, 2),
    "offset": (0, 1, 16, 4096),
    "operation": (0, 1, 2),
}
_SECRET = AREA + ATTRIBUTES  # the first attribute is a secret value
_TYPE_SIZES = (
    (crypto.TEE_TYPE_AES, 128),
    (crypto.TEE_TYPE_AES, 256),
    (crypto.TEE_TYPE_HMAC_SHA256, 256),
)
_WITH_KEY = ((0x10000010, 0), (0x10000110, 0), (0x10000210, 1), (0x40000810, 0), (0x30000004, 4))
_RECIPES: dict[int, tuple[dict[int, int], ...]] = {  # by call: arguments that go together, by place
    7: tuple({2: command, 3: AREA + PARAMS + 0x80 * n} for n, command in enumerate((2, 3, 1, 11, 10))),
    15: (
        *({0: algorithm, 1: crypto.TEE_MODE_DIGEST, 2: 0, 3: 0} for algorithm in (0x50000004, 0x50000006)),
        *({0: algorithm, 1: mode, 3: 0} for algorithm, mode in _WITH_KEY),
    ),
    27: tuple({0: kind, 1: size} for kind, size in _TYPE_SIZES),
    30: ({1: _SECRET, 2: 1},),
    54: ({1: 128, 3: 0}, {1: 256, 3: 0}),
}
_SIZES = (0, 1, 5, 8, 12, 13, 16, 16, 16, 20, 24, 32, 32, 32, 48, 64, 72, 128, 256, 512, 1024)


class Caller:
    """Makes calls; `places` are addresses at which `data` lies in the TA's memory."""

    def __init__(self, source: random.Random) -> None:
        self._random = source
        self.rows = [row for row in UTEE.rows if row.number not in (RETURN, PANIC)]
        self.places: tuple[int, ...] = (0,)
        self._handles: dict[str, list[int]] = {kind: [0] for kind in KINDS}

    def call(self) -> tuple[int, ...]:
        """Nine words: a number and eight arguments."""
        r = self._random
        if r.random() < 0.01:
            return (r.choice((55, 69, 70, 71, 200, 1 << 31, (1 << 64) - 1)), *[self._any() for _ in range(8)])
        row, kind = r.choice(self.rows), r.random()
        words = [self._argument(row, arg) for arg in row.args]
        if row.number in _RECIPES and r.random() < 0.6:
            for place, value in r.choice(_RECIPES[row.number]).items():
                words[place] = PRIVATE | value if value >> 12 == 4 else value
        if kind > 0.95:
            words = [self._any() for _ in words]
        elif kind > 0.65 and words:
            words[r.randrange(len(words))] = self._any()
        if row.number == WAIT:
            words[0] %= LONGEST_WAIT
        return (row.number, *words, *[0] * (8 - len(words)))

    def learn(self, raw: bytes) -> None:
        """Take what calls have written behind HANDLES."""
        for place, kind in enumerate(KINDS):
            words = struct.unpack_from("<64I", raw, 256 * place)
            self._handles[kind] = [word for word in words if word] or [0]

    # ---- arguments

    def _argument(self, row: Row, arg: Arg) -> int:
        r = self._random
        if arg.kind in ("in", "out", "inout", "ptr"):
            return self._place(row, arg)
        if arg.kind == "hex":
            options = _FLAGS.get(row.number) if arg.name == "flags" else _HEX.get(arg.name)
            return r.choice(options or _NUMBERS)
        if arg.name == "count":
            return r.choice((0, 1, 1, 2, 3))
        if arg.kind == "size":
            return r.choice(_SIZES)
        if arg.name in _UINTS:
            return r.choice(_UINTS[arg.name])
        return r.choice(self._handles[_pool(arg.name)])

    def _place(self, row: Row, arg: Arg) -> int:
        """A pointer to what this argument wants to point to."""
        r = self._random
        if arg.name in ("session", "state", "object", "enumerator"):
            pool = KINDS.index("object" if arg.name == "object" else arg.name)
            return PRIVATE | HANDLES + 256 * pool + 4 * r.randrange(64)
        offsets = {
            "uuid": UUIDS + 16 * r.randrange(4),
            "params": PARAMS + 0x80 * r.randrange(14),
            "id": NAMES + r.choice((0, 40, 80, 120)),
            "attributes": ATTRIBUTES + 24 * r.randrange(40),
        }
        offset = offsets.get(arg.name)
        if offset is None:
            inner = arg.name.endswith("length") or (arg.name == "size")
            offset = SIZES + 8 * r.randrange(24) if inner else NOISE + (r.randrange(AREA_SIZE - 0x2000) & ~7)
        if row.number == 4 and arg.name == "name":
            offset = NAMES
        return (PRIVATE if r.random() < 0.75 else SHARED) | AREA + offset

    def _any(self) -> int:
        r = self._random
        inside = 0x40000000 + r.getrandbits(21)
        near = (
            PRIVATE | SCRATCH_SIZE - r.randrange(64),
            CODE | r.randrange(8192),
            SHARED | 65536 - r.randrange(9),
        )
        return r.choice((*_NUMBERS, *_WIDE, *near, r.getrandbits(64), r.getrandbits(32), inside))

    # ---- what lies in memory

    def data(self) -> bytes:
        """The bytes of the area."""
        r = self._random
        out = bytearray(r.randbytes(AREA_SIZE))
        for i in range(4):
            out[UUIDS + 16 * i : UUIDS + 16 * i + 16] = UUID(r.choice(_PTAS)).bytes_le
        for i in range(14):
            struct.pack_into(
                "<9Q", out, PARAMS + 0x80 * i, r.choice(_TYPES), *[self._plain() for _ in range(8)]
            )
        for i, words in enumerate(self._parameters()):
            struct.pack_into(f"<{len(words)}Q", out, PARAMS + 0x80 * i, *words)
        for i in range(24):
            struct.pack_into("<Q", out, SIZES + 8 * i, r.choice(_SIZES))
        for i in range(4):
            name = r.choice(_NAMES[:3] if not i else _NAMES)
            out[NAMES + 40 * i : NAMES + 40 * i + min(40, len(name))] = name[:40]
        for i in range(44):
            a, b = self._plain(), r.choice(_SIZES)
            struct.pack_into("<QQI4x", out, ATTRIBUTES + 24 * i, a, b, r.choice(_HEX["attribute"]))
        secret = (self.places[0] + NOISE, r.choice((16, 32)), crypto.TEE_ATTR_SECRET_VALUE)
        struct.pack_into("<QQI4x", out, ATTRIBUTES, *secret)
        return bytes(out)

    def _parameters(self) -> tuple[tuple[int, ...], ...]:
        """Well-formed ones for the system PTA: map, unmap, derive a key, find a symbol, open a library."""
        r, base = self._random, self.places[0] + NOISE
        where = 0x48000000 + 4096 * r.randrange(64)
        return (
            (0x131, r.choice((1, 4096, 65536)), r.choice((0, 1, 2)), 0, r.choice((0, where)), 0, 0),
            (0x11, 4096, 0, 0, where),
            (0x65, base, 16, base + 64, r.choice((15, 16, 32, 33))),
            (0x255, base - NOISE + UUIDS, 16, base, r.choice((0, 8, 64))),
            (0x15, base, 16, 0x1102),
        )

    def _plain(self) -> int:
        """A number as it may stand in memory, where the probe turns no offset into an address."""
        r = self._random
        if r.random() < 0.6:
            return r.choice(self.places) + NOISE + (r.randrange(0x4000) & ~7)
        return r.choice((0, 1, 16, 32, 4096, 0x48000000, r.choice(_NUMBERS), 0x40000000 + r.getrandbits(21)))


def _pool(name: str) -> str:
    if name in ("object", "key1", "key2", "attributes"):
        return "object"
    if name in ("destination", "source", "state"):
        return "state"
    return name if name in KINDS else "other"
