"""Dynamic bits beside uniform ones: two files of a picture, as long as each other.

The uniform file has half of the codec's iterations, equally many for every unit. The dynamic file gives each
unit what serves the picture best within the same bytes. Both are decoded from their bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil, log10
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from nacre import api
from nacre.bench.bars import Bar, bars_table
from nacre.bench.cache import Cache, key_of
from nacre.bench.contract import Pixels
from nacre.bench.installed import left_out_list
from nacre.bench.markdown import table
from nacre.bench.measure import read_pixels
from nacre.bench.ours import NacreCodec
from nacre.bench.parallel import carry_out
from nacre.codecs.recurrent.units import UnitCodec
from nacre.codecs.registry import get_codec
from nacre.errors import UsageError
from nacre.picture.metrics import psnr

CODECS = ("lstm-fc", "residual-fc", "lstm-conv")

MEAN_GAIN = 0.2
WORST_GAIN = 0.5
"""dB that dynamic bits are to gain in the mean: on the picture, and on the worst tenth of its units."""

Task = tuple[str, Path]
"""A codec's name and a picture's file."""


@dataclass(frozen=True)
class Pair:
    """Both files of one picture.

    Attributes
    ----------
    codec, picture
        Name of the codec, and of the picture's file.
    iterations
        Of every unit in the uniform file.
    uniform_bytes, dynamic_bytes
        Sizes of the files.
    uniform_psnr, dynamic_psnr
        dB over the picture, one mean error for all samples.
    uniform_worst, dynamic_worst
        The same over the worst tenth of the units, which each file has for itself.
    """

    codec: str
    picture: str
    iterations: int
    uniform_bytes: int
    dynamic_bytes: int
    uniform_psnr: float
    dynamic_psnr: float
    uniform_worst: float
    dynamic_worst: float

    @property
    def gain(self) -> float:
        """On the picture, in dB."""
        return self.dynamic_psnr - self.uniform_psnr

    @property
    def worst_gain(self) -> float:
        """On the worst tenth of the units, in dB."""
        return self.dynamic_worst - self.uniform_worst


@dataclass(frozen=True)
class DynamicStudy:
    """Both files of many pictures, of one codec."""

    codec: str
    pictures: list[Pair]

    @property
    def mean_gain(self) -> float:
        """Mean over the pictures, dB."""
        return fmean(pair.gain for pair in self.pictures)

    @property
    def smallest_gain(self) -> float:
        """Over the pictures, dB."""
        return min(pair.gain for pair in self.pictures)

    @property
    def better_share(self) -> float:
        """Share of the pictures with a higher PSNR."""
        return sum(pair.gain > 0 for pair in self.pictures) / len(self.pictures)

    @property
    def worst_gain(self) -> float:
        """Mean gain of the worst tenth of a picture's units, dB."""
        return fmean(pair.worst_gain for pair in self.pictures)

    def bars(self) -> list[Bar]:
        """What dynamic bits are for."""
        better = sum(pair.gain > 0 for pair in self.pictures)
        return [
            Bar(
                f"`{self.codec}`: pictures with a higher PSNR",
                f"{better} of {len(self.pictures)}",
                "all",
                better == len(self.pictures),
            ),
            Bar(
                f"`{self.codec}`: mean gain of the picture",
                f"{self.mean_gain:+.3f} dB",
                f"≥ {MEAN_GAIN:+g} dB",
                self.mean_gain >= MEAN_GAIN,
            ),
            Bar(
                f"`{self.codec}`: mean gain of the worst tenth of its units",
                f"{self.worst_gain:+.3f} dB",
                f"≥ {WORST_GAIN:+g} dB",
                self.worst_gain >= WORST_GAIN,
            ),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "codec": self.codec,
            "mean-gain-db": self.mean_gain,
            "smallest-gain-db": self.smallest_gain,
            "better-share": self.better_share,
            "worst-tenth-gain-db": self.worst_gain,
            "bars": [asdict(bar) for bar in self.bars()],
            "pictures": [asdict(pair) for pair in self.pictures],
        }


def study(
    pictures: Sequence[Path],
    codecs: Sequence[str] = CODECS,
    *,
    threads: int = 1,
    jobs: int = 1,
    cache: Cache | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[DynamicStudy]:
    """Make and compare both files of every picture with every codec.

    Parameters
    ----------
    pictures
        Picture files.
    codecs
        Codecs with adaptive bits.
    threads, jobs
        Threads of each codec, and pictures at once.
    cache
        Where measurements are kept.
    progress
        Called with pairs done, all pairs, and the last one.
    """
    tasks = [(codec, path) for codec in codecs for path in pictures]
    keys = {task: _key(task, threads) for task in tasks} if cache else {}
    found: dict[Task, Pair] = {}
    for task, key in keys.items():
        kept = cache.rows(key) if cache else None
        if kept is not None:
            found[task] = Pair(**(kept[0] | {"picture": task[1].name}))
    due = [task for task in tasks if task not in found]
    for task, pair in carry_out(partial(compare, threads=threads), due, jobs):
        found[task] = pair
        if cache:
            cache.put_rows(keys[task], [asdict(pair)])
        progress(len(found), len(tasks), f"{pair.codec} on {pair.picture}")
    return [DynamicStudy(codec, [found[codec, path] for path in pictures]) for codec in codecs]


def _key(task: Task, threads: int) -> str:
    codec, path = task
    identity = f"dynamic {NacreCodec(codec, threads=threads).identity}"
    return key_of(path.read_bytes(), identity, own=True, sources=("bench/dynamic.py",))


def compare(task: Task, *, threads: int = 1) -> Pair:
    """Make both files of a picture with a codec, and compare what they show."""
    codec, path = task
    pixels = read_pixels(path)
    chosen = get_codec(codec)
    if not isinstance(chosen, UnitCodec):
        raise UsageError(f"the codec {codec!r} has no dynamic bits; leave it out")
    half = chosen.default_iterations // 2
    made = api.compress(pixels, codec=codec, iterations=half, threads=threads)
    uniform = made.data
    dynamic = api.compress(pixels, codec=codec, bytes=len(uniform), dynamic=True, threads=threads).data
    shown = [api.decompress(data, threads=threads).rgb() for data in (uniform, dynamic)]
    return Pair(
        codec,
        path.name,
        half,
        len(uniform),
        len(dynamic),
        *(psnr(pixels, each) for each in shown),
        *(worst_tenth(pixels, each, made.unit_side) for each in shown),
    )


def worst_tenth(original: Pixels, decoded: Pixels, side: int) -> float:
    """PSNR in dB over the tenth of the units of `side` pixels that have the largest mean squared error."""
    squares = ((original.astype(np.float64) - decoded) ** 2).mean(axis=2)
    rows, columns = (np.arange(0, length, side) for length in squares.shape)
    # Units at the edges may be smaller.
    heights, widths = (
        np.diff([*starts, n]) for starts, n in zip((rows, columns), squares.shape, strict=True)
    )
    sums = np.add.reduceat(np.add.reduceat(squares, rows, axis=0), columns, axis=1)
    errors = np.sort((sums / np.outer(heights, widths)).ravel())
    worst = float(errors[-ceil(len(errors) / 10) :].mean())
    return 10 * log10(255**2 / worst) if worst else float("inf")


def as_markdown(studies: Sequence[DynamicStudy], left_out: dict[str, str]) -> str:
    """Tables: a row a codec, the bars, and every picture."""
    parts = [
        "Two files of each picture, decoded from their bytes: one of half of the codec's iterations, "
        "and a file of dynamic bits that was asked for as many bytes. The worst tenth is that of "
        "the units (8x8 patches or 32x32 tiles) with the largest mean squared error, in each file its own; "
        "gains are means over pictures."
    ]
    rows = [
        [
            f"`{each.codec}`",
            f"{each.mean_gain:+.3f}",
            f"{each.smallest_gain:+.3f}",
            f"{each.better_share:.0%}",
            f"{each.worst_gain:+.3f}",
        ]
        for each in studies
    ]
    head = [
        "codec",
        "mean gain (dB)",
        "smallest gain (dB)",
        "pictures better",
        "gain of the worst tenth (dB)",
    ]
    if rows:
        parts += [table(head, rows), bars_table(bar for each in studies for bar in each.bars())]
    for each in studies:
        parts += [f"### `{each.codec}`, picture by picture", _pictures_table(each.pictures)]
    return "\n\n".join([*parts, *left_out_list(left_out)]) + "\n"


def _pictures_table(pairs: Sequence[Pair]) -> str:
    head = ["picture", "uniform (bytes)", "dynamic (bytes)", "uniform (dB)", "dynamic (dB)", "gain (dB)"]
    head += ["worst tenth, uniform (dB)", "dynamic (dB)", "gain (dB)"]
    rows = [
        [
            pair.picture,
            f"{pair.uniform_bytes:,}",
            f"{pair.dynamic_bytes:,}",
            f"{pair.uniform_psnr:.2f}",
            f"{pair.dynamic_psnr:.2f}",
            f"{pair.gain:+.3f}",
            f"{pair.uniform_worst:.2f}",
            f"{pair.dynamic_worst:.2f}",
            f"{pair.worst_gain:+.3f}",
        ]
        for pair in pairs
    ]
    return table(head, rows)
