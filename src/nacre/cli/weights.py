"""``nacre weights``: the installed weights, and whether they are what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nacre.cli.reporting import columns, say_json, talk_options
from nacre.errors import WeightsError

if TYPE_CHECKING:
    from nacre.runtime.weights import WeightsInfo


@click.group(no_args_is_help=True, epilog="Example: nacre weights verify")
def weights() -> None:
    """List or verify the installed weights."""


@weights.command("list", epilog="Example: nacre weights list --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, with the record of each.")
@talk_options
def list_(as_json: bool) -> None:
    """List the weights: codec, tag, size, licence, place."""
    from nacre.runtime.weights import list_weights

    found = list_weights()
    if as_json:
        say_json([_as_dict(info) for info in found])
        return
    rows = [("codec", "tag", "size", "licence", "place")] + [
        (info.name, info.tag, f"{info.bytes / 1e6:.1f} MB", info.licence, str(info.path)) for info in found
    ]
    click.echo(columns(rows, right=(2,)))


@weights.command(epilog="Example: nacre weights verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, with the problems of each.")
@talk_options
def verify(as_json: bool) -> None:
    """Compare all weights with the hashes in their records.

    Prints "fine" or what is wrong; the exit code is 5 if anything is.
    """
    from nacre.runtime.weights import list_weights, verify_weights

    problems = [(info, verify_weights(info)) for info in list_weights()]
    if not problems:
        raise WeightsError("No weights are installed; install nacre again.")
    if as_json:
        say_json([{"codec": info.codec, "tag": info.tag, "problems": found} for info, found in problems])
    else:
        for info, found in problems:
            click.echo(f"{info.name} {info.tag}: {' '.join(found) or 'fine'}")
    damaged = [info.name for info, found in problems if found]
    if damaged:
        raise WeightsError(f"The weights of {', '.join(damaged)} are damaged; install nacre again.")


def _as_dict(info: WeightsInfo) -> dict[str, Any]:
    return {
        "codec": info.codec,
        "tag": info.tag,
        "path": str(info.path),
        "bytes": info.bytes,
        "licence": info.licence,
        "record": info.record,
    }
