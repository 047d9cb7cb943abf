"""What prefixes are worth: from errors of latents, held against a few pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import Layer
from nacre.codecs.progressive.shapes import UNIT

RATE_POINTS = 7
"""Prefixes, besides the first layer, that the header names."""


def qualities(errors: Sequence[float], measured: dict[int, float], samples: int) -> NDArray[np.float64]:
    """Decibels after every pass.

    Parameters
    ----------
    errors
        Squared error of latents in steps, at the first layer and after each pass; falling.
    measured
        Mean squared error of pictures in gray levels, by index into `errors`; at least one.
    samples
        Of the picture, padded.
    """
    expected = np.asarray(errors) * UNIT**2 / samples
    known = sorted(measured)
    # What the networks make good of the error of the latents grows with it, all but in proportion.
    offsets = [measured[i] - expected[i] for i in known]
    found = expected + np.interp(-expected, -expected[known], offsets)
    quality: NDArray[np.float64] = 10 * np.log10(255**2 / np.maximum(found, 1e-5))
    # Where padding outweighs the picture, an estimate may be better than what was measured later.
    for i in known:
        quality[:i] = np.minimum(quality[:i], quality[i])
    return np.minimum(np.maximum.accumulate(quality), 99.0)


def layers_of(borders: Sequence[int], quality: NDArray[np.float64]) -> tuple[Layer, ...]:
    """A layer for the hyper-latents and for every pass that has bytes; some of them are rate points."""
    kept = [0] + [i for i in range(1, len(borders)) if borders[i] > borders[i - 1]]
    wanted = np.geomspace(max(1, borders[0]), max(2, borders[-1]), RATE_POINTS + 1)[1:]
    sizes = np.array([borders[i] for i in kept])
    points = {kept[int(np.abs(np.log(sizes / size)).argmin())] for size in wanted} | {kept[-1]}
    # The last passes behind a border need no byte more than the first.
    shown = [after - 1 for after in (*kept[1:], len(borders))]
    return tuple(
        Layer(borders[i], float(quality[last]), 0, i in points) for i, last in zip(kept, shown, strict=True)
    )
