# SPDX-License-Identifier: BSD-2-Clause
"""utee calls that the core does not serve yet; each says why. A TA gets TEE_ERROR_NOT_IMPLEMENTED."""

from __future__ import annotations

from elfhaven.calls.row import Row, Served, parse_args

_CIPHERS = "ciphers are not served yet: hashes and MACs come first"
_AE = "authenticated encryption is not served yet: hashes and MACs come first"
_ASYMMETRIC = "asymmetric keys are not served yet: secret keys come first"
_ENUMERATION = "Storage cannot list its names"


def _absent(number: int, name: str, args: str, reason: str) -> Row:
    return Row(number, name, Served.ABSENT, parse_args(args), reason=reason)


_IO = "source:in(length) length:size destination:out(destination_length) destination_length:ptr"

ABSENT = (
    _absent(21, "cipher_init", "state:uint iv:in(length) length:size", _CIPHERS),
    _absent(22, "cipher_update", f"state:uint {_IO}", _CIPHERS),
    _absent(23, "cipher_final", f"state:uint {_IO}", _CIPHERS),
    _absent(32, "cryp_derive_key", "state:uint attributes:ptr count:uint object:uint", _ASYMMETRIC),
    _absent(
        34,
        "authenc_init",
        "state:uint nonce:in(length) length:size tag_length:size aad_length:size payload_length:size",
        _AE,
    ),
    _absent(35, "authenc_update_aad", "state:uint aad:in(length) length:size", _AE),
    _absent(36, "authenc_update_payload", f"state:uint {_IO}", _AE),
    _absent(37, "authenc_enc_final", f"state:uint {_IO} tag:out(tag_length) tag_length:ptr", _AE),
    _absent(38, "authenc_dec_final", f"state:uint {_IO} tag:in(tag_length) tag_length:size", _AE),
    _absent(39, "asymm_operate", f"state:uint attributes:ptr count:uint {_IO}", _ASYMMETRIC),
    _absent(
        40,
        "asymm_verify",
        "state:uint attributes:ptr count:uint data:in(length) length:size signature:in(size) size:size",
        _ASYMMETRIC,
    ),
    _absent(45, "storage_enum_alloc", "enumerator:out(4)", _ENUMERATION),
    _absent(46, "storage_enum_free", "enumerator:uint", _ENUMERATION),
    _absent(47, "storage_enum_reset", "enumerator:uint", _ENUMERATION),
    _absent(48, "storage_enum_start", "enumerator:uint storage:hex", _ENUMERATION),
    _absent(49, "storage_enum_next", "enumerator:uint info:out(28) id:out(64) length:ptr", _ENUMERATION),
)
