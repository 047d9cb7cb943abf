"""Hyper-latents to the mean and the class of every symbol, in exact integers (SPEC.md section 9.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.shapes import CELL
from nacre.codecs.progressive.tables import CLASS_STEPS, CLASSES
from nacre.runtime.arrays import ArrayRecord
from nacre.runtime.integer import IntegerLayer, activate, shuffle
from nacre.runtime.weights import WeightsInfo

HYPER_FILE = "hyper.npz"
MOST = 2**15 - 1
"""Activations are clipped to this."""
ACTIVATION_BITS, OUTPUT_BITS, SCALE_BITS, MEAN_STEP_BITS = 6, 8, 8, 4
"""Binary places of activations, of the network's outputs, of scales, and of means."""
_MARGIN = 2
"""Rows of hyper-latents beyond a strip that its results depend on."""
_STRIP = 1 << 22
"""Numbers that the last layer gives at a time."""


@dataclass(frozen=True, eq=False)
class HyperNetwork(ArrayRecord):
    """The integer hyper-synthesis.

    Attributes
    ----------
    weights1, weights2, weights3
        int8, (4 H, Z, 3, 3), (4 H, H, 3, 3), (2 C, H, 1, 1).
    bias1, bias2, bias3
        int64 on the scale of the products.
    shifts
        (3,): what each layer's sums are shifted by.
    scales
        (C, 4, 4) int32: deviation of each channel of the linear transform at each position of a cell,
        in 2^-8 steps.
    begins
        (C, 4, 4) int32: 256 times (6 log2 of that deviation, plus 18).
    """

    weights1: NDArray[np.int8]
    bias1: NDArray[np.int64]
    weights2: NDArray[np.int8]
    bias2: NDArray[np.int64]
    weights3: NDArray[np.int8]
    bias3: NDArray[np.int64]
    shifts: NDArray[np.int64]
    scales: NDArray[np.int32]
    begins: NDArray[np.int32]

    @property
    def layers(self) -> tuple[IntegerLayer, IntegerLayer, IntegerLayer]:
        """The three convolutions."""
        return (
            IntegerLayer(self.weights1, self.bias1, int(self.shifts[0])),
            IntegerLayer(self.weights2, self.bias2, int(self.shifts[1])),
            IntegerLayer(self.weights3, self.bias3, int(self.shifts[2])),
        )

    def predict(self, hyper: NDArray[np.int8]) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
        """Means in 1/16 steps and classes of all symbols.

        Parameters
        ----------
        hyper
            (Z, h, w).

        Returns
        -------
        means : ndarray
            (C, 4 h, 4 w) int16.
        classes : ndarray
            Of that shape, uint8.
        """
        _, height, width = hyper.shape
        channels = len(self.scales)
        means = np.empty((channels, CELL * height, CELL * width), np.int16)
        classes = np.empty(means.shape, np.uint8)
        for begin, end in self._strips(height, width):
            first, last = max(0, begin - _MARGIN), min(height, end + _MARGIN)
            out = self._network(hyper[:, first:last].astype(np.float64))
            rows = np.s_[:, CELL * (begin - first) : CELL * (end - first)]
            into = np.s_[:, CELL * begin : CELL * end]
            means[into], classes[into] = self._scaled(out[:channels][rows], out[channels:][rows])
        return means, classes

    def _strips(self, height: int, width: int) -> Iterator[tuple[int, int]]:
        step = max(1, _STRIP // (2 * len(self.scales) * CELL**2 * width))
        return ((begin, min(begin + step, height)) for begin in range(0, height, step))

    def _network(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        first, second, last = self.layers
        x = activate(shuffle(first(x)), MOST)
        return last(activate(shuffle(second(x)), MOST))

    def _scaled(
        self, mean: NDArray[np.float64], log: NDArray[np.float64]
    ) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
        channels, height, width = mean.shape
        cells = (channels, height // CELL, CELL, width // CELL, CELL)
        scale = self.scales[:, None, :, None, :].astype(np.float64)
        places = OUTPUT_BITS + SCALE_BITS - MEAN_STEP_BITS
        means = np.floor((mean.reshape(cells) * scale + 2.0 ** (places - 1)) * 2.0**-places)
        begin = self.begins[:, None, :, None, :]
        half = 1 << (OUTPUT_BITS - 1)
        classes = np.floor((log.reshape(cells) * CLASS_STEPS + begin + half) * 2.0**-OUTPUT_BITS)
        return (
            np.clip(means, -MOST, MOST).astype(np.int16).reshape(mean.shape),
            np.clip(classes, 0, CLASSES - 1).astype(np.uint8).reshape(mean.shape),
        )


def load_hyper(info: WeightsInfo) -> HyperNetwork:
    """The integer network of installed weights.

    Raises
    ------
    WeightsError
        If the file is missing or damaged.
    """
    return HyperNetwork.load(info.read(HYPER_FILE))
