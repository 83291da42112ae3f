# SPDX-License-Identifier: BSD-2-Clause
class UUID:
    def __init__(self, hex=None, bytes=None, bytes_le=None, int=None):
        if hex is not None:
            digits = hex.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "")
            if len(digits) != 32:
                raise ValueError("badly formed hexadecimal UUID string")
            bytes = _from_hex(digits)
        elif bytes_le is not None:
            bytes = _swapped(bytes_le)
        elif int is not None:
            bytes = int.to_bytes(16, "big")
        if len(bytes) != 16:
            raise ValueError("a UUID has 16 bytes")
        self.bytes = bytes

    @property
    def bytes_le(self):
        return _swapped(self.bytes)

    @property
    def int(self):
        return _number(self.bytes)

    @property
    def hex(self):
        return self.bytes.hex()

    def __str__(self):
        h = self.bytes.hex()
        return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))

    def __repr__(self):
        return "UUID({!r})".format(str(self))

    def __eq__(self, other):
        return isinstance(other, UUID) and self.bytes == other.bytes

    def __hash__(self):
        return hash(self.bytes)


def _from_hex(digits):
    return bytes.fromhex(digits)


def _number(data):
    return int.from_bytes(data, "big")


def _swapped(b):
    return bytes((b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6])) + bytes(b[8:])
