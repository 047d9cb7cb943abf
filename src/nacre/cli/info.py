"""``nacre info``: what a nacre file says about itself. Imports the standard library and click alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nacre import api
from nacre.cli.places import source
from nacre.cli.reporting import columns, say_json, talk_options
from nacre.errors import FormatError

if TYPE_CHECKING:
    from nacre.api import FileInfo


@click.command(no_args_is_help=True, epilog="Example: nacre info photo.nacre --json")
@click.argument("input_name", metavar="IN", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@talk_options
def info(input_name: str, as_json: bool) -> None:
    """Show what a nacre file holds, without decoding it.

    Size, codec and weights, rate points (bytes to cut at, bits a pixel, PSNR in dB), segments and
    whether their checksums are right.
    """
    found = api.info(source(input_name, FormatError))
    if as_json:
        say_json(found.as_dict())
    else:
        click.echo(_text(input_name, found))


def _text(name: str, info: FileInfo) -> str:
    pixels = info.width * info.height
    metadata = [
        label
        for label, there in (("ICC", info.has_icc), ("Exif", info.has_exif), ("XMP", info.has_xmp))
        if there
    ]
    first = "not stated" if info.first_layer_bytes is None else f"{info.first_layer_bytes:,} bytes"
    facts = [
        ("file", name),
        ("kind", f"{info.kind}, format version {info.version}"),
        ("codec", f"{info.codec} ({info.codec_number}), weights {info.weights_tag}"),
        ("size", f"{info.width} x {info.height}, {info.layout}"),
        ("bytes", f"{info.file_bytes:,}  ({8 * info.file_bytes / pixels:.3f} bpp)"),
        ("first layer", first),
        ("metadata", ", ".join(metadata) or "none"),
        ("integrity", info.integrity),
    ]
    text = [columns(facts)]
    if info.rate_points:
        points = [("bytes", "bpp", "PSNR")] + [
            (f"{point.bytes:,}", f"{8 * point.bytes / pixels:.3f}", f"{point.psnr:.2f} dB")
            for point in info.rate_points
        ]
        text += ["rate points", columns(points, right=(0, 1, 2), indent="  ")]
    if info.segments:
        segments = [("type", "offset", "length", "state")] + [
            (str(segment.type), f"{segment.offset:,}", f"{segment.length:,}", segment.state)
            for segment in info.segments
        ]
        text += ["segments", columns(segments, right=(1, 2), indent="  ")]
    return "\n".join(text)
