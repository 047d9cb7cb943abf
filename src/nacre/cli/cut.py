"""``nacre cut``: a shorter file out of a longer one, without encoding anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nacre import api
from nacre.cli.places import source, target, write
from nacre.cli.reporting import about, say, talk_options
from nacre.cli.values import chosen, targets
from nacre.errors import FormatError


@click.command(no_args_is_help=True, epilog="Example: nacre cut photo.nacre --bytes 20k -o small.nacre")
@click.argument("input_name", metavar="IN", type=click.Path())
@click.option(
    "-o", "--output", metavar="OUT", type=click.Path(), required=True, help="File to write, or - for stdout."
)
@targets("bytes", "bpp", "psnr")
@click.option("-f", "--force", is_flag=True, help="Overwrite an existing file.")
@talk_options
def cut(input_name: str, output: str, force: bool, **options: Any) -> None:
    """Cut a nacre file to fewer bytes.

    Nothing is encoded anew: the output is the beginning of the input, the same bytes that `head -c`
    gives. One of --bytes, --bpp and --psnr says where to cut; --psnr takes the first rate point that
    reaches it, as `nacre info` lists them.
    """
    given = chosen(options)
    if not given:
        raise click.UsageError("Say where to cut: --bytes N, --bpp X or --psnr DB.")
    read = source(input_name, FormatError)
    path = target(output, read, force=force)
    whole = read.read_bytes() if isinstance(read, Path) else read
    with about(input_name):
        part = api.cut(whole, **given)
    write(path, part)
    say(f"{input_name} -> {output}  {len(part):,} of {len(whole):,} bytes", err=path is None)
