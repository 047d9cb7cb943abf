"""``nacre bench``: codecs compared on a folder of pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nacre.cli.reporting import columns, say, talk_options
from nacre.errors import ExistsError

if TYPE_CHECKING:
    from nacre.bench import Report

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    no_args_is_help=True,
    epilog="Example: nacre bench --images kodak --codecs progressive,jpeg:420,webp --plot out.png",
)
@click.option(
    "--images", metavar="DIR", type=click.Path(path_type=Path), required=True, help="Pictures to code."
)
@click.option(
    "--codecs",
    required=True,
    help="Names separated by commas: codecs of `nacre codecs` (with :raw or :iterations=N), jpeg:420, "
    "jpeg:444, jpeg:progressive, webp, avif, avif:444, jpeg2000, jxl, openjpeg.",
)
@click.option(
    "--json", "json_file", metavar="FILE", type=_FILE, help="Write everything, with CompressAI's keys."
)
@click.option("--plot", metavar="FILE", type=_FILE, help="Draw rate against quality, as .png and as .svg.")
@click.option("--markdown", metavar="FILE", type=_FILE, help="Write tables.")
@click.option(
    "--report",
    "html",
    metavar="FILE",
    type=_FILE,
    help="Write a page of HTML that stands alone: plots, tables, and pictures to compare at equal bytes.",
)
@click.option(
    "--anchor", metavar="CODEC", help="BD-rates are against this codec.  [default: jpeg:420, or the first]"
)
@click.option(
    "--published", is_flag=True, help="Show published curves (means over Kodak) beside the measured ones."
)
@click.option(
    "--timing", is_flag=True, help="Time whole calls, codecs in turn, and measure peak memory; implies -j 1."
)
@click.option(
    "--threads", type=click.IntRange(1), default=2, show_default=True, help="Threads of each codec."
)
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Pictures at once.")
@click.option(
    "--cache",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep measurements, and go on.",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite results that exist.")
@talk_options
def bench(
    images: Path,
    codecs: str,
    json_file: Path | None,
    plot: Path | None,
    markdown: Path | None,
    html: Path | None,
    anchor: str | None,
    published: bool,
    timing: bool,
    threads: int,
    jobs: int,
    cache: Path | None,
    force: bool,
) -> None:
    """Compare codecs on a folder of pictures, with real files.

    Every file is decoded from its bytes and measured against the original; rates include headers. BD-rates
    are taken picture by picture, over the common range only, and then averaged.
    """
    drawn = [plot.with_suffix(suffix) for suffix in (".png", ".svg")] if plot else []
    written = [path for path in (json_file, markdown, html, *drawn) if path is not None]
    for path in written:
        if path.exists() and not force:
            raise ExistsError(f"{str(path)!r} exists already; take another name, or -f to overwrite it")

    from nacre.bench import run

    with _progress() as progress:
        report = run(
            images,
            [name.strip() for name in codecs.split(",") if name.strip()],
            json=json_file,
            plot=plot,
            markdown=markdown,
            html=html,
            anchor=anchor,
            published_curves=published,
            threads=threads,
            jobs=jobs,
            cache=cache,
            timing=timing,
            progress=progress,
        )
    say(_summary(report))
    for path in written:
        say(f"wrote {path}", err=True)


def _summary(report: Report) -> str:
    rows = [("codec", f"BD-rate against {report.anchor}", "over", "pictures")]
    for codec in report.codecs:
        if codec.name == report.anchor:
            continue
        delta = report.bd_rate(codec.name)
        if delta.mean is None:
            rows.append((codec.name, "no common range", "", "0"))
        else:
            over = f"{delta.low:.1f}-{delta.high:.1f} dB"
            rows.append((codec.name, f"{delta.mean:+.1f} %", over, str(len(delta.per_picture))))
    for times in report.times:
        encode, decode = times.encoding_time * 1000, times.decoding_time * 1000
        rows.append(
            (times.codec, f"encode {encode:.1f} ms", f"decode {decode:.1f} ms", f"{times.threads} threads")
        )
    return columns(rows, right=(1, 2, 3))


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None] | None]:
    """Show a bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, what: bar.update(
            task, completed=done, total=total, description=escape(what)
        )
