"""``nacre decode``: nacre files, whole or cut, to pictures."""

from __future__ import annotations

import functools
import io
import time
from pathlib import Path
from typing import Any

import click

from nacre import api
from nacre.cli import follow as following
from nacre.cli import raw as raw_streams
from nacre.cli.batch import Made, carry_out
from nacre.cli.completion import codec_names
from nacre.cli.jobs import Job, job_options, plan
from nacre.cli.places import folder_without_r, is_file_like, source, target, write
from nacre.cli.reporting import talk_options
from nacre.cli.values import count, positive, size
from nacre.errors import FormatError, UsageError


@click.command(no_args_is_help=True, epilog="Example: nacre decode photo.nacre -o photo.png --max-bytes 20k")
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=click.Path())
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(),
    help="File whose suffix names the format (.png, .jpg, .webp, ...), or - for stdout; with several inputs "
    "a folder, which is made if missing, as are the folders of -r in it. "
    "Default: beside each input; stdout when the input is -.",
)
@click.option(
    "--format",
    "suffix",
    metavar="FMT",
    default="png",
    show_default=True,
    help="Format where OUT does not name it: png, jpg, webp, tif, ...",
)
@click.option("--max-bytes", type=count, metavar="N", help="Read the first N bytes only.  [default: all]")
@click.option("--raw", is_flag=True, help="Decode a header-less stream; needs --codec and --size.")
@click.option("--codec", metavar="NAME", shell_complete=codec_names, help="Codec of a header-less stream.")
@click.option("--size", type=size, metavar="WxH", help="Size of its picture in pixels, such as 768x512.")
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads.  [default: all cores]")
@click.option(
    "--max-pixels", type=count, metavar="N", help="Refuse larger pictures.  [default: Pillow's limit]"
)
@click.option(
    "--strict", is_flag=True, help="Fail (exit code 3) on a damaged file; do not show what is left."
)
@click.option(
    "--follow",
    is_flag=True,
    help="Write a better picture each time enough of a pipe or a growing file has come in; with --json "
    "and without -o print what comes in, and write none.",
)
@click.option(
    "--patience",
    type=positive,
    metavar="SECONDS",
    default="10",
    show_default=True,
    help="With --follow, how long a file may stay as it is before it counts as ended.",
)
@job_options
@click.option("-f", "--force", is_flag=True, help="Overwrite existing files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file, on a line.")
@talk_options
def decode(
    inputs: tuple[str, ...],
    output: str | None,
    suffix: str,
    raw: bool,
    follow: bool,
    patience: float,
    recursive: bool,
    jobs: int | None,
    skip_existing: bool,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Decode nacre files to pictures.

    A file that was cut at any byte decodes to the picture that its bytes hold; of a damaged file what stands
    before the damage is shown, with a warning. A file that fails does not end the job; the exit code is that
    of the first failure.
    """
    raw_streams.check_decoding(raw, options)
    if skip_existing and force:
        raise UsageError("--skip-existing and -f exclude each other; give one of them.")
    if follow:
        others = {"raw": raw, "max_bytes": options["max_bytes"], "strict": options["strict"]}
        others |= {"recursive": recursive, "jobs": jobs, "skip_existing": skip_existing}
        following.check(inputs, output, others, as_json=as_json)
        following.follow(
            inputs[0],
            output,
            suffix,
            threads=options["threads"],
            max_pixels=options["max_pixels"],
            patience=patience,
            force=force,
            as_json=as_json,
        )
        return
    wanted = {".raw" if raw else ".nacre"}
    planned = plan(inputs, output, f".{suffix}", wanted, recursive=recursive)
    if jobs is not None and options["threads"] is None:
        options["threads"] = 1
    carry_out(
        functools.partial(_decode, suffix=suffix, raw=raw, options=options, force=force),
        planned,
        verb="decoding",
        processes=jobs or 1,
        skip_existing=skip_existing,
        as_json=as_json,
    )


def _decode(job: Job, suffix: str, raw: bool, options: dict[str, Any], force: bool) -> Made:
    from nacre.picture.writing import write as write_picture

    folder_without_r(job.name, FormatError)
    read = source(job.name, FormatError)
    path = target(job.place, read, force=force)
    start = time.perf_counter()
    if raw:
        picture = raw_streams.decode(read, options)
    else:
        of_files = {name: value for name, value in options.items() if name not in ("codec", "size")}
        picture = api.decompress(read, **of_files)
    if path is not None and is_file_like(path):
        write_picture(picture, path, overwrite=force)
    else:
        buffer = io.BytesIO()
        write_picture(picture, buffer, format=suffix)
        write(path, buffer.getvalue())
    seconds = time.perf_counter() - start
    read_bytes = read.stat().st_size if isinstance(read, Path) else len(read)
    record = {
        "input": job.name,
        "output": job.place,
        "width": picture.width,
        "height": picture.height,
        "bytes": min(read_bytes, options["max_bytes"] or read_bytes),
        "seconds": seconds,
    }
    size = f"{picture.width} x {picture.height}"
    return Made(record, f"{job.name} -> {job.place}  {size}  {seconds:.1f} s")
