"""``nacre encode``: pictures to nacre files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from nacre import api
from nacre.cli import raw as raw_streams
from nacre.cli import show_bits as bits
from nacre.cli.places import STANDARD, source, target, write
from nacre.cli.reporting import about, columns, detail, fail, say, say_json, talk_options, warn, working
from nacre.cli.values import chosen, count, positive, targets
from nacre.errors import PictureError, UsageError


@click.command(no_args_is_help=True, epilog="Example: nacre encode photo.jpg --bytes 40k")
@click.argument("inputs", metavar="IN...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="File, or -; with several inputs a folder, which is made if missing. "
    "Default: beside each input, with the suffix .nacre; stdout when the input is -.",
)
@targets("bytes", "bpp", "psnr", "ssim", "quality")
@click.option(
    "--iterations",
    type=click.IntRange(1, 16),
    metavar="T",
    help="Iterations to encode.  [default: the codec's: 8, or 16 of the fully connected ones]",
)
@click.option(
    "--dynamic",
    is_flag=True,
    help="Share iterations out over patches, for --bytes, --bpp or --psnr. For codecs with adaptive bits.",
)
@click.option(
    "--patch-psnr",
    type=positive,
    metavar="DB",
    help="Give each patch the iterations that it needs for this PSNR. For codecs with adaptive bits.",
)
@click.option("--codec", metavar="NAME", help="Codec; `nacre codecs` lists them.  [default: gru-conv]")
@click.option(
    "--fast",
    is_flag=True,
    help="Encode in less time; a file that ends inside an iteration then shows the iteration before.",
)
@click.option("--strip", is_flag=True, help="Leave out Exif and XMP.")
@click.option(
    "--show-bits",
    metavar="MAP.png",
    help="Draw the bits of each patch, before entropy coding, as a heat map. For codecs that have patches.",
)
@click.option(
    "--raw",
    is_flag=True,
    help="Write a header-less stream, with the suffix .raw. For codecs that have patches.",
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads.  [default: all cores]")
@click.option(
    "--max-pixels", type=count, metavar="N", help="Refuse larger pictures.  [default: Pillow's limit]"
)
@click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a picture, on a line.")
@talk_options
def encode(
    inputs: tuple[str, ...],
    output: str | None,
    force: bool,
    as_json: bool,
    raw: bool,
    show_bits: str | None,
    **options: Any,
) -> None:
    """Encode pictures, each to one nacre file.

    At most one of --bytes, --bpp, --psnr, --ssim and --quality says where the file ends; without one
    it holds all that was encoded, and `nacre cut` shortens it later. For each picture one line is
    printed: input, output, bytes, bits a pixel, PSNR in dB, seconds; with -v also what each iteration of
    the full encode is worth. A picture that fails does not end the job; the exit code is that of the first
    failure.
    """
    chosen(options)
    if raw:
        raw_streams.check_encoding({**options, "show_bits": show_bits})
    if options["dynamic"] and options["patch_psnr"] is not None:
        raise UsageError("--dynamic and --patch-psnr exclude each other; give one of them.")
    if show_bits is not None:
        bits.check(show_bits, inputs, options["codec"])
    outputs = _outputs(inputs, output, ".raw" if raw else ".nacre")
    codes = []
    for name, place in zip(inputs, outputs, strict=True):
        try:
            if raw:
                raw_streams.encode_one(name, place, options, force=force, as_json=as_json)
            else:
                _encode_one(name, place, show_bits, options, force=force, as_json=as_json)
        except BrokenPipeError:
            raise
        except Exception as error:
            codes.append(fail(error))
            if as_json:
                failure = {"input": name, "error": str(error), "exit_code": codes[-1]}
                say_json(failure, err=place == STANDARD, indent=None)
    if codes:
        if len(inputs) > 1:
            click.echo(f"nacre: {len(codes)} of {len(inputs)} pictures failed", err=True)
        click.get_current_context().exit(codes[0])


def _encode_one(
    name: str, place: str, show_bits: str | None, options: dict[str, Any], *, force: bool, as_json: bool
) -> None:
    read = source(name, PictureError)
    path = target(place, read, force=force)
    map_path = None if show_bits is None else bits.place(show_bits, place, read, force=force)
    start = time.perf_counter()
    with about(name), working(f"encoding {name}"):
        result = api.compress(read, **options)
        for note in result.notes:
            warn(note)
        drawn = None if map_path is None else bits.draw(result)
    write(path, result.data)
    if map_path is not None and drawn is not None:
        bits.write_map(map_path, drawn, result)
    seconds = time.perf_counter() - start
    to_stderr = path is None
    if as_json:
        record = {
            "input": name,
            "output": place,
            "codec": result.codec,
            "width": result.width,
            "height": result.height,
            "bytes": len(result.data),
            "bpp": result.bpp,
            "psnr": result.psnr,
            "seconds": seconds,
            "iterations": _iterations(result),
            "notes": list(result.notes),
        }
        say_json(record, err=to_stderr, indent=None)
        return
    quality = "" if result.psnr is None else f"  {result.psnr:.2f} dB"
    say(
        f"{name} -> {place}  {len(result.data):,} bytes  {result.bpp:.3f} bpp{quality}  {seconds:.1f} s",
        err=to_stderr,
    )
    detail(_table(result))


def _iterations(result: api.Compressed) -> list[dict[str, Any]]:
    """What each whole iteration of the full encode is worth."""
    return [
        {
            "iteration": layer.iteration,
            "bytes": layer.file_bytes,
            "bpp": 8 * layer.file_bytes / (result.width * result.height),
            "psnr": layer.psnr,
        }
        for layer in result.layers
        if layer.whole
    ]


def _table(result: api.Compressed) -> str:
    rows = [("iteration", "bytes", "bpp", "PSNR")] + [
        (
            str(row["iteration"]),
            f"{row['bytes']:,}",
            f"{row['bpp']:.3f}",
            "" if row["psnr"] is None else f"{row['psnr']:.2f} dB",
        )
        for row in _iterations(result)
    ]
    return columns(rows, right=(0, 1, 2, 3), indent="  ")


def _outputs(inputs: tuple[str, ...], output: str | None, suffix: str) -> list[str]:
    """Return the output of each input, no two alike."""
    if STANDARD in inputs and len(inputs) > 1:
        raise UsageError("- (stdin) stands alone; encode the other pictures by another command.")
    if output is None:
        outputs = [
            STANDARD if name == STANDARD else str(Path(name).parent / f"{Path(name).stem}{suffix}")
            for name in inputs
        ]
    elif output != STANDARD and (len(inputs) > 1 or Path(output).is_dir() or output.endswith("/")):
        folder = _folder(output)
        outputs = [str(folder / f"{_stem(name)}{suffix}") for name in inputs]
    elif len(inputs) > 1:
        raise UsageError("Several pictures cannot go to stdout; name a folder with -o.")
    else:
        outputs = [output]
    seen: dict[str, str] = {}
    for name, place in zip(inputs, outputs, strict=True):
        other = seen.setdefault(place, name)
        if other is not name:
            raise UsageError(f"{other!r} and {name!r} would both be written to {place!r}; encode them apart.")
    return outputs


def _folder(name: str) -> Path:
    folder = Path(name)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as failure:
        raise UsageError(f"The folder {name!r} cannot be made: {failure.strerror}.") from None
    return folder


def _stem(name: str) -> str:
    return "stdin" if name == STANDARD else Path(name).stem
