# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven explain`: what a result code means."""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.argument("code", metavar="CODE")
def explain(code: str, as_json: bool) -> None:
    """What CODE means, its usual causes, and the fix.

    CODE is a number (0xffff000f, 4294901775) or a name (TEE_ERROR_SECURITY, SECURITY).
    """
    import json

    from elfhaven.sdk.explain import explain as look_up

    found = look_up(code)
    if as_json:
        click.echo(json.dumps(found.as_values(), indent=1))
        return
    click.echo(f"{found.code:#010x}  {found.name or '(no name)'}: {found.means}")
    for cause in found.causes:
        click.echo(f"  cause: {cause}")
    click.echo(f"  fix:   {found.fix}")
    if found.code:
        click.echo("  who sent it, by the origin that came with it:")
        for origin in found.origins:
            click.echo(f"    {origin}")
