# SPDX-License-Identifier: BSD-2-Clause
"""Layouts of OP-TEE's signed TA files (signed_header.h) and of the `ta_head` that begins a TA's memory.

A file is: SHDR, hash, signature, then by type
    BOOTSTRAP_TA   BOOTSTRAP (uuid, version), the ELF
    ENCRYPTED_TA   BOOTSTRAP, ENCRYPTED, iv, tag, the enciphered ELF
    SUBKEY         the key (img_size bytes, SUBKEY and its attributes), a name, then the next SHDR
The hash covers SHDR, the subheaders and the image in the clear; the signature is over the hash.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import Final
from uuid import UUID

SHDR_MAGIC: Final = 0x4F545348  # "OTSH"
SHDR: Final = Struct("<IIIIHH")  # magic, img_type, img_size, algo, hash_size, sig_size
BOOTSTRAP: Final = Struct("<16sI")  # uuid in RFC 4122 order, ta_version
ENCRYPTED: Final = Struct("<IIHH")  # enc_algo, flags, iv_size, tag_size
SUBKEY: Final = Struct("<16sIIIII")  # uuid, name_size, subkey_version, max_depth, algo, attr_count
SUBKEY_ATTR: Final = Struct("<III")  # id, offset from the start of the key, size

TA_HEAD: Final = Struct("<IHH8sIIQ")  # uuid, stack_size, flags, depr_entry
DEPR_ENTRY: Final = 0xFFFF_FFFF_FFFF_FFFF

TEE_ALG_RSASSA_PKCS1_PSS_MGF1_SHA256: Final = 0x70414930
TEE_ALG_RSASSA_PKCS1_V1_5_SHA256: Final = 0x70004830
TEE_ALG_AES_GCM: Final = 0x40000810
ENC_KEY_CLASS_WIDE: Final = 1  # flag of ENCRYPTED: not the device's own key
TEE_ATTR_RSA_MODULUS: Final = 0xD0000130
TEE_ATTR_RSA_PUBLIC_EXPONENT: Final = 0xD0000230


class ImageType(IntEnum):
    """shdr.img_type."""

    TA = 0
    BOOTSTRAP_TA = 1
    ENCRYPTED_TA = 2
    SUBKEY = 3


def ta_head(uuid: UUID, stack_size: int, flags: int) -> bytes:
    """The structure at address 0 of a TA; its UUID is little-endian, other than in the file's header."""
    low, mid, high = uuid.fields[:3]
    return TA_HEAD.pack(low, mid, high, uuid.bytes[8:], stack_size, flags, DEPR_ENTRY)
