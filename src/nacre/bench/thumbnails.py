"""Thumbnails of 32x32 pixels: nacre's thumbnail codecs beside today's, at sizes without headers.

The comparison of Toderici et al., ICLR 2016. Block SSIM, its measure, is taken here with a uniform 8x8 window
at every position inside the thumbnail, K1 = 0.01 and K2 = 0.03, for R', G' and B' each; all means are over
thumbnails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import nacre
from nacre import api
from nacre.bench.cache import Cache, key_of
from nacre.bench.contract import Pixels
from nacre.bench.headerless import Opponent, opponents
from nacre.bench.installed import left_out
from nacre.bench.measure import read_pixels
from nacre.bench.parallel import carry_out
from nacre.bench.thumbnail_curves import Curve, Point, ThumbnailStudy
from nacre.errors import NacreError, PictureError
from nacre.picture.metrics import block_ssim, psnr, ssim

SIDE = 32

BUDGETS = (48, 64, 80, 96, 112, 128)
"""Bytes a thumbnail that today's codecs may take."""

ITERATION_BYTES = {
    "residual-fc-shared": 8,
    "residual-fc": 8,
    "residual-fc-8bits": 16,
    "lstm-fc": 8,
    "residual-conv-shared": 16,
    "residual-conv": 16,
    "lstm-conv": 16,
    "static-conv": 64,
}
"""Bytes of one iteration of a thumbnail's raw codes; for `static-conv`, of one rate."""

ONE_NETWORK_A_RATE = frozenset({"static-conv"})
"""Codecs whose iterations are no prefixes of each other."""

CHUNK = 25

_SOURCES = ("bench/headerless.py", "bench/thumbnails.py")

Thumbnails = NDArray[np.uint8]
"""Shape (N, 32, 32, 3), uint8."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Quality:
    """How near one decoded thumbnail is to its original.

    Attributes
    ----------
    block_ssim
        Mean over R', G' and B'.
    luma_ssim
        Gaussian 11x11 window, on Y' of BT.601 rounded to integers.
    psnr
        dB over R', G' and B' together.
    """

    block_ssim: float
    luma_ssim: float
    psnr: float


def study(
    thumbnails: Thumbnails,
    *,
    threads: int = 1,
    jobs: int = 1,
    cache: Cache | None = None,
    progress: Progress = lambda done, total, what: None,
) -> ThumbnailStudy:
    """Measure all codecs that can run.

    Parameters
    ----------
    thumbnails
        Originals.
    threads, jobs
        Threads of nacre's codecs, and processes of today's.
    cache
        Where measurements are kept.
    progress
        Called with thumbnails done, all thumbnails, and the codec's name.
    """
    curves = [
        opponent_curve(each, thumbnails, jobs=jobs, cache=cache, progress=progress) for each in opponents()
    ]
    known = api.list_codecs()
    weights = {info.name: info.weights or "" for info in known}
    missing = left_out(ITERATION_BYTES, known)
    for codec in ITERATION_BYTES:
        if codec not in missing:
            progress(0, len(thumbnails), codec)
            curves.append(own_curve(codec, thumbnails, weights=weights[codec], threads=threads, cache=cache))
    return ThumbnailStudy(len(thumbnails), curves, missing)


def read_thumbnails(path: Path) -> Thumbnails:
    """Cut a mosaic apart, row by row.

    Raises
    ------
    PictureError
        If it is no picture, or its sides are no multiples of 32.
    """
    pixels = read_pixels(path)
    height, width = pixels.shape[:2]
    if height % SIDE or width % SIDE:
        raise PictureError(
            f"{path.name} has {width}x{height} pixels; a mosaic needs sides that are multiples of {SIDE}"
        )
    tiles = pixels.reshape(height // SIDE, SIDE, width // SIDE, SIDE, 3).swapaxes(1, 2)
    return tiles.reshape(-1, SIDE, SIDE, 3)


def quality(original: Pixels, decoded: Pixels) -> Quality:
    """Measure one thumbnail."""
    return Quality(
        block_ssim(original, decoded), ssim(_luma(original), _luma(decoded)), psnr(original, decoded)
    )


def opponent_curve(
    opponent: Opponent,
    thumbnails: Thumbnails,
    *,
    jobs: int = 1,
    cache: Cache | None = None,
    progress: Progress = lambda done, total, what: None,
) -> Curve:
    """Measure one of today's codecs at `BUDGETS`, each thumbnail at its best setting, or recall it."""
    identity = f"{opponent!r} {opponent.description}"
    key = key_of(thumbnails.tobytes(), identity, own=False, sources=_SOURCES)
    points = _recalled(cache, key, lambda: _opponent_points(opponent, thumbnails, jobs, progress))
    return Curve(opponent.name, opponent.description, own=False, prefixes=False, points=points)


def _recalled(cache: Cache | None, key: str, measure: Callable[[], list[Point]]) -> list[Point]:
    """Points that were kept, or that are measured now and kept."""
    kept = cache.rows(key) if cache else None
    if kept is not None:
        return [Point(**row) for row in kept]
    points = measure()
    if cache:
        cache.put_rows(key, [asdict(point) for point in points])
    return points


def _opponent_points(
    opponent: Opponent, thumbnails: Thumbnails, jobs: int, progress: Progress
) -> list[Point]:
    tasks = [thumbnails[start : start + CHUNK] for start in range(0, len(thumbnails), CHUNK)]
    found: list[list[tuple[int, Quality]]] = []
    for _, rows in carry_out(partial(_fit, opponent), tasks, jobs):
        found += rows
        progress(len(found), len(thumbnails), opponent.name)
    return [
        _point(budget, [row[k][0] for row in found], [row[k][1] for row in found])
        for k, budget in enumerate(BUDGETS)
    ]


def own_curve(
    codec: str, thumbnails: Thumbnails, *, weights: str = "", threads: int = 1, cache: Cache | None = None
) -> Curve:
    """Measure one of nacre's codecs after every iteration up to the largest budget, or recall it.

    All thumbnails are one picture, one above the other: the units of these codecs don't cross the borders of
    32 pixels and know nothing of each other, so the codes are those of the thumbnails coded one by one.

    Raises
    ------
    NacreError
        If the raw codes have another size than the codec's.
    """
    key = key_of(thumbnails.tobytes(), f"{codec} {weights} {threads}", own=True, sources=_SOURCES)
    points = _recalled(cache, key, lambda: _own_points(codec, thumbnails, threads))
    return Curve(
        codec,
        f"nacre {nacre.__version__}, weights {weights}; raw codes",
        own=True,
        prefixes=codec not in ONE_NETWORK_A_RATE,
        points=points,
    )


def _own_points(codec: str, thumbnails: Thumbnails, threads: int) -> list[Point]:
    column = Image.fromarray(thumbnails.reshape(-1, SIDE, 3))
    points = []
    for iterations, data in enumerate(_raw_codes(codec, column, threads), 1):
        size = ITERATION_BYTES[codec] * iterations
        if len(data) != size * len(thumbnails):
            raise NacreError(
                f"Raw codes of {codec} for {len(thumbnails)} thumbnails have {len(data)} bytes after "
                f"{iterations} iterations, not {size} each."
            )
        shown = nacre.decode_raw(data, codec=codec, size=column.size, threads=threads)
        decoded = np.asarray(shown.convert("RGB")).reshape(thumbnails.shape)
        measured = [quality(a, b) for a, b in zip(thumbnails, decoded, strict=True)]
        points.append(_point(size, [size] * len(thumbnails), measured))
    return points


def _raw_codes(codec: str, picture: Image.Image, threads: int) -> Iterator[bytes]:
    """Codes after every iteration up to the largest budget."""
    count = max(BUDGETS) // ITERATION_BYTES[codec]
    if codec in ONE_NETWORK_A_RATE:
        for rate in range(1, count + 1):
            yield nacre.encode_raw(picture, codec=codec, iterations=rate, threads=threads)
        return
    whole = nacre.encode_raw(picture, codec=codec, iterations=count, threads=threads)
    for iterations in range(1, count + 1):
        yield whole[: len(whole) * iterations // count]


def _fit(opponent: Opponent, thumbnails: Thumbnails) -> list[list[tuple[int, Quality]]]:
    """Bytes and quality of each thumbnail at each budget."""
    return [
        [(each.bytes, quality(original, each.pixels)) for each in opponent.best(original, BUDGETS)]
        for original in thumbnails
    ]


def _point(budget: int, sizes: Sequence[int], measured: Sequence[Quality]) -> Point:
    return Point(
        budget,
        bytes=fmean(sizes),
        too_large=sum(size > budget for size in sizes),
        block_ssim=fmean(each.block_ssim for each in measured),
        luma_ssim=fmean(each.luma_ssim for each in measured),
        psnr=fmean(each.psnr for each in measured),
    )


def _luma(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
