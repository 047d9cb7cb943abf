"""Regions of interest: a level of importance for every cell, sent in the first layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.shapes import CELL, PATCH
from nacre.codecs.progressive.tables import CLASSES, LEVELS
from nacre.coding.stream import FINE_TOTAL, BitCoder, EndOfStreamError

_EVEN = (FINE_TOTAL - (LEVELS - 1) * (FINE_TOTAL // LEVELS), *[FINE_TOTAL // LEVELS] * (LEVELS - 1))


def levels_of(mask: NDArray[np.uint8], cells: tuple[int, int]) -> NDArray[np.uint8]:
    """The level of every cell: that of its most important 16 x 16 pixels.

    Parameters
    ----------
    mask
        (H, W): 0 is background, 255 matters most.
    cells
        Rows and columns of the picture's grid.
    """
    height, width = cells[0] * CELL * PATCH, cells[1] * CELL * PATCH
    whole = np.pad(mask, [(0, height - mask.shape[0]), (0, width - mask.shape[1])], mode="edge")
    positions = whole.reshape(height // PATCH, PATCH, width // PATCH, PATCH).mean((1, 3))
    most = positions.reshape(cells[0], CELL, cells[1], CELL).max((1, 3))
    levels: NDArray[np.uint8] = np.rint(most * ((LEVELS - 1) / 255)).astype(np.uint8)
    return levels


def code_levels(
    coder: BitCoder, cells: tuple[int, int], levels: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """Send or receive the levels of all cells, (rows, columns).

    Raises
    ------
    EndOfStreamError
        When receiving, if they are not all decided.
    """
    count = cells[0] * cells[1]
    found = coder.draw(None if levels is None else levels.ravel().astype(np.int32), count, _EVEN)
    if len(found) < count:
        raise EndOfStreamError
    return found.astype(np.uint8).reshape(cells)


def add_levels(classes: NDArray[np.uint8], levels: NDArray[np.uint8]) -> None:
    """Make the classes (C, 4 rows, 4 columns) of all symbols those of their cells' levels, in place."""
    classes += CLASSES * levels.repeat(CELL, 0).repeat(CELL, 1)
