# SPDX-License-Identifier: BSD-2-Clause
"""All rows: what the tier knows of A64."""

from __future__ import annotations

from elfhaven.machine.native import (
    across,
    branches,
    conversions,
    crypto,
    exclusives,
    float_scalars,
    floats,
    integer,
    lanes,
    saturating,
    scalars,
    structures,
    system,
    transfers,
    vector_floats,
    vectors,
    widths,
)
from elfhaven.machine.native.decode import Table

A64 = Table(
    (
        *integer.ROWS,
        *branches.ROWS,
        *transfers.ROWS,
        *exclusives.ROWS,
        *floats.ROWS,
        *conversions.ROWS,
        *vectors.ROWS,
        *lanes.ROWS,
        *structures.ROWS,
        *scalars.ROWS,
        *saturating.ROWS,
        *widths.ROWS,
        *across.ROWS,
        *float_scalars.ROWS,
        *vector_floats.ROWS,
        *crypto.ROWS,
        *system.ROWS,
    )
)
