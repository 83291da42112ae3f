# SPDX-License-Identifier: BSD-2-Clause
"""All rows: what the tier knows of A64."""

from __future__ import annotations

from elfhaven.machine.native import (
    across,
    atomics,
    branches,
    conversions,
    crypto,
    estimates,
    exclusives,
    float_scalars,
    floats,
    integer,
    lanes,
    narrowing,
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

MODULES = (
    integer,
    branches,
    transfers,
    exclusives,
    atomics,
    floats,
    conversions,
    vectors,
    lanes,
    structures,
    scalars,
    saturating,
    narrowing,
    widths,
    across,
    float_scalars,
    estimates,
    vector_floats,
    crypto,
    system,
)  # in the order in which their rows are tried
A64 = Table(row for module in MODULES for row in module.ROWS)
