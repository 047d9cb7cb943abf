"""Times of whole calls, codecs in turn, so that a noisy machine hurts all alike."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from time import perf_counter
from typing import Any

from nacre.bench.contract import Codec, Pixels, Point
from nacre.bench.measure import read_pixels
from nacre.bench.memory import peak_memory


@dataclass(frozen=True)
class Times:
    """Times and memory of one codec near one rate.

    Attributes
    ----------
    codec, threads, pictures, repeats
        What was timed, and how often.
    bpp
        Mean rate of the files that were decoded.
    encoding_time, decoding_time
        Seconds: median over the repeats of a picture, mean over pictures. For nacre's own codecs encoding
        means the full encode, whatever the rate.
    megapixels
        Mean size of the pictures.
    encoding_memory, decoding_memory
        Peak resident bytes of a fresh process for the first picture, interpreter and libraries included, or
        None where it was not measured.
    """

    codec: str
    threads: int
    pictures: int
    repeats: int
    bpp: float
    encoding_time: float
    decoding_time: float
    megapixels: float
    encoding_memory: int | None = None
    decoding_memory: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def time_codecs(
    codecs: Sequence[Codec],
    pictures: Sequence[Path],
    *,
    threads: int,
    bpp: float = 0.5,
    repeats: int = 5,
    memory: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Times]:
    """Median times of whole calls near a rate, the codecs taking turns.

    Parameters
    ----------
    codecs
        Each is called once a round, in this order.
    pictures
        Picture files.
    threads
        Threads the codecs were made with; for the record and for the processes that measure memory.
    bpp
        Each codec is timed at its point nearest to this rate.
    repeats
        Rounds that count, after one that warms up.
    memory
        Whether to measure peak memory on the first picture too; such codecs must be known by name.
    progress
        Called with a line of text as the work goes on.
    """
    spent: dict[str, list[_OnePicture]] = {codec.name: [] for codec in codecs}
    peaks: dict[str, tuple[int, int]] = {}
    sizes = []
    for path in pictures:
        pixels = read_pixels(path)
        sizes.append(pixels.shape[0] * pixels.shape[1] / 1e6)
        progress(f"timing on {path.name}")
        points = {codec.name: _nearest(codec, pixels, bpp) for codec in codecs}
        for name, one in _rounds(codecs, pixels, points, repeats).items():
            spent[name].append(one)
        if memory and not peaks:
            for codec in codecs:
                progress(f"memory of {codec.name}")
                peaks[codec.name] = _peaks(codec.name, path, points[codec.name], threads)
    return [
        Times(
            codec=name,
            threads=threads,
            pictures=len(pictures),
            repeats=repeats,
            megapixels=fmean(sizes),
            bpp=fmean(one.bpp for one in ones),
            encoding_time=fmean(one.encoding for one in ones),
            decoding_time=fmean(one.decoding for one in ones),
            encoding_memory=peaks[name][0] if name in peaks else None,
            decoding_memory=peaks[name][1] if name in peaks else None,
        )
        for name, ones in spent.items()
    ]


@dataclass(frozen=True)
class _OnePicture:
    bpp: float
    encoding: float
    decoding: float


def _nearest(codec: Codec, pixels: Pixels, bpp: float) -> Point:
    area = pixels.shape[0] * pixels.shape[1]
    return min(codec.points(pixels), key=lambda point: abs(8 * point.size / area - bpp))


def _rounds(
    codecs: Sequence[Codec], pixels: Pixels, points: dict[str, Point], repeats: int
) -> dict[str, _OnePicture]:
    encoding: dict[str, list[float]] = {codec.name: [] for codec in codecs}
    decoding: dict[str, list[float]] = {codec.name: [] for codec in codecs}
    for _ in range(repeats + 1):
        for codec in codecs:
            point = points[codec.name]
            start = perf_counter()
            codec.repeat(pixels, point.setting)
            encoded = perf_counter()
            codec.decode(point.data)
            decoded = perf_counter()
            encoding[codec.name].append(encoded - start)
            decoding[codec.name].append(decoded - encoded)
    area = pixels.shape[0] * pixels.shape[1]
    return {
        name: _OnePicture(8 * point.size / area, median(encoding[name][1:]), median(decoding[name][1:]))
        for name, point in points.items()
    }


def _peaks(name: str, picture: Path, point: Point, threads: int) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        coded = Path(folder) / "coded"
        coded.write_bytes(point.data)
        return (
            peak_memory("encode", name, picture, threads=threads, setting=point.setting),
            peak_memory("decode", name, coded, threads=threads),
        )
