"""The bench itself: pictures x codecs, measured, kept, and written as results."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nacre.bench import cache as cached
from nacre.bench import markdown as tables
from nacre.bench import plots, published
from nacre.bench.cache import Cache
from nacre.bench.contract import Codec
from nacre.bench.files import write_json, write_whole
from nacre.bench.html import page
from nacre.bench.html.comparing import compare
from nacre.bench.measure import Measurement, measure, read_pixels
from nacre.bench.ours import RawNacreCodec
from nacre.bench.parallel import carry_out
from nacre.bench.registry import open_codecs
from nacre.bench.report import CodecResults, Report
from nacre.bench.timing import time_codecs
from nacre.errors import NacreError, PictureError, UsageError
from nacre.picture.reading import SUFFIXES

TIMED_PICTURES = 4
"""Pictures that `timing` times: the medians hardly move beyond them."""

Progress = Callable[[int, int, str], None]
"""Called with the steps done, all steps, and what comes or came."""

PathLike = str | os.PathLike[str]


def run(
    images: PathLike | Sequence[PathLike],
    codecs: Sequence[str | Codec],
    *,
    json: PathLike | None = None,
    plot: PathLike | None = None,
    markdown: PathLike | None = None,
    html: PathLike | None = None,
    anchor: str | None = None,
    published_curves: bool | Sequence[str] = False,
    threads: int = 2,
    jobs: int = 1,
    cache: PathLike | None = None,
    timing: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Measure codecs on pictures, and write what was asked for.

    Parameters
    ----------
    images
        A folder of pictures, a picture, or several of either.
    codecs
        Names such as "jpeg:420", "gru-conv", "gru-conv:raw", or codecs of the caller's.
    json, plot, markdown, html
        Files to write; `plot` gives a PNG and an SVG, `html` a page that stands alone, with pictures to
        compare.
    anchor
        The codec that BD-rates are taken against; by default "jpeg:420" if it is measured, or else the first
        codec.
    published_curves
        Whether to show all published curves, or the names of those to show.
    threads
        Threads of each codec.
    jobs
        Pictures measured at once, in processes; with `timing` always one.
    cache
        Folder that keeps measurements, so that a run that was interrupted goes on.
    timing
        Whether to time codecs in turn and measure peak memory, on the first few pictures.
    progress
        Called as the work goes on; the bench itself prints nothing.

    Returns
    -------
    Report
        All measurements.

    Raises
    ------
    UsageError
        If a codec, the anchor or a library is missing.
    PictureError
        If there is no picture, or one cannot be read.
    """
    if threads < 1 or jobs < 1:
        raise UsageError("threads and jobs are counts from 1 on; give larger ones")
    opened = open_codecs(codecs, threads=threads)
    names = [codec.name for codec in opened]
    chosen = anchor or ("jpeg:420" if "jpeg:420" in names else names[0])
    if chosen not in names:
        raise UsageError(f"the anchor {chosen!r} is not among the codecs; add it to --codecs")
    shown = published.names() if published_curves is True else list(published_curves or ())
    for name in shown:
        published.load(name)
    if plot is not None or html is not None:
        plots.require()
    pictures = find_pictures(images)
    jobs = 1 if timing else jobs

    report = Report(
        pictures=list(pictures),
        codecs=[CodecResults(codec.name, codec.description) for codec in opened],
        anchor=chosen,
        threads=threads,
        jobs=jobs,
        published=shown,
    )
    tell = progress or (lambda done, total, what: None)
    found = _measure_all(pictures, opened, Cache(Path(cache)) if cache is not None else None, jobs, tell)
    for codec in report.codecs:
        codec.pictures = {picture: found[picture, codec.name] for picture in pictures}
    if timing:
        total = len(pictures) * len(opened)
        report.times = time_codecs(
            opened,
            list(pictures.values())[:TIMED_PICTURES],
            threads=threads,
            memory=all(isinstance(codec, str) for codec in codecs),
            progress=lambda what: tell(total, total, what),
        )
    if json is not None:
        write_json(Path(json), report.as_dict())
    if markdown is not None:
        write_whole(Path(markdown), tables.render(report))
    if plot is not None:
        plots.save(report, Path(plot))
    if html is not None:
        kept = Cache(Path(cache), "pictures") if cache is not None else None
        compared = compare(pictures, opened, jobs=jobs, cache=kept, progress=tell)
        write_whole(Path(html), page.render(report, compared))
    return report


def find_pictures(images: PathLike | Sequence[PathLike]) -> dict[str, Path]:
    """Picture files by file name, sorted.

    Raises
    ------
    PictureError
        If there are none, or two of the same name.
    """
    given = [images] if isinstance(images, str | os.PathLike) else list(images)
    paths: list[Path] = []
    for path in map(Path, given):
        if path.is_dir():
            paths += [inside for inside in path.iterdir() if inside.suffix.lower() in SUFFIXES]
        elif path.is_file():
            paths.append(path)
        else:
            raise PictureError(f"there is no picture or folder {str(path)!r}; check the name")
    if not paths:
        raise PictureError(
            f"there is no picture in {', '.join(map(str, given))}; name a folder that holds some"
        )
    found: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: path.name):
        if path.name in found:
            raise PictureError(f"two pictures are named {path.name!r}; results go by name, so rename one")
        found[path.name] = path
    return found


@dataclass(frozen=True)
class _Task:
    """One picture through one codec, in whichever process."""

    picture: str
    path: Path
    codec: Codec
    key: str | None


def _measure(task: _Task) -> list[Measurement]:
    try:
        return measure(task.codec, read_pixels(task.path))
    except (OSError, RuntimeError, ValueError) as error:
        raise NacreError(
            f"{task.codec.name} failed on {task.picture} ({error}); leave one of them out"
        ) from error


_Found = dict[tuple[str, str], list[Measurement]]


def _measure_all(
    pictures: dict[str, Path], codecs: Sequence[Codec], cache: Cache | None, jobs: int, tell: Progress
) -> _Found:
    found: _Found = {}
    tasks: list[_Task] = []
    derived = [codec for codec in codecs if isinstance(codec, RawNacreCodec)]
    measured = {codec.name: codec for codec in codecs if not isinstance(codec, RawNacreCodec)}
    measured |= {codec.base.name: codec.base for codec in derived}
    for picture, path in pictures.items():
        content = path.read_bytes() if cache is not None else b""
        for codec in measured.values():
            key = cached.key(content, codec) if cache is not None else None
            kept = cache.get(key) if cache is not None and key is not None else None
            if kept is None:
                tasks.append(_Task(picture, path, codec, key))
            else:
                found[picture, codec.name] = kept
    total = len(tasks) + len(found)
    for task, measurements in carry_out(_measure, tasks, jobs):
        found[task.picture, task.codec.name] = measurements
        if cache is not None and task.key is not None:
            cache.put(task.key, measurements)
        tell(len(found), total, f"{task.codec.name} on {task.picture}")
    for raw in derived:
        for picture, path in pictures.items():
            height, width = read_pixels(path).shape[:2]
            found[picture, raw.name] = raw.derive(found[picture, raw.base.name], height, width)
    return found
