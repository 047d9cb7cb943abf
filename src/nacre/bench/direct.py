"""A dead-zone quantizer of one step, coded at its ideal length: what an embedded stream is compared with.

The residuals of a class are distributed as the tables of `progressive` say, cell by cell of the finest
quantizer; within such a cell as a Gaussian of the class's deviation and, once in 512, a Laplacian of three
times that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.tables import CLASSES, Tables, deviation
from nacre.coding.stream import FINE_TOTAL, TOTAL

Floats = NDArray[np.float64]

OFFSET = 0.35
"""A magnitude is rounded down after this has been added; 0.5 would be plain rounding."""
TAIL = 1 / 512
LEAST_LAPLACE = 0.35
"""Steps of the finest quantizer: no Laplacian is narrower."""

_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@dataclass(frozen=True)
class Cells:
    """Cells of a quantizer for residuals of one class, by index 0, 1, ...

    Attributes
    ----------
    bits
        Ideal length of the index, and of the sign where it is not 0.
    means
        Mean magnitude within each; 0 for index 0, whose mean is 0.
    """

    bits: Floats
    means: Floats

    @classmethod
    def of(cls, finest: Floats, sigma: float, step: float, count: int, offset: float = OFFSET) -> Cells:
        """The first `count` cells of a step, in steps of the finest quantizer.

        Parameters
        ----------
        finest
            Probability of each magnitude of the finest quantizer.
        sigma
            The class's deviation, in its steps.
        """
        edges = np.concatenate([[0.0], (np.arange(1, count + 1) - offset) * step])
        inner = np.arange(1, len(finest)) - 0.5
        parts = np.union1d(edges, inner[inner < edges[-1]])
        cell = np.minimum(np.floor(parts[:-1] + 0.5).astype(np.int64), len(finest) - 1)
        within = np.concatenate([[0.0], np.arange(1, len(finest) + 1) - 0.5])
        expected = -np.diff(_above(within, sigma))
        weight = np.divide(finest, expected, out=np.zeros_like(finest), where=expected > 1e-200)[cell]
        into = np.searchsorted(edges, parts[:-1], side="right") - 1
        mass, moment = (
            np.bincount(into, -np.diff(above(parts, sigma)) * weight, count)
            for above in (_above, _moment_above)
        )
        bits = -np.log2(np.maximum(mass, 1e-300))
        bits[1:] += 1
        middles = (edges[:-1] + edges[1:]) / 2
        means = np.divide(moment, mass, out=middles, where=mass > 1e-200)
        means[0] = 0
        return cls(bits, means)


def quantize(
    residuals: NDArray[np.float32],
    classes: NDArray[np.uint8],
    tables: Tables,
    step: float,
    offset: float = OFFSET,
) -> tuple[NDArray[np.float32], float]:
    """Quantize all residuals with one step.

    Parameters
    ----------
    residuals
        In steps of the finest quantizer.
    classes
        Of that shape; those above the last class are not coded.
    tables
        Bound magnitudes, as they do in the embedded stream.

    Returns
    -------
    shown : ndarray
        Conditional means of the cells that the residuals fall in.
    bits : float
        Their ideal length.
    """
    shown = np.zeros(residuals.shape, np.float32)
    bits = 0.0
    for number in range(CLASSES):
        where = np.nonzero(classes == number)
        values = residuals[where].astype(np.float64)
        if not values.size:
            continue
        most = (2 << int(tables.top[number])) - 1
        indices = np.floor(np.minimum(np.abs(values), most) / step + offset).astype(np.int64)
        finest = magnitudes(tables, number)
        cells = Cells.of(finest, deviation(number), step, int(indices.max()) + 1, offset)
        bits += float(cells.bits[indices].sum())
        shown[where] = np.sign(values) * cells.means[indices]
    return shown, bits


def magnitudes(tables: Tables, number: int) -> Floats:
    """Probability of every magnitude of the finest quantizer in a class, from the passes that find it."""
    found = np.ones(1)
    for plane in range(int(tables.top[number]), -1, -1):
        ones = tables.ones[plane, number] / TOTAL
        odd = ones[np.minimum(np.arange(len(found)), len(ones) - 1)]
        odd[0] = 2 * tables.signs[plane, number] / FINE_TOTAL
        found = np.stack([found * (1 - odd), found * odd], 1).ravel()
    return found


def _laplace_width(sigma: float) -> float:
    return max(3 * sigma, LEAST_LAPLACE) / math.sqrt(2)


def _above(edges: Floats, sigma: float) -> Floats:
    """Probability that a magnitude is at least that."""
    gauss, laplace = _erfc(edges / (sigma * math.sqrt(2))), np.exp(-edges / _laplace_width(sigma))
    found: Floats = (1 - TAIL) * gauss + TAIL * laplace
    return found


def _moment_above(edges: Floats, sigma: float) -> Floats:
    """Mean of a magnitude where it is at least that, and 0 elsewhere."""
    width = _laplace_width(sigma)
    gauss = sigma * math.sqrt(2 / math.pi) * np.exp(-np.square(edges / sigma) / 2)
    found: Floats = (1 - TAIL) * gauss + TAIL * (edges + width) * np.exp(-edges / width)
    return found
