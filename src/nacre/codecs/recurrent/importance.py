"""Regions of interest: what errors of a cell count when iterations are shared out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.grid import CodeGrid, cell_sums

MOST = 16.0
"""That errors count where a mask is lightest; where it is black they count once."""


def importance_of(mask: NDArray[np.uint8], grid: CodeGrid) -> NDArray[np.float64]:
    """What errors of each cell of the code grid count, (rows, columns), 1 to 16.

    Parameters
    ----------
    mask
        (H, W): 0 is background, 255 matters most.
    """
    found = np.empty(grid.shape)
    for row, column in grid.tiles:
        part = mask[row.start : row.start + row.length, column.start : column.start + column.length]
        mean = cell_sums(part) / cell_sums(np.ones_like(part))
        found[grid.window(row, column)] = MOST ** (mean / 255)
    return found
