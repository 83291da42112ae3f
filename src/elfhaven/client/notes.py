# SPDX-License-Identifier: BSD-2-Clause
"""Why a call failed in this run, as notes of its error: pytest and tracebacks show them.

Only the emulator tells a client more than the code: a board has its secure console on a wire of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from elfhaven.abi import gp
from elfhaven.errors import TeeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfhaven.ta import TrustedApplication
    from elfhaven.target.emulator import Emulator

_MOST = 40  # lines of the console


def annotate(
    error: TeeError,
    emulator: Emulator,
    tas: Sequence[type[TrustedApplication]],
    heard: int,
    opening: UUID | None,
) -> None:
    """Adds what the secure console has said since `heard`, and for a TA that is not there, where it was
    looked for."""
    if (
        opening is not None
        and error.code == gp.TEE_ERROR_ITEM_NOT_FOUND
        and error.origin != gp.TEE_ORIGIN_TRUSTED_APP
    ):
        error.add_note(_looked(emulator, tas, opening))
    lines = emulator.console.since(heard)
    if lines:
        error.add_note("\n".join(("on the secure console:", *(f"  {line}" for line in lines[-_MOST:]))))


def _looked(emulator: Emulator, tas: Sequence[type[TrustedApplication]], uuid: UUID) -> str:
    lines = [f"the TA {uuid} was looked for"]
    known = ", ".join(f"{kind.__name__} ({kind.uuid})" for kind in tas)
    lines.append(f"  among the Python TAs of this context: {known or 'there are none'}")
    for directory in emulator.images.directories:
        others = sum(1 for _ in directory.glob("*.ta"))
        held = f"the directory holds {others or 'no'} others" if directory.is_dir() else "no such directory"
        lines.append(f"  as {directory / f'{uuid}.ta'}: {held}")
    return "\n".join(lines)
