"""The encoder's run over the units of a picture: codes, and every unit's error after every iteration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.stream import PASSES
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_steps import (
    UnitDecoder,
    UnitEncoder,
    chunks,
    from_network,
    to_network,
    unit_shape,
)
from nacre.picture.picture import Picture
from nacre.runtime.weights import WeightsInfo


@dataclass(frozen=True)
class EncodedUnits:
    """What the networks made of a picture: its whole table of rate and quality.

    Attributes
    ----------
    grid
        Where the units lie.
    codes
        (T, H', W', bits) int8 in {-1, +1}.
    errors
        (T + 1, units): sum of squared errors of a unit's visible pixels, rounded, after 0 to T iterations.
    """

    grid: UnitGrid
    codes: Codes
    errors: NDArray[np.float64]

    def picture_errors(self, counts: NDArray[np.integer]) -> list[dict[int, float]]:
        """For each iteration the picture's squared error by whole passes; units have `counts` in all."""
        units = np.arange(self.grid.count)
        found = []
        for t in range(1, len(self.codes) + 1):
            by_passes = {}
            for k in (*self.grid.partial, PASSES):
                reached = np.where(self.grid.complete_after <= k, t, t - 1)
                by_passes[k] = float(self.errors[np.minimum(reached, counts), units].sum())
            found.append(by_passes)
        return found


def encode_units(picture: Picture, info: WeightsInfo, count: int, threads: int | None) -> EncodedUnits:
    """Run `count` iterations on every unit.

    The codes of an iteration do not depend on how many follow.
    """
    shape = unit_shape(info)
    encoder, decoder = UnitEncoder(info, threads), UnitDecoder(info, threads)
    grid = UnitGrid.of(shape, picture.height, picture.width)
    units = grid.cut(picture.pixels)
    k = shape.locations
    codes = np.zeros((count, grid.count, k, k, shape.bits), np.int8)
    errors = np.zeros((count + 1, grid.count))
    for chunk in chunks(shape, grid.count):
        place = np.unravel_index(np.arange(chunk.start, chunk.stop), (grid.rows, grid.columns))
        levels, visible = units[place], grid.visible[place]
        target = to_network(levels)
        size = len(target)
        encoding, decoding = encoder.initial(size), decoder.initial(size)
        shown = np.zeros_like(target)
        errors[0, chunk] = _errors(shown, levels, visible)
        for t in range(count):
            codes[t, chunk], encoding = encoder(t, target - shown, encoding)
            shown, decoding = decoder(t, codes[t, chunk], shown, decoding)
            errors[t + 1, chunk] = _errors(shown, levels, visible)
    return EncodedUnits(grid, grid.grid_codes(codes), errors)


def _errors(
    shown: NDArray[np.float32], levels: NDArray[np.uint8], visible: NDArray[np.bool_]
) -> NDArray[np.float64]:
    difference = from_network(shown, levels.shape[3] == 1).astype(np.float32) - levels
    summed: NDArray[np.float64] = np.einsum(
        "nhwc,nhwc,nhw->n", difference, difference, visible.astype(np.float32)
    ).astype(np.float64)
    return summed
