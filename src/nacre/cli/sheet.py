"""``nacre sheet``: what codecs make of one photograph, as one picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nacre.cli.completion import codec_names
from nacre.cli.places import STANDARD, is_file_like, source, target, write
from nacre.cli.reporting import about, columns, say, say_json, talk_options, warn, working
from nacre.cli.values import count, placed_size, several
from nacre.errors import PictureError, UsageError

if TYPE_CHECKING:
    from PIL import Image

    from nacre.bench.sheets.sheet import Sheet
    from nacre.picture.picture import Picture

_SUFFIX = ".sheet.png"
_MOST_ITERATIONS = 16


def _iteration(text: str) -> int:
    number = count(text)
    if number > _MOST_ITERATIONS:
        raise click.BadParameter(f"{text!r} is not an iteration from 1 to {_MOST_ITERATIONS}.")
    return number


@click.command(
    no_args_is_help=True,
    epilog="Example: nacre sheet photo.jpg --bytes 5k,20k -o sheet.png; of a recurrent codec nacre sheet "
    "photo.jpg --codec gru-conv --iterations 1,2,4,8,16",
)
@click.argument("input_name", metavar="IN", type=click.Path())
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(),
    help=f"Picture to write, or - for stdout (PNG).  [default: beside the input, with the suffix {_SUFFIX}]",
)
@click.option(
    "--bytes",
    "budgets",
    type=several(count),
    multiple=True,
    metavar="N,...",
    help="A row for each: files of at most so many bytes.  [default: 2k,5k,10k,20k,40k for 0.4 megapixels, "
    "more and fewer for larger and smaller pictures]",
)
@click.option(
    "--codec",
    "own",
    type=several(str.strip),
    multiple=True,
    metavar="NAME,...",
    shell_complete=codec_names,
    help="Codecs of nacre; `nacre codecs` lists them.  [default: progressive]",
)
@click.option(
    "--against",
    type=several(str.strip),
    multiple=True,
    metavar="NAME,...",
    help="Codecs to stand beside them, as `nacre bench --help` lists them.  [default: jpeg:420, webp and, "
    "where Pillow has it, avif]",
)
@click.option(
    "--iterations",
    type=several(_iteration),
    multiple=True,
    metavar="T,...",
    help="Instead of budgets, show recurrent codecs after these iterations, a row for each codec.",
)
@click.option(
    "--crop",
    type=placed_size,
    metavar="WxH+X+Y",
    help="Show this part of each picture; bytes and PSNR are those of all of it.",
)
@click.option(
    "--side",
    type=click.IntRange(32, 8192),
    default=384,
    show_default=True,
    metavar="N",
    help="Pixels of the long side that pictures shrink to on the sheet.",
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads.  [default: all cores]")
@click.option(
    "--max-pixels", type=count, metavar="N", help="Refuse larger pictures.  [default: Pillow's limit]"
)
@click.option("-f", "--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: each file's bytes and PSNR.")
@talk_options
def sheet(
    input_name: str,
    output: str | None,
    side: int,
    crop: tuple[int, int, int, int] | None,
    threads: int | None,
    max_pixels: int | None,
    force: bool,
    as_json: bool,
    **lists: tuple[tuple[Any, ...], ...],
) -> None:
    """Draw a contact sheet of one photograph.

    Rows are budgets of bytes, columns codecs: cuts of one nacre file beside JPEG, WebP and AVIF files of at
    most the same bytes. Where a codec has no file so small, its smallest is shown, and said to be it. Each
    picture is labelled with the real bytes of its file and the PSNR of what is decoded from them.
    """
    chosen = {name: [value for values in given for value in values] for name, given in lists.items()}
    own, against, iterations = chosen["own"], chosen["against"], sorted(set(chosen["iterations"]))
    budgets = sorted(set(chosen["budgets"]))
    if iterations and (budgets or against):
        raise UsageError("--iterations shows no budgets; give it without --bytes and --against.")
    read = source(input_name, PictureError)
    path = target(output or _place(input_name), read, force=force)

    from nacre.bench.sheets.budgets import by_budgets
    from nacre.bench.sheets.drawing import Window
    from nacre.bench.sheets.iterations import by_iterations
    from nacre.codecs.registry import DEFAULT
    from nacre.runtime.sessions import default_threads

    picture = _picture(read, input_name, max_pixels)
    window = Window(picture.width, picture.height) if crop is None else Window(*crop)
    window.check(picture.width, picture.height)
    own, threads = own or [DEFAULT], threads or default_threads()
    with working("coding"):
        if iterations:
            made = by_iterations(picture.rgb(), own, iterations, threads)
        else:
            made = by_budgets(picture.rgb(), own, against, budgets, threads)
    title = f"{Path(input_name).name}, {picture.width} x {picture.height}"
    part = "" if crop is None else f", the part {window.width}x{window.height}+{window.left}+{window.top}"
    drawn = made.draw(title + part, window, side)
    write(path, _encoded(drawn, path))
    place = str(path or STANDARD)
    if as_json:
        facts = {"input": input_name, "output": place, "width": picture.width, "height": picture.height}
        say_json({**facts, "rows": made.as_lists()}, err=path is None)
    else:
        say(f"{_table(made)}\n{input_name} -> {place}", err=path is None)


def _place(input_name: str) -> str:
    return STANDARD if input_name == STANDARD else str(Path(input_name).with_suffix(_SUFFIX))


def _picture(read: Path | bytes, name: str, max_pixels: int | None) -> Picture:
    from nacre.picture.reading import DEFAULT_MAX_PIXELS, as_picture

    with about(name):
        picture = as_picture(read, max_pixels=max_pixels or DEFAULT_MAX_PIXELS)
        for note in picture.notes:
            warn(note)
        if picture.alpha is not None:
            warn("alpha is left out")
    return picture


def _encoded(drawn: Image.Image, path: Path | None) -> bytes:
    """The sheet as a file of the kind that its name says."""
    from nacre.picture.reading import from_pil
    from nacre.picture.writing import write as write_picture

    buffer = io.BytesIO()
    suffix = path.suffix if path is not None and is_file_like(path) else ""
    write_picture(from_pil(drawn, max_pixels=drawn.width * drawn.height), buffer, format=suffix or "PNG")
    return buffer.getvalue()


def _table(made: Sheet) -> str:
    files = [file for row in made.files for file in row]
    bound = "bytes at most" if any(file.allowed for file in files) else ""
    rows = [("codec", "", bound, "bytes", "bpp", "PSNR", "")]
    for file in files:
        allowed = "" if file.allowed is None else f"{file.allowed:,}"
        sizes = (allowed, f"{len(file.data):,}", f"{file.bpp:.3f}", f"{file.psnr:.2f} dB")
        rows.append((file.codec, file.setting, *sizes, "" if file.fits else "the smallest there is"))
    return columns(rows, right=(2, 3, 4, 5))
