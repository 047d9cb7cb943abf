"""The hyper-latents in the stream: each with a distribution that those before it predict.

SPEC.md, section 9.4. Channel by channel, cells of even and then of odd row plus column. The prediction, a
mean and a scale, is linear in the channels before, of which the neighbors count too, and for odd cells in
the four neighbors in the same channel. All of it is in integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.shapes import HYPER_MOST
from nacre.coding.stream import BitCoder, EndOfStreamError
from nacre.runtime.arrays import ArrayRecord
from nacre.runtime.weights import WeightsInfo

HYPER_CONTEXTS_FILE = "hyper_contexts.npz"

PLACES = 10
"""Binary places of weights and of what they sum to."""
FRACTIONS = 8
"""Means are told apart in so many parts of a step."""
REACH = 2 * HYPER_MOST
"""Distributions are of differences between minus and plus this."""
AROUND: tuple[tuple[int, int], ...] = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
"""A cell and its neighbors, in the order of the weights."""


@dataclass(frozen=True, eq=False)
class HyperContexts(ArrayRecord):
    """Shipped integers: L of Z channels are coded, S scales.

    Attributes
    ----------
    constants
        (Z,) int8: the value of each channel that is not coded.
    coded
        (L,) uint8: the channels that are, in order.
    centers
        (L,) int8: what is taken from them before they predict others; beyond the grid that is nothing.
    across
        (2, L, L, 9) int16: weights for mean and scale of the first channel on the second, which comes
        before it, in the order `AROUND`; those for scales on magnitudes.
    beside
        (2, L) int16: weights for mean and scale of an odd cell on the sum of its four neighbors.
    biases
        (2, 2, L) int32: for mean and scale of even and of odd cells.
    weights
        (S, 8, 129) int32: of the differences -64..64 from the rounded mean, by scale and by how many
        eighths of a step, plus 4, the mean is above it; out of 2^24.
    """

    constants: NDArray[np.int8]
    coded: NDArray[np.uint8]
    centers: NDArray[np.int8]
    across: NDArray[np.int16]
    beside: NDArray[np.int16]
    biases: NDArray[np.int32]
    weights: NDArray[np.int32]


def load_hyper_contexts(info: WeightsInfo) -> HyperContexts:
    """The contexts of installed weights.

    Raises
    ------
    WeightsError
        If the file is missing or damaged.
    """
    return HyperContexts.load(info.read(HYPER_CONTEXTS_FILE))


@dataclass(frozen=True)
class Call:
    """The cells of one parity in one channel.

    Attributes
    ----------
    chosen
        (rows, columns) bool.
    base
        (n,): rounded mean of each cell.
    distribution
        (n,): index into the weights, taken as rows of 129.
    """

    chosen: NDArray[np.bool_]
    base: NDArray[np.int64]
    distribution: NDArray[np.int64]


class Prediction:
    """What those known so far say of the next; to be told of each channel once it is known."""

    def __init__(self, contexts: HyperContexts, cells: tuple[int, int]) -> None:
        rows, columns = cells
        self._contexts = contexts
        # Float64, for the products to be quick: every number in these is an integer.
        self._sums = np.zeros((2, len(contexts.coded), rows, columns))
        self._frame = np.zeros((2, rows + 2, columns + 2))
        self._around = [self._frame[:, 1 + d :, 1 + r :][:, :rows, :columns] for d, r in AROUND]
        odd = np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 1
        self._parities = ~odd, odd

    def calls(self, channel: int, known: NDArray[np.int8]) -> Iterator[Call]:
        """Both calls of a channel; `known` (rows, columns) has its even cells when the second is due."""
        c = self._contexts
        for odd, chosen in enumerate(self._parities):
            sums = self._sums[:, channel]
            if odd:
                self._look_at(np.where(chosen, 0, known.astype(np.float64) - c.centers[channel]))
                four = self._around[1] + self._around[3] + self._around[5] + self._around[7]
                sums = sums + c.beside[:, channel, None, None] * four
            yield self._call(channel, chosen, sums[:, chosen] + c.biases[:, odd, channel, None])

    def _call(self, channel: int, chosen: NDArray[np.bool_], sums: NDArray[np.float64]) -> Call:
        c, most = self._contexts, HYPER_MOST * FRACTIONS
        means = np.floor(sums[0] * (FRACTIONS / 2.0**PLACES) + 0.5).astype(np.int64)
        means += int(c.centers[channel]) * FRACTIONS
        means = np.minimum(np.maximum(means, -most), most)
        base = (means + FRACTIONS // 2) // FRACTIONS
        above = means - base * FRACTIONS + FRACTIONS // 2
        scales = np.floor(sums[1] * 2.0**-PLACES + 0.5).astype(np.int64)
        scales = np.minimum(np.maximum(scales, 0), len(c.weights) - 1)
        return Call(chosen, base, scales * FRACTIONS + above)

    def learn(self, channel: int, known: NDArray[np.int8]) -> None:
        """Take account of a channel that is known."""
        self._look_at(known.astype(np.float64) - self._contexts.centers[channel])
        around = np.stack(self._around, 1)
        weights = self._contexts.across[:, channel + 1 :, channel].astype(np.float64)
        products = weights @ around.reshape(2, len(AROUND), -1)
        self._sums[:, channel + 1 :] += products.reshape(2, -1, *around.shape[2:])

    def _look_at(self, values: NDArray[np.float64]) -> None:
        """Values and magnitudes of a channel, with nothing beyond the grid."""
        inner = self._frame[:, 1:-1, 1:-1]
        inner[0] = values
        np.abs(values, out=inner[1])


def code_hyper(
    coder: BitCoder, contexts: HyperContexts, cells: tuple[int, int], hyper: NDArray[np.int8] | None
) -> NDArray[np.int8]:
    """Send or receive the hyper-latents.

    Parameters
    ----------
    cells
        Rows and columns of the grid.
    hyper
        (Z, rows, columns) in -32..32 when sending, None when receiving.

    Returns
    -------
    ndarray
        The same, with channels that are not coded at their constants.

    Raises
    ------
    EndOfStreamError
        When receiving, if they are not all decided.
    """
    found = np.empty((len(contexts.constants), *cells), np.int8)
    found[...] = contexts.constants[:, None, None]
    weights = contexts.weights.reshape(-1, contexts.weights.shape[-1])
    prediction = Prediction(contexts, cells)
    for i, channel in enumerate(contexts.coded):
        plane = found[channel]
        for call in prediction.calls(i, plane):
            sent = None
            if hyper is not None:
                sent = (hyper[channel][call.chosen] - call.base + REACH).astype(np.int32)
            symbols = coder.draw_each(sent, weights, call.distribution)
            if len(symbols) < len(call.base):
                raise EndOfStreamError
            plane[call.chosen] = np.clip(symbols - REACH + call.base, -HYPER_MOST, HYPER_MOST)
        prediction.learn(i, plane)
    return found
