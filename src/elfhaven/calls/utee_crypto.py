# SPDX-License-Identifier: BSD-2-Clause
"""utee calls of operations and objects: cryptography, keys, random numbers."""

from __future__ import annotations

from elfhaven.calls.utee_rows import IO, absent, served

_CIPHERS = "ciphers are not served yet: hashes and MACs come first"
_AE = "authenticated encryption is not served yet: hashes and MACs come first"
_ASYMMETRIC = "asymmetric keys are not served yet: secret keys come first"

OPERATIONS = (
    served(
        15, "cryp_state_alloc", "algorithm:hex mode:uint key1:uint key2:uint state:out(4)", "NOT_SUPPORTED"
    ),
    served(16, "cryp_state_copy", "destination:uint source:uint"),
    served(17, "cryp_state_free", "state:uint"),
    served(18, "hash_init", "state:uint iv:in(length) length:size"),
    served(19, "hash_update", "state:uint chunk:in(length) length:size", "BAD_STATE"),
    served(
        20,
        "hash_final",
        "state:uint chunk:in(length) length:size hash:out(hash_length) hash_length:ptr",
        "SHORT_BUFFER BAD_STATE",
    ),
    served(33, "cryp_random_number_generate", "buffer:out(length) length:size"),
    absent(21, "cipher_init", "state:uint iv:in(length) length:size", _CIPHERS),
    absent(22, "cipher_update", f"state:uint {IO}", _CIPHERS),
    absent(23, "cipher_final", f"state:uint {IO}", _CIPHERS),
    absent(32, "cryp_derive_key", "state:uint attributes:ptr count:uint object:uint", _ASYMMETRIC),
    absent(
        34,
        "authenc_init",
        "state:uint nonce:in(length) length:size tag_length:size aad_length:size payload_length:size",
        _AE,
    ),
    absent(35, "authenc_update_aad", "state:uint aad:in(length) length:size", _AE),
    absent(36, "authenc_update_payload", f"state:uint {IO}", _AE),
    absent(37, "authenc_enc_final", f"state:uint {IO} tag:out(tag_length) tag_length:ptr", _AE),
    absent(38, "authenc_dec_final", f"state:uint {IO} tag:in(tag_length) tag_length:size", _AE),
    absent(39, "asymm_operate", f"state:uint attributes:ptr count:uint {IO}", _ASYMMETRIC),
    absent(
        40,
        "asymm_verify",
        "state:uint attributes:ptr count:uint data:in(length) length:size signature:in(size) size:size",
        _ASYMMETRIC,
    ),
)

OBJECTS = (
    served(24, "cryp_obj_get_info", "object:uint info:out(28)"),
    served(25, "cryp_obj_restrict_usage", "object:uint usage:hex"),
    served(
        26,
        "cryp_obj_get_attr",
        "object:uint attribute:hex buffer:out(size) size:ptr",
        "ITEM_NOT_FOUND SHORT_BUFFER",
    ),
    served(27, "cryp_obj_alloc", "type:hex max_size:uint object:out(4)", "NOT_SUPPORTED OUT_OF_MEMORY"),
    served(28, "cryp_obj_close", "object:uint"),
    served(29, "cryp_obj_reset", "object:uint"),
    served(30, "cryp_obj_populate", "object:uint attributes:ptr count:uint", "BAD_STATE"),
    served(31, "cryp_obj_copy", "destination:uint source:uint", "BAD_STATE"),
    served(
        54,
        "cryp_obj_generate_key",
        "object:uint bits:uint attributes:ptr count:uint",
        "NOT_SUPPORTED BAD_STATE",
    ),
)
