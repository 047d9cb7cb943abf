"""What it costs that a stream is embedded: its prefixes against one quantizer a rate.

Network, hyper-latents, means and classes are the same. On one side stand real prefixes of one file; on the
other all residuals quantized once with a dead zone, at their ideal code length, behind the same real bytes of
header and hyper-latents.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from nacre import api
from nacre.bench.bars import Bar, at_most
from nacre.bench.contents import first_layer
from nacre.bench.contract import Pixels
from nacre.bench.curves import Curve, CurveRangeError, MeanDelta, bd_rate, per_picture
from nacre.bench.direct import OFFSET, quantize
from nacre.bench.each_picture import Row
from nacre.bench.interpolation import MonotoneCubic
from nacre.bench.markdown import table
from nacre.bench.measure import read_pixels
from nacre.codecs.progressive.cells import to_latents, to_symbols
from nacre.codecs.progressive.hyper import MEAN_STEP_BITS
from nacre.codecs.progressive.transforms import Transforms, padded, to_pixels
from nacre.picture.metrics import psnr

STEPS = tuple(2 ** (k / 2) for k in range(11))
"""Of the single quantizers, in steps of the finest."""
CUTS = tuple(float(bpp) for bpp in np.geomspace(0.07, 2.0, 20))
"""Bits a pixel at which the embedded file is cut."""
RANGE = (0.1, 1.3)
"""Bits a pixel of the single quantizers between which the two are compared."""
SHOWN = (0.1, 0.15, 0.25, 0.5, 0.75, 1.0, 1.3)
MOST = 4.0
"""Per cent of rate, mean over pictures."""


def measure(path: Path, *, codec: str, threads: int) -> Row:
    """Points of both curves of one picture."""
    pixels = read_pixels(path)
    area = pixels.shape[0] * pixels.shape[1]
    made = api.compress(pixels, codec=codec, threads=threads)
    least, total = made.layers[0].file_bytes, len(made.data)
    sizes = sorted({min(max(int(bpp * area / 8), least), total) for bpp in CUTS})
    embedded = [psnr(pixels, api.decompress(made.data[:size], threads=threads).rgb()) for size in sizes]
    direct = list(_direct(pixels, made.data[:least], threads))
    return {
        "embedded": {"bpp": [8 * size / area for size in sizes], "psnr": embedded},
        "direct": {
            "bpp": [(8 * least + bits) / area for bits, _ in direct],
            "psnr": [quality for _, quality in direct],
        },
    }


def _direct(pixels: Pixels, head: bytes, threads: int) -> Iterator[tuple[float, float]]:
    """Ideal bits after the first layer, and the PSNR of the picture, with each step for all residuals."""
    layer = first_layer(head)
    levels = padded(pixels)
    transforms = Transforms(layer.info, levels.shape[0], levels.shape[1], threads)
    symbols = transforms.analyze(levels)
    to_symbols(symbols, layer.flat)
    predicted = layer.means * np.float32(2.0**-MEAN_STEP_BITS)
    for step in STEPS:
        shown, bits = quantize(symbols - predicted, layer.classes, layer.tables, step)
        latents = predicted + shown
        to_latents(latents, layer.flat)
        picture = to_pixels(np.concatenate(list(transforms.synthesize(latents)), 1), gray=False)
        yield bits, psnr(pixels, picture[: pixels.shape[0], : pixels.shape[1]])


@dataclass(frozen=True)
class EmbeddingCost:
    """Rows of `measure` of all pictures."""

    rows: list[Row]

    @property
    def delta(self) -> MeanDelta:
        """BD-rate of the prefixes against the single quantizers within `RANGE`, picture by picture."""
        direct, embedded = self._curves("direct"), self._curves("embedded")
        parts = {name: part for name, curve in direct.items() if (part := within(curve)) is not None}
        return per_picture(bd_rate, parts, embedded, [row["picture"] for row in self.rows])

    def excess_at(self, bpp: float) -> tuple[float, int]:
        """Mean excess in per cent at that rate of the single quantizers, and the pictures that it is of."""
        embedded = self._curves("embedded")
        found = []
        for name, curve in self._curves("direct").items():
            try:
                quality = curve.quality_at(bpp)
            except CurveRangeError:
                continue
            other = embedded.get(name)
            if other is not None and other.quality[0] <= quality <= other.quality[-1]:
                rate = 10 ** MonotoneCubic(other.quality, other.rate)(quality)
                found.append(100 * (rate / bpp - 1))
        return (fmean(found) if found else float("nan")), len(found)

    def bars(self) -> list[Bar]:
        """The mean over pictures."""
        what = f"cost of being embedded, {RANGE[0]:g}–{RANGE[1]:g} bpp, BD-rate"
        mean = self.delta.mean
        if mean is None:
            return [Bar(what, "not measured", f"≤ {MOST:+g} %")]
        return [at_most(what, mean, MOST, "{:+.1f} %")]

    def section(self) -> list[str]:
        """Parts of a document."""
        cells = [self.excess_at(bpp) for bpp in SHOWN]
        rows = [["excess (%)", *(f"{mean:+.1f} ({count})" if count else "–" for mean, count in cells)]]
        note = (
            "Prefixes of one file against the same network and the same hyper-latents with one dead-zone "
            f"quantizer for all residuals (rounding offset {OFFSET}), at its ideal code length behind the "
            "same header; excess rate at equal PSNR, at that rate of the single quantizers. In brackets the "
            "pictures that reach it."
        )
        head = ["", *(f"{bpp:g} bpp" for bpp in SHOWN)]
        return ["### The cost of being embedded", note, table(head, rows)]

    def _curves(self, which: str) -> dict[str, Curve]:
        found = {}
        for row in self.rows:
            with suppress(CurveRangeError):  # some pictures are too small for a curve
                found[row["picture"]] = Curve.of(row[which]["bpp"], row[which]["psnr"])
        return found


def within(curve: Curve) -> Curve | None:
    """The part of a curve that lies in `RANGE`, as far as it reaches; None if it does not."""
    low, high = max(np.log10(RANGE[0]), curve.rate[0]), min(np.log10(RANGE[1]), curve.rate[-1])
    if low >= high:
        return None
    cubic = MonotoneCubic(curve.rate, curve.quality)
    inside = curve.rate[(curve.rate > low) & (curve.rate < high)]
    rates = np.concatenate([[low], inside, [high]])
    return Curve(rates, np.array([cubic(float(rate)) for rate in rates]))
