# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven calls`: every call of every table, who serves it and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from elfhaven.calls.row import Row


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
def calls(as_json: bool) -> None:
    """Every Linux and utee call: served inside, delegated, refused or absent, with the reason."""
    import json

    from elfhaven.calls.linux import LINUX
    from elfhaven.calls.utee import UTEE

    tables = (LINUX, UTEE)
    if as_json:
        click.echo(
            json.dumps({table.name: [_fields(row) for row in table.rows] for table in tables}, indent=1)
        )
        return
    for table in tables:
        counts = _counts(table.rows)
        click.echo(f"{table.name}: {len(table.rows)} calls, {counts}")
        for row in table.rows:
            served = f"{row.served.value} {row.refusal}" if row.refusal else row.served.value
            click.echo(f"{row.number:>5} {row.name:<26} {served:<16} {row.reason}".rstrip())


def _counts(rows: Sequence[Row]) -> str:
    from collections import Counter

    return ", ".join(f"{count} {name}" for name, count in Counter(row.served.value for row in rows).items())


def _fields(row: Row) -> dict[str, object]:
    return {
        "number": row.number,
        "name": row.name,
        "served": row.served.value,
        "arguments": [f"{arg.name}:{arg.kind}" for arg in row.args],
        "result": row.result.value,
        "errors": sorted(row.errors),
        "policy": row.policy,
        "refusal": row.refusal,
        "reason": row.reason,
    }
