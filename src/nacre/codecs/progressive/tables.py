"""The integer tables of `progressive`: what the coder needs beside the networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.runtime.arrays import ArrayRecord
from nacre.runtime.weights import WeightsInfo

TABLES_FILE = "tables.npz"

CLASSES = 73
"""Class i has the deviation 2^(i/6 - 3) steps of the finest quantizer."""
CLASS_STEPS, CLASS_BEGIN = 6, 18
"""Classes in an octave, and octaves times that of class 0 below 1."""
MEAN_BITS = 8
"""Binary places of `Tables.means`."""
ZERO, REFINE = 0, 1
"""Kinds of a pass."""
SLOPE_STEPS = 16
"""Of a pass's slope, in an octave."""
LEVELS = 3
"""Of importance, in pictures with regions of interest."""
LEVEL_STEP = 2 * SLOPE_STEPS
"""What a level adds to the slope: as if the symbol's error were twice as large."""


def deviation(number: int) -> float:
    """Of a class, in steps of the finest quantizer."""
    return float(2.0 ** ((number - CLASS_BEGIN) / CLASS_STEPS))


@dataclass(frozen=True, eq=False)
class Tables(ArrayRecord):
    """Integers that come with the weights.

    Attributes
    ----------
    order
        (N, 3): plane, class and kind of every pass, in order.
    slopes
        (N,): 16 log2 of what a bit of each pass is expected to take from the squared error; falling.
    signs
        (planes, classes): weight of + and of - in a zero pass, each out of 2^24.
    ones
        (planes, classes, M): probability out of 65,536 that a refinement bit is 1, by the known magnitude
        one plane higher, of which M - 1 stands for all above too.
    means
        (planes, classes, M): conditional mean of the magnitude less its known part, in 2^-8 steps, by the
        known magnitude at that plane.
    top
        (classes,): the highest plane of each.
    """

    order: NDArray[np.uint8]
    slopes: NDArray[np.int16]
    signs: NDArray[np.int32]
    ones: NDArray[np.int32]
    means: NDArray[np.int32]
    top: NDArray[np.uint8]

    def schedule(self, levels: int) -> NDArray[np.uint8]:
        """Passes over symbols of so many levels of importance, each four times that of the one below.

        Returns
        -------
        ndarray
            (N * levels, 3): plane, class plus 73 times the level, and kind, in order.
        """
        if levels == 1:
            return self.order
        level, number = np.mgrid[:levels, : len(self.order)].reshape(2, -1)
        worth = self.slopes[number].astype(np.int64) + LEVEL_STEP * level
        by_worth = np.lexsort((level, number, -worth))
        passes = self.order[number[by_worth]]
        passes[:, 1] += (CLASSES * level[by_worth]).astype(np.uint8)
        return passes


def load_tables(info: WeightsInfo) -> Tables:
    """The tables of installed weights.

    Raises
    ------
    WeightsError
        If the file is missing or damaged.
    """
    return Tables.load(info.read(TABLES_FILE))
