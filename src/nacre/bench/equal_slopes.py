"""The mean curve of a codec whose files can be cut, as codecs with one setting for all pictures have it.

With one setting such a codec pays the same for a bit in every picture, so it spends bits where they serve the
whole set. Published means are of that kind. Means of cuts at equal rates are not, and would differ by several
per cent; so cuts are chosen by equal slopes of squared error over rate, on each picture's own curve.
"""

from __future__ import annotations

from statistics import fmean

import numpy as np

from nacre.bench.curves import Curve, CurveRangeError, decibels
from nacre.bench.interpolation import MonotoneCubic
from nacre.bench.report import CodecResults

SLOPES = tuple(float(slope) for slope in np.geomspace(6000, 2, 60))
"""Squared gray levels that a bit a pixel is worth."""
_GRID = 500


def mean_curve(codec: CodecResults, metric: str) -> Curve | None:
    """Mean rate and quality over all pictures, slope by slope.

    Slopes that would lead beyond the end of a picture's curve are left out. None if some picture has no
    curve, or too few slopes are left.
    """
    chosen = {picture: _rates(curve) for picture, curve in codec.curves("psnr-rgb").items()}
    curves = codec.curves(metric)
    if not curves or chosen.keys() != codec.pictures.keys() or curves.keys() != chosen.keys():
        return None
    points = []
    for number in range(len(SLOPES)):
        rates = {picture: found[number] for picture, found in chosen.items()}
        try:
            values = [_unit(metric, curves[p].quality_at(r)) for p, r in rates.items() if r is not None]
        except CurveRangeError:
            continue
        if len(values) == len(rates):
            points.append((fmean(r for r in rates.values() if r is not None), fmean(values)))
    try:
        return Curve.of([bpp for bpp, _ in points], decibels(metric, [value for _, value in points]))
    except CurveRangeError:
        return None


def _rates(curve: Curve) -> list[float | None]:
    """Bits a pixel where error plus slope times rate is least; None where that is an end of the curve."""
    cubic = MonotoneCubic(curve.rate, curve.quality)
    grid = np.linspace(curve.rate[0], curve.rate[-1], _GRID)
    errors = 255**2 * 10 ** (-np.array([cubic(float(rate)) for rate in grid]) / 10)
    best = [int(np.argmin(errors + slope * 10**grid)) for slope in SLOPES]
    return [float(10 ** grid[at]) if 0 < at < _GRID - 1 else None for at in best]


def _unit(metric: str, quality: float) -> float:
    """Quality in dB to the metric's own unit, which means are taken in."""
    return 1 - 10 ** (-quality / 10) if "ssim" in metric else quality
