# SPDX-License-Identifier: BSD-2-Clause
"""Numbers of the core's calls by name, from the table."""

from __future__ import annotations

from elfhaven.calls.utee import UTEE

NUMBERS = {row.name: row.number for row in UTEE.rows}
