"""What the comparer of the page shows: each picture, in files of about the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nacre.bench.at_bytes import SizedFile, at_bytes
from nacre.bench.cache import Cache, key_of
from nacre.bench.contract import Codec, Pixels
from nacre.bench.html.copies import Copy, of_file, of_pixels
from nacre.bench.measure import read_pixels
from nacre.bench.ours import NacreCodec, RawNacreCodec
from nacre.bench.parallel import carry_out

RATES = (0.125, 0.25, 0.5)
"""Bits a pixel of the budgets."""
PICTURES = 24
"""Pictures at most."""
CHARACTERS = 14_000_000
"""Of all that is shown, in base64; pictures beyond are left out."""
SIDE = 1024
"""Pixels of a side at most; of larger pictures the middle is shown."""

_SOURCES = ("bench/at_bytes.py", "bench/html/comparing.py", "bench/html/copies.py")

Row = dict[str, Any]
"""Plain data, ready for JSON."""

Progress = Callable[[int, int, str], None]


def compare(
    pictures: Mapping[str, Path],
    codecs: Sequence[Codec],
    *,
    jobs: int = 1,
    cache: Cache | None = None,
    progress: Progress = lambda done, total, what: None,
) -> list[Row]:
    """Make the files of each picture and budget.

    Codecs whose sizes are not those of files are left out.

    Parameters
    ----------
    pictures
        By name.
    codecs
        In the order in which they are offered.
    jobs
        Processes.
    cache
        Where what is shown is kept.
    progress
        Called with what is done, all there is to do, and what was done.

    Returns
    -------
    list of dict
        For each picture what the script of the page reads.
    """
    real = [codec for codec in codecs if not isinstance(codec, RawNacreCodec)]
    if not real:
        return []
    shown = dict(list(pictures.items())[:PICTURES])
    tasks = {name: [_Task(path, codec) for codec in real] for name, path in shown.items()}
    made = _kept(_files, [task for each in tasks.values() for task in each], cache, jobs, progress)
    originals = {
        name: _Task(path, psnr=max(row["psnr"] for task in tasks[name] for row in made[task]))
        for name, path in shown.items()
    }
    first = _kept(_original, list(originals.values()), cache, jobs, progress)
    return _within(
        [
            {
                "name": name,
                **first[task][0],
                "codecs": {codec.name: made[of] for codec, of in zip(real, tasks[name], strict=True)},
            }
            for name, task in originals.items()
        ]
    )


@dataclass(frozen=True, eq=False)
class _Task:
    """One picture through one codec, or the original beside files of so many dB, in whichever process."""

    path: Path
    codec: Codec | None = None
    psnr: float = 0.0

    def key(self) -> str:
        """What the result depends on."""
        own = isinstance(self.codec, NacreCodec)
        who = f"original, {self.psnr:.3f} dB" if self.codec is None else self.codec.identity
        return key_of(self.path.read_bytes(), who, own=own, sources=_SOURCES)


def _kept(
    make: Callable[[_Task], list[Row]], tasks: list[_Task], cache: Cache | None, jobs: int, progress: Progress
) -> dict[_Task, list[Row]]:
    """Rows that were kept, and those that are made now."""
    keys = {task: task.key() for task in tasks} if cache else {}
    found = {task: rows for task, key in keys.items() if cache and (rows := cache.rows(key)) is not None}
    for task, rows in carry_out(make, [task for task in tasks if task not in found], jobs):
        found[task] = rows
        if cache:
            cache.put_rows(keys[task], rows)
        what = "the original" if task.codec is None else task.codec.name
        progress(len(found), len(tasks), f"pictures of {what} for {task.path.name}")
    return found


def _files(task: _Task) -> list[Row]:
    """What one codec makes of one picture, a row for each budget."""
    assert task.codec is not None
    original = read_pixels(task.path)
    height, width = original.shape[:2]
    budgets = [max(1, int(bpp * width * height / 8)) for bpp in RATES]
    return [{**file.as_dict(), **_shown(file)} for file in at_bytes(task.codec, original, budgets)]


def _shown(file: SizedFile) -> Row:
    part = middle(file.pixels)
    whole = of_file(file.data) if part.shape == file.pixels.shape else None
    return _plain(whole or of_pixels(part, file.psnr))


def _original(task: _Task) -> list[Row]:
    """The original, as near as the best file needs it."""
    pixels = read_pixels(task.path)
    part = middle(pixels)
    (height, width), (rows, columns) = pixels.shape[:2], part.shape[:2]
    facts = {"width": width, "height": height, "shown_width": columns, "shown_height": rows}
    return [{**facts, "original": _plain(of_pixels(part, task.psnr))}]


def middle(pixels: Pixels) -> Pixels:
    """The middle of a picture, of at most `SIDE` pixels a side."""
    spare = [max(0, length - SIDE) // 2 for length in pixels.shape[:2]]
    return pixels[spare[0] : spare[0] + SIDE, spare[1] : spare[1] + SIDE]


def _plain(copy: Copy) -> Row:
    return {"copy": asdict(copy)}


def _within(rows: list[Row]) -> list[Row]:
    """The first pictures, as many as the page has room for, but at least one."""
    kept: list[Row] = []
    room = CHARACTERS
    for row in rows:
        files = [file for files in row["codecs"].values() for file in files]
        room -= sum(len(one["copy"]["address"]) for one in (row["original"], *files))
        if kept and room < 0:
            break
        kept.append(row)
    return kept
