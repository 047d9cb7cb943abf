"""Networks whose every number is an integer, the same on every machine.

Products are float64 matrix products of integer-valued arrays: exact in any order of summation, on any number
of threads, as long as all sums stay below 2^53. Who makes such a network proves that bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.float64]
"""Integer values as float64."""

EXACT = 2**53


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """A convolution of integers, with zeros beyond the border.

    Attributes
    ----------
    weights
        (out, in, k, k) int8, k odd.
    bias
        (out,) int64, on the scale of the products.
    shift
        Binary places that the sum has more than the result.
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int64]
    shift: int

    def __call__(self, x: Whole) -> Whole:
        """(in, H, W) to (out, H, W), rounded to the nearest, halves up."""
        out, _, side, _ = self.weights.shape
        _, height, width = x.shape
        reach = side // 2
        padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
        half = 1 << self.shift >> 1
        total: Whole = np.repeat((self.bias + half).astype(np.float64)[:, None], height * width, 1)
        for row in range(side):
            for column in range(side):
                window = padded[:, row : row + height, column : column + width]
                total += self.weights[:, :, row, column].astype(np.float64) @ window.reshape(len(x), -1)
        total *= 2.0**-self.shift
        return np.floor(total, out=total).reshape(out, height, width)

    def bound(self, most: int) -> int:
        """Largest magnitude of any sum where no input is larger than `most`."""
        rows = np.abs(self.weights.astype(np.int64)).reshape(len(self.weights), -1).sum(1) * most
        return int((rows + np.abs(self.bias)).max()) + (1 << self.shift)


def activate(x: Whole, most: int) -> Whole:
    """Clip to 0..most, in place."""
    return np.clip(x, 0, most, out=x)


def shuffle(x: Whole) -> Whole:
    """(4 c, H, W) to (c, 2 H, 2 W): channel 4 c + 2 i + j holds pixel (i, j) of each square."""
    channels, height, width = x.shape
    split = x.reshape(channels // 4, 2, 2, height, width)
    return split.transpose(0, 3, 1, 4, 2).reshape(channels // 4, 2 * height, 2 * width)
