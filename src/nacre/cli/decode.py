"""``nacre decode``: a nacre file, whole or cut, to a picture."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import click

from nacre import api
from nacre.cli import raw as raw_streams
from nacre.cli.places import STANDARD, is_file_like, source, target, write
from nacre.cli.reporting import about, say, talk_options, working
from nacre.cli.values import count, size
from nacre.errors import FormatError


@click.command(no_args_is_help=True, epilog="Example: nacre decode photo.nacre -o photo.png --max-bytes 20k")
@click.argument("input_name", metavar="IN")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="File whose suffix names the format (.png, .jpg, .webp, ...), or - for PNG on stdout. "
    "Default: beside the input, with the suffix .png; stdout when the input is -.",
)
@click.option("--max-bytes", type=count, metavar="N", help="Read the first N bytes only.  [default: all]")
@click.option("--raw", is_flag=True, help="Decode a header-less stream; needs --codec and --size.")
@click.option("--codec", metavar="NAME", help="Codec of a header-less stream.")
@click.option("--size", type=size, metavar="WxH", help="Size of its picture in pixels, such as 768x512.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads.  [default: all cores]")
@click.option(
    "--max-pixels", type=count, metavar="N", help="Refuse larger pictures.  [default: Pillow's limit]"
)
@click.option(
    "--strict", is_flag=True, help="Fail (exit code 3) on a damaged file; do not show what is left."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite an existing file.")
@talk_options
def decode(input_name: str, output: str | None, force: bool, raw: bool, **options: Any) -> None:
    """Decode a nacre file to a picture.

    A file that was cut at any byte decodes to the picture that its bytes hold; of a damaged file what stands
    before the damage is shown, with a warning.
    """
    raw_streams.check_decoding(raw, options)
    if output is None:
        place = Path(input_name)
        output = STANDARD if input_name == STANDARD else str(place.parent / f"{place.stem}.png")
    read = source(input_name, FormatError)
    path = target(output, read, force=force)
    start = time.perf_counter()
    with about(input_name), working(f"decoding {input_name}"):
        from nacre.picture.writing import write as write_picture

        if raw:
            picture = raw_streams.decode_one(read, options)
        else:
            del options["codec"], options["size"]
            picture = api.decompress(read, **options)
        if path is not None and is_file_like(path):
            write_picture(picture, path, overwrite=force)
        else:
            buffer = io.BytesIO()
            write_picture(picture, buffer, format="PNG")
            write(path, buffer.getvalue())
    seconds = time.perf_counter() - start
    say(f"{input_name} -> {output}  {picture.width} x {picture.height}  {seconds:.1f} s", err=path is None)
