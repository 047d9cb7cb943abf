"""``nacre encode``: pictures to nacre files."""

from __future__ import annotations

import functools
import time
from typing import Any

import click

from nacre import api
from nacre.cli import raw as raw_streams
from nacre.cli import show_bits as bits
from nacre.cli.batch import Made, Work, carry_out
from nacre.cli.completion import codec_names
from nacre.cli.jobs import Job, job_options, plan
from nacre.cli.places import folder_without_r, source, target, write
from nacre.cli.reporting import columns, talk_options
from nacre.cli.values import chosen, count, positive, targets
from nacre.errors import PictureError, UsageError


@click.command(no_args_is_help=True, epilog="Example: nacre encode photos -r -o files --bytes 40k -j 2")
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=click.Path())
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(),
    help="File, or -; with several inputs a folder, which is made if missing, as are the folders of -r "
    "in it. Default: beside each input, with the suffix .nacre; stdout when the input is -.",
)
@targets("bytes", "bpp", "psnr", "ssim", "quality")
@click.option(
    "--iterations",
    type=click.IntRange(1, 16),
    metavar="T",
    help="Iterations to encode, of recurrent codecs.  [default: 8, or 16 of the fully connected ones]",
)
@click.option(
    "--priming",
    type=click.IntRange(0, 3),
    metavar="K",
    help="Runs of the networks before the first iteration, 0 to 3: they take time and no bits. For codecs "
    "with priming.",
)
@click.option(
    "--search",
    type=click.IntRange(0, 32),
    metavar="N",
    help="Try the N least sure codes of each cell and iteration the other way around: shows more at the same "
    "size, and takes long to encode. For codecs with a search.",
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
@click.option(
    "--roi",
    metavar="MASK",
    type=click.Path(),
    help="Picture of the same size: the lighter, the earlier a place gets its bytes; of gru-conv, the larger "
    "its share of --bytes, --bpp or --psnr, and else of half of the bits there are. For codecs with regions "
    "of interest.",
)
@click.option(
    "--codec",
    metavar="NAME",
    shell_complete=codec_names,
    help="Codec; `nacre codecs` lists them.  [default: progressive]",
)
@click.option(
    "--fast",
    is_flag=True,
    help="Encode in less time; a file that ends inside an iteration then shows the iteration before.",
)
@click.option("--strip", is_flag=True, help="Leave out Exif and XMP.")
@click.option(
    "--show-bits",
    metavar="MAP.png",
    type=click.Path(),
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
@job_options
@click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a picture, on a line.")
@talk_options
def encode(
    inputs: tuple[str, ...],
    output: str | None,
    recursive: bool,
    jobs: int | None,
    skip_existing: bool,
    force: bool,
    as_json: bool,
    raw: bool,
    show_bits: str | None,
    **options: Any,
) -> None:
    """Encode pictures, each to one nacre file.

    At most one of --bytes, --bpp, --psnr, --ssim and --quality says where the file ends; without one
    it holds all that was encoded, and `nacre cut` shortens it later. For each picture one line is
    printed: input, output, bytes, bits a pixel, PSNR in dB ("about" where it is estimated), seconds; with
    -v also what each rate point or iteration of the full encode is worth. A picture that fails does not
    end the job; the exit code is that of the first failure. Files appear when they are whole, so that a
    job that was interrupted is finished by the same command with --skip-existing.
    """
    chosen(options)
    if raw:
        raw_streams.check_encoding({**options, "show_bits": show_bits})
    if options["dynamic"] and options["patch_psnr"] is not None:
        raise UsageError("--dynamic and --patch-psnr exclude each other; give one of them.")
    if skip_existing and force:
        raise UsageError("--skip-existing and -f exclude each other; give one of them.")
    from nacre.picture.reading import SUFFIXES

    planned = plan(inputs, output, ".raw" if raw else ".nacre", SUFFIXES, recursive=recursive)
    if show_bits is not None:
        bits.check(show_bits, len(planned), options["codec"])
    if jobs is not None and options["threads"] is None:
        options["threads"] = 1
    work: Work = functools.partial(_encode, show_bits=show_bits, options=options, force=force)
    if raw:
        work = functools.partial(raw_streams.encode, options=options, force=force)
    carry_out(
        work,
        planned,
        verb="encoding",
        processes=jobs or 1,
        skip_existing=skip_existing,
        as_json=as_json,
    )


def _encode(job: Job, show_bits: str | None, options: dict[str, Any], force: bool) -> Made:
    folder_without_r(job.name, PictureError)
    read = source(job.name, PictureError)
    path = target(job.place, read, force=force)
    map_path = None if show_bits is None else bits.place(show_bits, job.place, read, force=force)
    start = time.perf_counter()
    result = api.compress(read, **options)
    drawn = None if map_path is None else bits.draw(result)
    write(path, result.data)
    aside = ""
    if map_path is not None and drawn is not None:
        aside = bits.write_map(map_path, drawn, result)
    seconds = time.perf_counter() - start
    record = {
        "input": job.name,
        "output": job.place,
        "codec": result.codec,
        "width": result.width,
        "height": result.height,
        "bytes": len(result.data),
        "bpp": result.bpp,
        "psnr": result.psnr,
        "psnr_estimated": result.estimated,
        "seconds": seconds,
        _kind(result): _steps(result),
        "notes": list(result.notes),
    }
    about = "about " if result.estimated else ""
    quality = "" if result.psnr is None else f"  {about}{result.psnr:.2f} dB"
    size = f"{len(result.data):,} bytes  {result.bpp:.3f} bpp{quality}"
    line = f"{job.name} -> {job.place}  {size}  {seconds:.1f} s"
    return Made(record, line, _table(result), aside, result.notes)


def _kind(result: api.Compressed) -> str:
    """What steps of the full encode are called."""
    return "iterations" if result.layers[0].iteration else "rate_points"


def _steps(result: api.Compressed) -> list[dict[str, Any]]:
    """What each whole iteration or rate point of the full encode is worth."""
    return [
        ({"iteration": layer.iteration} if layer.iteration else {})
        | {
            "bytes": layer.file_bytes,
            "bpp": 8 * layer.file_bytes / (result.width * result.height),
            "psnr": layer.psnr,
        }
        for layer in result.layers
        if layer.whole
    ]


def _table(result: api.Compressed) -> str:
    counted = _kind(result) == "iterations"
    rows = [("iteration" if counted else "", "bytes", "bpp", "PSNR")] + [
        (
            str(row.get("iteration", "")),
            f"{row['bytes']:,}",
            f"{row['bpp']:.3f}",
            "" if row["psnr"] is None else f"{row['psnr']:.2f} dB",
        )
        for row in _steps(result)
    ]
    return columns(rows, right=(0, 1, 2, 3), indent="  ")
