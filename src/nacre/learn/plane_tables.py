"""The tables of the embedded stream from the distribution of residuals: probabilities, means, order.

SPEC.md, section 9.4. What training pictures gave is mixed with an expectation: a residual of class i is
Gaussian with the class's deviation and, once in 512, Laplacian with three times that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.tables import CLASSES, MEAN_BITS, REFINE, SLOPE_STEPS, ZERO, Tables, deviation
from nacre.coding.stream import FINE_TOTAL, TOTAL
from nacre.learn.losses.gaussian_rate import TAIL

PLANES = 14
KNOWN = 16
"""Magnitudes that the tables tell apart."""
_PRIOR_COUNT = 500
"""Residuals that the expectation counts for beside those seen of a class."""
_LEAST = 2.0**-22
"""Planes that fewer residuals reach are not coded."""
_LEAST_LAPLACE = 0.35

_erfc = np.vectorize(math.erfc, otypes=[np.float64])


class Seen:
    """Residuals of training pictures by class and rounded magnitude.

    Attributes
    ----------
    counts, sums
        (classes, 2^14): how many there were, and the sum of their magnitudes.
    """

    def __init__(self) -> None:
        self.counts = np.zeros((CLASSES, 1 << PLANES))
        self.sums = np.zeros((CLASSES, 1 << PLANES))

    def add(self, residuals: NDArray[np.floating], classes: NDArray[np.uint8]) -> None:
        """Count residuals, in steps of the finest quantizer, of these classes; two arrays of one shape."""
        sizes = np.abs(residuals.ravel())
        cells = np.minimum(np.rint(sizes), self.counts.shape[1] - 1).astype(np.int64)
        cells += classes.ravel().astype(np.int64) << PLANES
        shape = self.counts.shape
        self.counts += np.bincount(cells, minlength=self.counts.size).reshape(shape)
        self.sums += np.bincount(cells, sizes, self.sums.size).reshape(shape)


@dataclass(frozen=True)
class _Cells:
    """Probability and mean magnitude of the cells of one plane, by magnitude."""

    mass: NDArray[np.float64]
    first: NDArray[np.float64]

    def coarser(self) -> _Cells:
        return _Cells(self.mass.reshape(-1, 2).sum(1), self.first.reshape(-1, 2).sum(1))

    @property
    def mean(self) -> NDArray[np.float64]:
        return np.divide(self.first, self.mass, out=np.zeros_like(self.mass), where=self.mass > 0)

    @property
    def explained(self) -> NDArray[np.float64]:
        """Part of the variance that knowing the cell takes away; of cell 0, whose mean is 0, none."""
        part = self.mean * self.first
        part[0] = 0
        return part


def _finest(sigma: float) -> _Cells:
    edges = np.concatenate([[0], np.arange(1, (1 << PLANES) + 1) - 0.5])
    width = max(3 * sigma, _LEAST_LAPLACE) / math.sqrt(2)
    gauss, laplace = _erfc(edges / (sigma * math.sqrt(2))), np.exp(-edges / width)
    above = (1 - TAIL) * gauss + TAIL * laplace
    density = sigma * math.sqrt(2 / math.pi) * np.exp(-np.square(edges / sigma) / 2)
    moment = (1 - TAIL) * density + TAIL * (edges + width) * laplace
    return _Cells(-np.diff(above), -np.diff(moment))


def make_tables(seen: Seen | None = None) -> Tables:
    """All tables; without residuals that were seen those that are expected of every network."""
    signs = np.ones((PLANES, CLASSES), np.int32)
    ones = np.full((PLANES, CLASSES, KNOWN), TOTAL // 2, np.int32)
    means = np.zeros((PLANES, CLASSES, KNOWN), np.int32)
    top = np.zeros(CLASSES, np.uint8)
    passes = []
    for number in range(CLASSES):
        cells = [_finest(deviation(number))]
        if seen is not None:
            cells = [_mixed(cells[0], seen.counts[number], seen.sums[number])]
        while len(cells) <= PLANES:
            cells.append(cells[-1].coarser())
        reached = [1 - c.mass[0] > _LEAST for c in cells[:PLANES]]
        top[number] = max((k for k, r in enumerate(reached) if r), default=0)
        for k in range(top[number] + 1):
            signs[k, number] = _sign_weight(cells[k], cells[k + 1])
            ones[k, number] = _bit_chances(cells[k], cells[k + 1])
            means[k, number] = _rests(cells[k], k)
        passes += _passes(number, cells, int(top[number]), signs[:, number])
    passes.sort(key=lambda p: p[:3])
    order = np.array([(-plane, number, kind) for _, plane, kind, number in passes], np.uint8)
    slopes = np.rint([SLOPE_STEPS * math.log2(-slope) for slope, *_ in passes]).astype(np.int16)
    return Tables(order, slopes, signs, ones, means, top)


def _mixed(expected: _Cells, counts: NDArray[np.float64], sums: NDArray[np.float64]) -> _Cells:
    total = counts.sum() + _PRIOR_COUNT
    return _Cells(
        (counts + _PRIOR_COUNT * expected.mass) / total, (sums + _PRIOR_COUNT * expected.first) / total
    )


def _sign_weight(cells: _Cells, coarser: _Cells) -> int:
    chance = cells.mass[1] / coarser.mass[0]
    return max(1, round(chance / 2 * FINE_TOTAL))


def _bit_chances(cells: _Cells, coarser: _Cells) -> NDArray[np.int32]:
    known = min(KNOWN, len(coarser.mass))
    mass = coarser.mass[1:known]
    chance = np.divide(cells.mass[3 : 2 * known : 2], mass, out=np.full(known - 1, 0.5), where=mass > 1e-300)
    table = np.full(KNOWN, TOTAL // 2, np.int32)
    table[1:known] = np.clip(np.rint(chance * TOTAL), 1, TOTAL - 1)
    table[known:] = table[known - 1]
    return table


def _rests(cells: _Cells, plane: int) -> NDArray[np.int32]:
    known = min(KNOWN, len(cells.mass))
    edges = np.arange(known) * float(1 << plane)
    middle = edges + ((1 << plane) - 1) / 2
    mean = np.where(cells.mass[:known] > 1e-300, cells.mean[:known], middle)
    table = np.zeros(KNOWN, np.int32)
    table[1:known] = np.rint((mean - edges)[1:] * (1 << MEAN_BITS))
    table[known:] = table[known - 1]
    return table


def _passes(
    number: int, cells: list[_Cells], top: int, signs: NDArray[np.int32]
) -> list[tuple[float, int, int, int]]:
    """(-slope, -plane, kind, class) of a class's passes; none is steeper than those that it depends on."""
    passes = []
    zero_slope = refine_slope = math.inf
    for k in range(top, -1, -1):
        fine, coarse = cells[k], cells[k + 1]
        chance = 2 * signs[k] / FINE_TOTAL
        bits = coarse.mass[0] * (_entropy(np.array([chance]))[0] + chance)
        last = zero_slope
        zero_slope = min(zero_slope, fine.explained[1] / bits)
        passes.append((-zero_slope, -k, ZERO, number))
        if k < top:
            split = np.divide(
                fine.mass[3::2],
                coarse.mass[1:],
                out=np.full(len(coarse.mass) - 1, 0.5),
                where=coarse.mass[1:] > 0,
            )
            bits = float((coarse.mass[1:] * _entropy(split)).sum())
            gain = float(fine.explained[2:].sum() - coarse.explained[1:].sum())
            slope = gain / bits if bits > 1e-12 and gain > 0 else math.inf
            # A pass of vanishing probability has no slope of its own.
            refine_slope = min(refine_slope, last, slope)
            passes.append((-refine_slope, -k, REFINE, number))
    return passes


def _entropy(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.clip(chance, 1e-12, 1 - 1e-12)
    bits: NDArray[np.float64] = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    return bits
