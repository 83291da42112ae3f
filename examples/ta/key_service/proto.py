# SPDX-License-Identifier: BSD-2-Clause
"""What client and TA of key_service agree on. The first parameter is always a key's name."""

UUID = "c74c5817-d7ae-539d-9a1f-b8c7d9887537"

CREATE = 0  # name; value: one of the kinds below
ENCRYPT = 1  # name, text; room: version, nonce, tag and ciphertext
DECRYPT = 2  # name, what ENCRYPT gave; room: the text
MAC = 3  # name, message; room: 32 bytes
SIGN = 4  # name, message; room: r and s, 32 bytes each
PUBLIC = 5  # name; room: x and y, 32 bytes each
RENEW = 6  # name; value, out: the newest version
REMOVE = 7  # name
NAMES = 8  # room: the client's names, a line each

ENCRYPTION, AUTHENTICATION, SIGNING = 1, 2, 3  # AES-256-GCM, HMAC-SHA256, ECDSA on P-256 with SHA-256

LONGEST_NAME = 40
