"""Monotone piecewise cubic through given points, evaluated and integrated exactly.

Knot slopes are those of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 1984), the choice known as PCHIP:
where the data are monotone, so is the cubic. Every piece is held as a power series in the distance from its
left knot, so that an integral is a difference of antiderivatives and needs no quadrature.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class MonotoneCubic:
    """The cubic y(x).

    Parameters
    ----------
    x, y
        At least two points, x strictly increasing; shape (n,), float64.
    """

    def __init__(self, x: Floats, y: Floats) -> None:
        step = np.diff(x)
        if len(x) < 2 or np.any(step <= 0):
            raise ValueError("a cubic needs at least two points with increasing x")
        chord = np.diff(y) / step
        slope = _knot_slopes(step, chord)
        left, right = slope[:-1], slope[1:]
        self.x = x
        self._coefficients = (
            y[:-1],
            left,
            (3 * chord - 2 * left - right) / step,
            (left + right - 2 * chord) / step**2,
        )
        areas = self._antiderivative(np.arange(len(step)), step)
        self._area_before = np.concatenate(([0.0], np.cumsum(areas)))

    def __call__(self, at: float) -> float:
        """Value at `at`, which lies within the knots."""
        piece = self._piece(at)
        d = at - self.x[piece]
        c0, c1, c2, c3 = (c[piece] for c in self._coefficients)
        return float(c0 + d * (c1 + d * (c2 + d * c3)))

    def integral(self, low: float, high: float) -> float:
        """Integral from `low` to `high`, both within the knots."""
        return self._area_to(high) - self._area_to(low)

    def _piece(self, at: float) -> int:
        if not self.x[0] <= at <= self.x[-1]:
            raise ValueError("a cubic is not evaluated outside its points")
        return min(int(np.searchsorted(self.x, at, side="right")) - 1, len(self.x) - 2)

    def _area_to(self, at: float) -> float:
        piece = self._piece(at)
        rest = self._antiderivative(np.array([piece]), np.array([at - self.x[piece]]))
        return float(self._area_before[piece] + rest[0])

    def _antiderivative(self, pieces: NDArray[np.int64], d: Floats) -> Floats:
        c0, c1, c2, c3 = (c[pieces] for c in self._coefficients)
        area: Floats = d * (c0 + d * (c1 / 2 + d * (c2 / 3 + d * c3 / 4)))
        return area


def _knot_slopes(step: Floats, chord: Floats) -> Floats:
    if len(chord) == 1:
        return np.repeat(chord, 2)
    slope = np.zeros(len(chord) + 1)
    for k in range(1, len(chord)):
        before, after = chord[k - 1], chord[k]
        if before * after > 0:  # a local extremum keeps slope 0, or the cubic would overshoot
            weight = (step[k - 1] + 2 * step[k]) / (3 * (step[k - 1] + step[k]))
            slope[k] = before * after / (weight * after + (1 - weight) * before)
    slope[0] = _end_slope(step[0], step[1], chord[0], chord[1])
    slope[-1] = _end_slope(step[-1], step[-2], chord[-1], chord[-2])
    return slope


def _end_slope(step: float, next_step: float, chord: float, next_chord: float) -> float:
    """Slope of the parabola through the three outer points, limited so that the end piece stays monotone."""
    parabola = chord + (chord - next_chord) * step / (step + next_step)
    if parabola * chord <= 0:
        return 0.0
    if chord * next_chord < 0 and abs(parabola) > abs(3 * chord):
        return 3 * chord
    return float(parabola)
