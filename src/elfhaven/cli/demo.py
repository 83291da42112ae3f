# SPDX-License-Identifier: BSD-2-Clause
"""`elfhaven demo`: the language model told natively and inside, with what it cost."""

from __future__ import annotations

import click


@click.command()
@click.option("--steps", default=128, show_default=True, help="Tokens to tell.")
def demo(steps: int) -> int:
    """Builds the llama example, runs it inside with a manifest and an audit log, and shows the figures."""
    from elfhaven.sdk.demo import run_demo

    return run_demo(steps, click.echo)
