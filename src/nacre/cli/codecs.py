"""``nacre codecs``: the codecs there are."""

from __future__ import annotations

from dataclasses import asdict

import click

from nacre import api
from nacre.cli.reporting import columns, say_json, talk_options


@click.command(epilog="Example: nacre codecs --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@talk_options
def codecs(as_json: bool) -> None:
    """List the codecs: paper, rates, weights and what they can do."""
    found = api.list_codecs()
    if as_json:
        say_json([asdict(codec) for codec in found])
        return
    rows = [("codec", "number", "progressive", "rates", "weights", "paper")] + [
        (
            codec.name,
            str(codec.number),
            "yes" if codec.progressive else "no",
            codec.rates,
            "not installed"
            if codec.weights is None
            else f"{codec.weights}, {codec.weights_bytes / 1e6:.1f} MB",
            codec.paper,
        )
        for codec in found
    ]
    click.echo(columns(rows, right=(1,)))
