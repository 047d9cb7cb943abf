"""``nacre compare``: how far two pictures are apart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from nacre import api
from nacre.cli.places import STANDARD, source
from nacre.cli.reporting import about, columns, say_json, talk_options
from nacre.errors import PictureError, UsageError

_NACRE = b"\x89NCR"


@click.command(no_args_is_help=True, epilog="Example: nacre compare photo.png photo.nacre")
@click.argument("first", metavar="A", type=click.Path())
@click.argument("second", metavar="B", type=click.Path())
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object; a PSNR of null means equal pixels."
)
@talk_options
def compare(first: str, second: str, as_json: bool) -> None:
    """Compare two pictures of equal size: PSNR in dB, SSIM, MS-SSIM.

    Each is any picture that Pillow opens, or a nacre file.
    """
    if first == second == STANDARD:
        raise UsageError("Only one of the two pictures can be - (stdin); name a file for the other.")
    result = api.compare(_picture(first), _picture(second))
    if as_json:
        say_json(asdict(result))
        return
    rows = [
        ("PSNR", f"{result.psnr:.2f} dB"),
        ("SSIM", f"{result.ssim:.4f}"),
        ("MS-SSIM", f"{result.ms_ssim:.4f}"),
    ]
    click.echo(columns(rows, right=(1,)))


def _picture(name: str) -> object:
    read = source(name, PictureError)
    with about(name):
        if _head(read) == _NACRE:
            return api.decompress(read)
    return read


def _head(read: Path | bytes) -> bytes:
    if isinstance(read, bytes):
        return read[: len(_NACRE)]
    with read.open("rb") as file:
        return file.read(len(_NACRE))
