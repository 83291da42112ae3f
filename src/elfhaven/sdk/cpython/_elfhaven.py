# SPDX-License-Identifier: BSD-2-Clause
"""Under CPython: the container's pseudo calls as the System of ta.system, and what lowered modules use."""

import struct as _struct
from collections import namedtuple  # noqa: F401
from math import gcd, isqrt  # noqa: F401
from struct import Struct  # noqa: F401

import _tee

_NEXT, _REPLY, _UTEE = 0x1001, 0x1002, 0x1003  # of a container TA
_BLOCK = _struct.Struct("<12Q")  # function, session, command, types, four pairs
_WORDS = _struct.Struct("<8Q")
_OPEN, _INVOKE, _MAP_ZI, _UNMAP, _SHAREABLE = 5, 7, 2, 3, 1  # calls of the core, commands of its system PTA
_PAGE, _FOREVER = 4096, 0xFFFFFFFF
_SYSTEM = bytearray(b"\x78\x89\x2f\x3a\xc0\x5d\xe8\x11\x9c\x2d\xfa\x7a\xe0\x1b\xbe\xbc")  # its UUID


class System:
    """ta.system.System over the core's calls."""

    def __init__(self):
        self._held = {}  # by address: a bytearray, or the size of pages
        self._pta = 0
        self._words = bytearray(_WORDS.size)
        self._at = _tee.address(self._words)
        self.read, self.write = _tee.read, _tee.write

    def call(self, number, *words):
        _WORDS.pack_into(self._words, 0, *words, *(0,) * (8 - len(words)))
        return _tee.pseudo(_UTEE, number, self._at)

    def reserve(self, size, shareable=False):
        if shareable:
            return self._map(size)
        made = bytearray(size)
        address = _tee.address(made)
        self._held[address] = made
        return address

    def release(self, address):
        held = self._held.pop(address)
        if isinstance(held, int):
            self._system(_UNMAP, 0x11, held, 0, address >> 32, address & 0xFFFFFFFF)

    def _map(self, size):
        """Pages that another TA may be given, of the system PTA."""
        size = -(-size // _PAGE) * _PAGE
        words = self._system(_MAP_ZI, 0x131, size, _SHAREABLE, 0, 0)
        address = words[3] << 32 | words[4]
        self._held[address] = size
        return address

    def _system(self, command, types, *values):
        """A command of the system PTA: its words afterwards. MemoryError where it refuses."""
        if not self._pta:
            made, nothing = bytearray(4), bytearray(72)
            self._check(_OPEN, _tee.address(_SYSTEM), _FOREVER, _tee.address(nothing), made)
            self._pta = int.from_bytes(made, "little")
        words = bytearray(72)
        _struct.pack_into("<5Q", words, 0, types, *values)
        self._check(_INVOKE, self._pta, _FOREVER, command, words)
        return _struct.unpack("<9Q", words)

    def _check(self, number, first, second, third, last):
        origin = bytearray(4)
        if self.call(number, first, second, third, _tee.address(last), _tee.address(origin)):
            raise MemoryError("the TEE gives no memory that can be shared")


def serve(instance):
    """Every entry of the TA goes to `instance`, for ever."""
    block = bytearray(_BLOCK.size)
    at = _tee.address(block)
    while not _tee.pseudo(_NEXT, at):
        function, session, command, *words = _BLOCK.unpack(block)
        result = instance(function, session, words, command & 0xFFFFFFFF)
        _WORDS.pack_into(block, 32, *words[1:])
        _tee.pseudo(_REPLY, result)


def bit_length(number):
    return number.bit_length()


def bit_count(number):
    return number.bit_count()


def ljust(text, *rest):
    return text.ljust(*rest)


def rjust(text, *rest):
    return text.rjust(*rest)


def zfill(text, size):
    return text.zfill(size)


def removeprefix(text, part):
    return text.removeprefix(part)


def removesuffix(text, part):
    return text.removesuffix(part)
