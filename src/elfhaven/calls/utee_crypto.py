# SPDX-License-Identifier: BSD-2-Clause
"""utee calls of operations and objects: cryptography, keys, random numbers."""

from __future__ import annotations

from elfhaven.calls.utee_rows import IO, served

_KEYS = "BAD_STATE GENERIC NOT_SUPPORTED OUT_OF_MEMORY"
_AE = "BAD_STATE NOT_SUPPORTED SHORT_BUFFER"
_ATTRIBUTES = "attributes:ptr count:size"

OPERATIONS = (
    served(
        15,
        "cryp_state_alloc",
        "algorithm:hex mode:uint key1:uint key2:uint state:out(4)",
        "BAD_STATE NOT_IMPLEMENTED NOT_SUPPORTED OUT_OF_MEMORY",
    ),
    served(16, "cryp_state_copy", "destination:uint source:uint", "BAD_STATE"),
    served(17, "cryp_state_free", "state:uint"),
    served(18, "hash_init", "state:uint iv:in(length) length:size", "BAD_STATE NOT_SUPPORTED"),
    served(19, "hash_update", "state:uint chunk:in(length) length:size", "BAD_STATE"),
    served(
        20,
        "hash_final",
        "state:uint chunk:in(length) length:size hash:out(hash_length) hash_length:ptr",
        "SHORT_BUFFER BAD_STATE",
    ),
    served(21, "cipher_init", "state:uint iv:in(length) length:size", "BAD_STATE OUT_OF_MEMORY"),
    served(22, "cipher_update", f"state:uint {IO}", "BAD_STATE NOT_SUPPORTED SHORT_BUFFER"),
    served(23, "cipher_final", f"state:uint {IO}", "BAD_STATE NOT_SUPPORTED SHORT_BUFFER"),
    served(
        32, "cryp_derive_key", f"state:uint {_ATTRIBUTES} object:uint", f"{_KEYS} NOT_IMPLEMENTED SECURITY"
    ),
    served(33, "cryp_random_number_generate", "buffer:out(length) length:size", "OUT_OF_MEMORY"),
    served(
        34,
        "authenc_init",
        "state:uint nonce:in(length) length:size tag_length:size aad_length:size payload_length:size",
        "BAD_STATE NOT_SUPPORTED OUT_OF_MEMORY",
    ),
    served(35, "authenc_update_aad", "state:uint aad:in(length) length:size", "BAD_STATE"),
    served(36, "authenc_update_payload", f"state:uint {IO}", "BAD_STATE SHORT_BUFFER"),
    served(37, "authenc_enc_final", f"state:uint {IO} tag:out(tag_length) tag_length:ptr", _AE),
    served(
        38, "authenc_dec_final", f"state:uint {IO} tag:in(tag_length) tag_length:size", f"{_AE} MAC_INVALID"
    ),
    served(
        39,
        "asymm_operate",
        f"state:uint {_ATTRIBUTES} {IO}",
        f"{_KEYS} CIPHERTEXT_INVALID SECURITY SHORT_BUFFER",
    ),
    served(
        40,
        "asymm_verify",
        f"state:uint {_ATTRIBUTES} data:in(length) length:size signature:in(size) size:size",
        f"{_KEYS} SIGNATURE_INVALID",
    ),
)

OBJECTS = (
    served(24, "cryp_obj_get_info", "object:uint info:out(28)", "BAD_STATE"),
    served(25, "cryp_obj_restrict_usage", "object:uint usage:hex", "BAD_STATE"),
    served(
        26,
        "cryp_obj_get_attr",
        "object:uint attribute:hex buffer:out(size) size:ptr",
        "BAD_STATE ITEM_NOT_FOUND SHORT_BUFFER",
    ),
    served(
        27,
        "cryp_obj_alloc",
        "type:hex max_size:uint object:out(4)",
        "NOT_IMPLEMENTED NOT_SUPPORTED OUT_OF_MEMORY",
    ),
    served(28, "cryp_obj_close", "object:uint", "BAD_STATE ITEM_NOT_FOUND"),
    served(29, "cryp_obj_reset", "object:uint", "BAD_STATE"),
    served(
        30,
        "cryp_obj_populate",
        f"object:uint {_ATTRIBUTES}",
        "BAD_STATE ITEM_NOT_FOUND NOT_IMPLEMENTED NOT_SUPPORTED OUT_OF_MEMORY SECURITY",
    ),
    served(31, "cryp_obj_copy", "destination:uint source:uint", "BAD_STATE"),
    served(
        54,
        "cryp_obj_generate_key",
        f"object:uint bits:uint {_ATTRIBUTES}",
        "BAD_FORMAT BAD_STATE EXCESS_DATA ITEM_NOT_FOUND NOT_SUPPORTED OUT_OF_MEMORY SECURITY",
    ),
)
