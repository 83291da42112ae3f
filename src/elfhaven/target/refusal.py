# SPDX-License-Identifier: BSD-2-Clause
"""Why a target's OP-TEE did not load an image, for targets whose keys only they know."""

from __future__ import annotations

from elfhaven.abi import gp
from elfhaven.errors import TeeError
from elfhaven.packing import PackedTa, default_public


def explained(error: TeeError, packed: PackedTa) -> TeeError:
    """`error`, or a clearer one where OP-TEE refused the image as not signed by a key that it trusts."""
    if error.code != gp.TEE_ERROR_SECURITY or error.origin != gp.TEE_ORIGIN_TEE:
        return error
    cause = (
        f"OP-TEE refuses {packed.uuid}.ta ({gp.result_name(error.code)} {error.code:#010x}): no key that it "
        f"trusts signed it, or the file was changed{_key(packed)}"
    )
    fix = (
        "sign with the private half of the key that the target's OP-TEE was built with (TA_SIGN_KEY, "
        "TA_PUBLIC_KEY): `--sign KEY.pem`; one that was built with OP-TEE's own default takes "
        "`--sign optee-default`"
    )
    return TeeError(error.code, error.origin, cause, fix)


def _key(packed: PackedTa) -> str:
    if not packed.signer:
        return ""  # a file that was packed before, perhaps elsewhere
    from elfhaven.image import keys  # needs the cryptography library, which a board may lack

    default = packed.signer == keys.fingerprint(default_public())
    name = "OP-TEE's public default key" if default else f"the key {packed.signer[:16]}..."
    return f"; this one is signed by {name}"
