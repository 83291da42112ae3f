# SPDX-License-Identifier: BSD-2-Clause
"""Layouts of the utee system calls and of a user TA's head (OP-TEE 4.5, arm64)."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

SCN_LIVE_MAX: Final = 54  # 0..54 are real calls, 55..69 deprecated
SCN_CACHE_OPERATION: Final = 70


class Entry(IntEnum):
    """x0 at the TA's entry."""

    OPEN_SESSION = 0
    CLOSE_SESSION = 1
    INVOKE_COMMAND = 2


PARAMS: Final = struct.Struct("<9Q")  # types, then four pairs
ATTRIBUTE: Final = struct.Struct("<QQI4x")  # a (or address), b (or length), id
OBJECT_INFO: Final = struct.Struct(
    "<7I"
)  # type, size, max size, usage, data size, data position, handle flags
TIME: Final = struct.Struct("<II")  # seconds, milliseconds
TA_HEAD: Final = struct.Struct("<IHH8sIIQ")  # uuid, stack size, flags, deprecated entry (all ones)
UUID: Final = struct.Struct("<IHH8s")  # TEE_UUID in memory
DL_PHDR_INFO: Final = struct.Struct("<QQQH6xQQQQ")
PHDR_INFO_HEAD: Final = struct.Struct("<IHBBQ")  # __elf_phdr_info
STACK_ALIGNMENT: Final = 16

# types of properties (user_ta_prop_type)
PROP_BOOL: Final = 0
PROP_U32: Final = 1
PROP_UUID: Final = 2
PROP_IDENTITY: Final = 3
PROP_STRING: Final = 4
PROP_BINARY: Final = 5
PROP_U64: Final = 6

# the system PTA
SYSTEM_PTA: Final = "3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc"


class SystemCommand(IntEnum):
    ADD_RNG_ENTROPY = 0
    DERIVE_TA_UNIQUE_KEY = 1
    MAP_ZI = 2
    UNMAP = 3
    DLOPEN = 10
    DLSYM = 11
    GET_TPM_EVENT_LOG = 12
    SUPP_PLUGIN_INVOKE = 13


DERIVED_KEY_MIN: Final = 16
DERIVED_KEY_MAX: Final = 32
DERIVED_KEY_MAX_EXTRA: Final = 1024
