# SPDX-License-Identifier: BSD-2-Clause
"""Under MicroPython: the container's pseudo calls as the System of ta.system, and what the language lacks."""

import struct as _struct
from collections import namedtuple

import ffi
import uctypes

namedtuple = namedtuple
_NEXT, _REPLY, _UTEE = 0x1001, 0x1002, 0x1003  # of a container TA
_BLOCK = "<12Q"  # function, session, command, types, four pairs
_OPEN, _INVOKE, _MAP_ZI, _UNMAP, _SHAREABLE = 5, 7, 2, 3, 1  # calls of the core, commands of its system PTA
_PAGE, _FOREVER = 4096, 0xFFFFFFFF
_SYSTEM = bytearray(b"\x78\x89\x2f\x3a\xc0\x5d\xe8\x11\x9c\x2d\xfa\x7a\xe0\x1b\xbe\xbc")  # its UUID
_syscall = ffi.open("libc.so.6").func("l", "syscall", "lPPPPPP")


def _pseudo(number, a=0, b=0):
    return _syscall(number, a, b, 0, 0, 0, 0)


class System:
    """ta.system.System over the core's calls; memory that calls use is the interpreter's own, and stays where
    it is as long as it is held."""

    def __init__(self):
        self._held = {}  # by address: a bytearray, or the size of pages
        self._pta = 0
        self._words = bytearray(64)
        self._at = uctypes.addressof(self._words)

    def call(self, number, *words):
        _struct.pack_into("<8Q", self._words, 0, *(words + (0,) * (8 - len(words))))
        return _pseudo(_UTEE, number, self._at)

    def read(self, address, size):
        return uctypes.bytes_at(address, size)

    def write(self, address, data):
        uctypes.bytearray_at(address, len(data))[:] = data

    def reserve(self, size, shareable=False):
        if shareable:
            return self._map(size)
        made = bytearray(size)
        address = uctypes.addressof(made)
        self._held[address] = made
        return address

    def release(self, address):
        held = self._held.pop(address)
        if isinstance(held, int):
            self._system(_UNMAP, 0x11, held, 0, address >> 32, address & 0xFFFFFFFF)

    def _map(self, size):
        """Pages that another TA may be given, of the system PTA."""
        size = (size + _PAGE - 1) // _PAGE * _PAGE
        words = self._system(_MAP_ZI, 0x131, size, _SHAREABLE, 0, 0)
        address = words[3] << 32 | words[4]
        self._held[address] = size
        return address

    def _system(self, command, types, *values):
        """A command of the system PTA: its words afterwards. MemoryError where it refuses."""
        words = bytearray(72)
        _struct.pack_into("<5Q", words, 0, types, *values)
        if not self._pta:
            _struct.pack_into("<Q", words, 0, 0)
            made = bytearray(8)
            self._check(_OPEN, uctypes.addressof(_SYSTEM), _FOREVER, uctypes.addressof(words), made)
            self._pta = _struct.unpack("<I", made)[0]
            _struct.pack_into("<Q", words, 0, types)
        self._check(_INVOKE, self._pta, _FOREVER, command, words)
        return _struct.unpack("<9Q", words)

    def _check(self, number, first, second, third, last):
        origin = bytearray(4)
        if self.call(number, first, second, third, uctypes.addressof(last), uctypes.addressof(origin)):
            raise MemoryError("the TEE gives no memory that can be shared")


def serve(instance):
    """Every entry of the TA goes to `instance`, for ever."""
    block = bytearray(_struct.calcsize(_BLOCK))
    at = uctypes.addressof(block)
    while not _pseudo(_NEXT, at):
        function, session, command, *words = _struct.unpack(_BLOCK, block)
        result = instance(function, session, words, command & 0xFFFFFFFF)
        _struct.pack_into("<8Q", block, 32, *words[1:])
        _pseudo(_REPLY, result)


class Struct:
    def __init__(self, format):
        self.format = format
        self.size = _struct.calcsize(format)

    def pack(self, *values):
        return _struct.pack(self.format, *values)

    def unpack(self, data):
        return _struct.unpack(self.format, data)

    def unpack_from(self, data, offset=0):
        return _struct.unpack_from(self.format, data, offset)

    def pack_into(self, data, offset, *values):
        _struct.pack_into(self.format, data, offset, *values)


def bit_count(number):
    return bin(abs(number)).count("1")


def _filler(text, size, fill):
    fill = (" " if isinstance(text, str) else b" ") if fill is None else fill
    return fill * max(0, size - len(text))


def ljust(text, size, fill=None):
    return text + _filler(text, size, fill)


def rjust(text, size, fill=None):
    return _filler(text, size, fill) + text


def zfill(text, size):
    sign = text[:1] in ("+", "-", b"+", b"-")
    return text[:sign] + rjust(text[sign:], size - sign, "0" if isinstance(text, str) else b"0")


def removeprefix(text, part):
    return text[len(part) :] if text.startswith(part) else text


def removesuffix(text, part):
    return text[: len(text) - len(part)] if part and text.endswith(part) else text


def bit_length(number):
    number, count = abs(number), 0
    while number >> 64:
        number, count = number >> 64, count + 64
    while number:
        number, count = number >> 1, count + 1
    return count


def gcd(one, other):
    one, other = abs(one), abs(other)
    while other:
        one, other = other, one % other
    return one


def isqrt(number):
    if number < 0:
        raise ValueError("isqrt of a negative number")
    if not number:
        return 0
    root = 1 << (bit_length(number) + 1) // 2
    while True:
        better = (root + number // root) >> 1
        if better >= root:
            return root
        root = better
