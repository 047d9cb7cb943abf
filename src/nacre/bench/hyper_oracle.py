"""Means and classes in plain int64, step by step as SPEC.md section 9.3 states them: slow, and sure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.hyper import HyperNetwork

Integers = NDArray[np.int64]


def predict(network: HyperNetwork, hyper: NDArray[np.int8]) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """As `HyperNetwork.predict`, without any floating point."""
    x = np.clip(_squares(_layer(network, 1, hyper.astype(np.int64))), 0, 32767)
    x = np.clip(_squares(_layer(network, 2, x)), 0, 32767)
    found = _layer(network, 3, x)
    count = len(network.scales)
    repeats = (1, found.shape[1] // 4, found.shape[2] // 4)
    scales, begins = (np.tile(a.astype(np.int64), repeats) for a in (network.scales, network.begins))
    means = np.clip(_round(found[:count] * scales, 12), -32767, 32767)
    classes = np.clip((6 * found[count:] + begins + 128) // 256, 0, 72)
    return means.astype(np.int16), classes.astype(np.uint8)


def _layer(network: HyperNetwork, number: int, x: Integers) -> Integers:
    """A convolution with zeros beyond the border, and the shift behind it."""
    arrays = network.arrays()
    weights, bias = arrays[f"weights{number}"].astype(np.int64), arrays[f"bias{number}"].astype(np.int64)
    _, height, width = x.shape
    side = weights.shape[2]
    reach = side // 2
    framed = np.pad(x, ((0, 0), (reach, reach), (reach, reach)))
    total = np.broadcast_to(bias[:, None, None], (len(weights), height, width)).copy()
    for row in range(side):
        for column in range(side):
            window = framed[:, row : row + height, column : column + width]
            total += np.tensordot(weights[:, :, row, column], window, 1)
    return _round(total, int(network.shifts[number - 1]))


def _round(values: Integers, places: int) -> Integers:
    if not places:
        return values
    rounded: Integers = (values + (1 << (places - 1))) // (1 << places)
    return rounded


def _squares(x: Integers) -> Integers:
    """Channel 4c + 2i + j to row i and column j of squares in channel c."""
    channels, height, width = x.shape
    out = np.empty((channels // 4, 2 * height, 2 * width), np.int64)
    for i in range(2):
        for j in range(2):
            out[:, i::2, j::2] = x[2 * i + j :: 4]
    return out
