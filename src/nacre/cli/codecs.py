"""``nacre codecs``: the codecs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nacre import api
from nacre.cli.reporting import columns, say_json, talk_options

if TYPE_CHECKING:
    from nacre.codecs.contract import CodecInfo


@click.command(epilog="Example: nacre codecs --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@talk_options
def codecs(as_json: bool) -> None:
    """List the codecs: paper, rates, weights and what they can do."""
    found = api.list_codecs()
    if as_json:
        say_json([codec.as_dict() for codec in found])
        return
    click.echo("\n\n".join(map(_text, found)))


def _text(codec: CodecInfo) -> str:
    kinds = {
        "progressive": codec.progressive,
        "byte-exact": codec.byte_exact,
        "adaptive bits": codec.adaptive_bits,
    }
    size = f"{codec.weights_bytes / 1e6:.1f} MB, {codec.licence}"
    facts = [
        ("family", f"{codec.family}, codec number {codec.number}"),
        ("paper", codec.paper),
        ("rates", codec.rates),
        ("kind", ", ".join(kind for kind, holds in kinds.items() if holds) or "one file a rate"),
        ("weights", "not installed" if codec.weights is None else f"{codec.weights}, {size}"),
    ]
    return f"{codec.name}\n{columns(facts, indent='  ')}"
