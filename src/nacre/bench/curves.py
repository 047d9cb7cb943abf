"""Rate-distortion curves and the Bjøntegaard deltas between them.

Rates enter as log10 of bits per pixel. Interpolation is monotone piecewise cubic, and nothing is ever
extrapolated: a delta is taken over the range that both curves cover, and comes with that range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nacre.bench.interpolation import MonotoneCubic
from nacre.errors import UsageError

MIN_POINTS = 3
"""Fewer points make no curve."""

_SAME = 1e-6  # decades of rate and dB: points nearer than this are one point


class CurveRangeError(UsageError):
    """Curves that share no range, a rate outside a curve, or too few points for a curve."""


def decibels(metric: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return values on the scale of curves: MS-SSIM and SSIM as -10 log10(1 - x), PSNR as it is."""
    x = np.asarray(values, np.float64)
    if "ssim" not in metric:
        return x
    with np.errstate(divide="ignore"):
        return np.asarray(-10 * np.log10(1 - x))


@dataclass(frozen=True, eq=False)
class Curve:
    """Quality that strictly rises with the rate.

    Attributes
    ----------
    rate
        log10 of bits per pixel, strictly increasing; shape (n,), float64.
    quality
        dB, strictly increasing; shape (n,), float64.
    """

    rate: NDArray[np.float64]
    quality: NDArray[np.float64]

    @classmethod
    def of(cls, bpp: ArrayLike, quality: ArrayLike) -> Curve:
        """Upper-left monotone part of measured points, in any order.

        A point stays if it is better than everything that costs no more. Lossless points (infinite quality)
        have no place on a curve in dB and are left out.

        Raises
        ------
        CurveRangeError
            If fewer than `MIN_POINTS` points remain.
        """
        q = np.asarray(quality, np.float64)
        bits = np.asarray(bpp, np.float64)
        usable = np.isfinite(q) & (bits > 0)
        rate, q = np.log10(bits[usable]), q[usable]
        kept: list[tuple[float, float]] = []
        for r, value in sorted(zip(rate.tolist(), q.tolist(), strict=True), key=lambda p: (p[0], -p[1])):
            if not kept or (r - kept[-1][0] > _SAME and value - kept[-1][1] > _SAME):
                kept.append((r, value))
        if len(kept) < MIN_POINTS:
            raise CurveRangeError(
                f"a curve needs {MIN_POINTS} points of rising rate and quality, not {len(kept)}; measure "
                "more settings"
            )
        points = np.array(kept)
        return cls(points[:, 0].copy(), points[:, 1].copy())

    def quality_at(self, bpp: float) -> float:
        """Quality in dB at a rate, interpolated.

        Raises
        ------
        CurveRangeError
            If the curve does not reach that rate: it is never extrapolated.
        """
        at = float(np.log10(bpp))
        if not self.rate[0] <= at <= self.rate[-1]:
            low, high = 10 ** self.rate[0], 10 ** self.rate[-1]
            raise CurveRangeError(
                f"{bpp:g} bpp lies outside the curve ({low:.3g}-{high:.3g} bpp); ask for a rate inside"
            )
        return MonotoneCubic(self.rate, self.quality)(at)


@dataclass(frozen=True)
class Delta:
    """A Bjøntegaard delta and the range it was taken over.

    Attributes
    ----------
    value
        Per cent of rate (negative saves), or dB of quality (positive is better).
    low, high
        Ends of the common range: dB for a rate delta, bits per pixel for a quality delta.
    """

    value: float
    low: float
    high: float


def bd_rate(anchor: Curve, test: Curve) -> Delta:
    """Mean difference in rate at equal quality, `test` against `anchor`, in per cent.

    Raises
    ------
    CurveRangeError
        If the curves share no range of quality.
    """
    gap, low, high = _mean_gap((anchor.quality, anchor.rate), (test.quality, test.rate), "quality", "dB")
    return Delta((10**gap - 1) * 100, low, high)


def bd_quality(anchor: Curve, test: Curve) -> Delta:
    """Mean difference in quality at equal rate, `test` against `anchor`, in dB.

    Raises
    ------
    CurveRangeError
        If the curves share no range of rate.
    """
    gap, low, high = _mean_gap((anchor.rate, anchor.quality), (test.rate, test.quality), "rate", "log10 bpp")
    return Delta(gap, float(10**low), float(10**high))


_Axes = tuple[NDArray[np.float64], NDArray[np.float64]]


def _mean_gap(anchor: _Axes, test: _Axes, what: str, unit: str) -> tuple[float, float, float]:
    low = float(max(anchor[0][0], test[0][0]))
    high = float(min(anchor[0][-1], test[0][-1]))
    if high - low < _SAME:
        raise CurveRangeError(
            f"the curves share no range of {what} ({anchor[0][0]:.2f} to {anchor[0][-1]:.2f} against "
            f"{test[0][0]:.2f} to {test[0][-1]:.2f} {unit}); measure settings that overlap"
        )
    area = MonotoneCubic(*test).integral(low, high) - MonotoneCubic(*anchor).integral(low, high)
    return area / (high - low), low, high


@dataclass(frozen=True)
class MeanDelta:
    """Deltas taken picture by picture, and their mean.

    Attributes
    ----------
    mean
        Mean over the pictures, or None if none could be compared.
    low, high
        Mean ends of the pictures' common ranges.
    per_picture
        The delta of every picture that could be compared.
    left_out
        Pictures whose curves share no range, or are no curves.
    """

    mean: float | None
    low: float | None
    high: float | None
    per_picture: dict[str, Delta]
    left_out: tuple[str, ...] = field(default=())


def per_picture(
    delta: Callable[[Curve, Curve], Delta],
    anchor: Mapping[str, Curve],
    test: Mapping[str, Curve],
    pictures: Sequence[str],
) -> MeanDelta:
    """`bd_rate` or `bd_quality` for every picture, then the mean.

    This order is the honest one: mean curves cut at a rate against mean curves cut at a quality flatter the
    first.
    """
    deltas: dict[str, Delta] = {}
    left_out: list[str] = []
    for name in pictures:
        try:
            deltas[name] = delta(anchor[name], test[name])
        except (KeyError, CurveRangeError):
            left_out.append(name)
    if not deltas:
        return MeanDelta(None, None, None, {}, tuple(left_out))
    return MeanDelta(
        mean=float(np.mean([d.value for d in deltas.values()])),
        low=float(np.mean([d.low for d in deltas.values()])),
        high=float(np.mean([d.high for d in deltas.values()])),
        per_picture=deltas,
        left_out=tuple(left_out),
    )
