"""What priming and bits shared out over cells gain `gru-conv`, in files of equal sizes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from time import perf_counter

import nacre
from nacre import api
from nacre.bench.bars import Bar, at_most, bars_table
from nacre.bench.contract import Pixels, Point
from nacre.bench.markdown import render, table
from nacre.bench.ours import NacreCodec
from nacre.bench.report import CodecResults, Report
from nacre.codecs.recurrent.presets import MOST_PRIMING

RATES = (0.125, 0.25, 0.5)
"""Bits a pixel."""
TOGETHER = -5.0
"""BD-rate in per cent that priming and adaptive bits are to reach together."""
_EQUAL = 1e-9


@dataclass(frozen=True)
class EqualBytes(NacreCodec):
    """A file a rate, of as many bytes as that rate has on a picture or a few less.

    Attributes
    ----------
    priming
        Runs before the first iteration.
    dynamic
        Whether each file has its bits shared out over the picture; otherwise all are cut from one.
    """

    priming: int = 0
    dynamic: bool = False

    @property
    def name(self) -> str:
        """Codec and options."""
        primed = f":priming={self.priming}" if self.priming else ""
        return f"{super().name}{primed}{':dynamic' if self.dynamic else ''}"

    @property
    def description(self) -> str:
        """Version and weights, and what the points are."""
        how = "a file a rate, bits shared out over cells" if self.dynamic else "cut from one file a picture"
        return f"nacre {nacre.__version__}, weights {self._weights()}; {how}"

    @property
    def identity(self) -> str:
        """Name, weights, rates and threads."""
        return json.dumps([self.name, self._weights(), RATES, self.threads])

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """Yield a file a rate."""
        whole: tuple[bytes, float] | None = None
        for rate in RATES:
            size = _size(pixels, rate)
            if self.dynamic:
                data, seconds = self._made(pixels, size)
            else:
                whole = whole or self._made(pixels)
                data, seconds = whole[0][:size], whole[1]
            yield Point(f"{rate:g} bpp", data, len(data), seconds)

    def repeat(self, pixels: Pixels, setting: str) -> bytes:
        """Encode once more."""
        return self._made(pixels, _size(pixels, float(setting.split()[0])) if self.dynamic else None)[0]

    def _made(self, pixels: Pixels, size: int | None = None) -> tuple[bytes, float]:
        start = perf_counter()
        data = api.compress(
            pixels,
            codec=self.codec,
            bytes=size,
            dynamic=self.dynamic,
            iterations=self.iterations,
            priming=self.priming,
            threads=self.threads,
        ).data
        return data, perf_counter() - start


def _size(pixels: Pixels, rate: float) -> int:
    """Bytes that a picture has at so many bits a pixel."""
    return int(rate * pixels.shape[0] * pixels.shape[1] / 8)


def ways(codec: str, *, threads: int = 1) -> list[EqualBytes]:
    """Plain, primed, adaptive, and both; the encoder may fall back on what is better without priming."""
    choices = product((False, True), (0, MOST_PRIMING))
    return [EqualBytes(codec, threads=threads, priming=k, dynamic=dynamic) for dynamic, k in choices]


def bars(report: Report) -> list[Bar]:
    """What each way is held to: never below plain on any picture, and what both save together."""
    plain, *others = report.codecs
    found = []
    for other in others:
        gains = _gains(plain, other)
        worse = sum(gain < -_EQUAL for gain in gains)
        lines = f"{worse} of {len(gains)}, by {max(0.0, -min(gains)):.3f} dB at most"
        found.append(Bar(f"`{other.name}`: files below plain", lines, "0", worse == 0))
    saved = report.bd_rate(others[-1].name).mean
    if saved is not None:
        what = f"`{others[-1].name}`: BD-rate against plain"
        found.append(at_most(what, saved, TOGETHER, "{:+.1f} %"))
    return found


def as_markdown(report: Report) -> str:
    """The bars, what each way gains at each rate and takes in time, and the whole report."""
    plain = report.codecs[0]
    rows = []
    for codec in report.codecs:
        every = [row for rows in codec.pictures.values() for row in rows]
        by_rate = [_gains(plain, codec, setting=f"{rate:g} bpp") for rate in RATES]
        seconds = [fmean(getattr(row, name) for row in every) for name in ("encoding_time", "decoding_time")]
        gains = [f"{fmean(gains):+.3f}" for gains in by_rate]
        rows.append([f"`{codec.name}`", *gains, *(f"{each:.2f}" for each in seconds)])
    head = ["gain (dB) at", *(f"{rate:g} bpp" for rate in RATES), "a file's encoding (s)", "decoding (s)"]
    return "\n\n".join(
        [
            "Files of equal sizes: the plain and the primed ones are cut from one file a picture, those "
            "with adaptive bits are made for each size. Gains are means over pictures of the PSNR against "
            f"the plain file; times are means over all files, {report.jobs} at once.",
            bars_table(bars(report)),
            table(head, rows),
            render(report, RATES),
        ]
    )


def _gains(plain: CodecResults, other: CodecResults, setting: str | None = None) -> list[float]:
    """PSNR above that of the plain file of the same picture and rate, in dB."""
    return [
        after.psnr - before.psnr
        for picture, rows in plain.pictures.items()
        for before, after in zip(rows, other.pictures[picture], strict=True)
        if setting in (None, before.setting)
    ]
