"""``nacre codecs``: the codecs there are."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from nacre import api
from nacre.cli.reporting import say_json, talk_options

if TYPE_CHECKING:
    from nacre.codecs.contract import CodecInfo

_WIDTH = 100
"""Lines are no longer, whatever the terminal."""


@click.command(epilog="Example: nacre codecs --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@talk_options
def codecs(as_json: bool) -> None:
    """List the codecs: paper, rates, weights and what they can do."""
    found = api.list_codecs()
    if as_json:
        say_json([codec.as_dict() for codec in found])
        return
    click.echo("\n\n".join(_blocks(found)))


def _blocks(found: list[CodecInfo]) -> Iterator[str]:
    """The codecs of each paper, under it."""
    width = min(get_terminal_size((_WIDTH, 0)).columns, _WIDTH)
    names = max(len(codec.name) for codec in found)
    for (family, paper), group in groupby(found, key=lambda codec: (codec.family, codec.paper)):
        yield _wrapped(f"{family}: {paper}", width, "")
        for codec in group:
            lines = [_wrapped(fact, width, " " * (names + 4)) for fact in _facts(codec)]
            yield f"  {codec.name}".ljust(names + 4) + "\n".join(lines).lstrip()


def _facts(codec: CodecInfo) -> list[str]:
    kinds = {
        "progressive": codec.progressive,
        "byte-exact": codec.byte_exact,
        "adaptive bits": codec.adaptive_bits,
        "regions of interest": codec.regions,
        "priming": codec.priming,
        "search": codec.search,
    }
    kind = ", ".join(kind for kind, holds in kinds.items() if holds) or "one file a rate"
    size = f"{codec.weights_bytes / 1e6:.1f} MB, {codec.licence}"
    return [
        f"codec {codec.number}, {kind}",
        codec.rates,
        "weights not installed" if codec.weights is None else f"weights {codec.weights}, {size}",
    ]


def _wrapped(text: str, width: int, indent: str) -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + ("" if indent else "  "),
        break_long_words=False,
        break_on_hyphens=False,
    )
