"""Interleaved passes over a grid of cells.

All cells of a pass are coded in one vectorized call, with contexts from passes that came before it. The
order is data that trainer and codec share.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

INTERLEAVED: tuple[tuple[int, int], ...] = ((0, 0), (1, 1), (0, 1), (1, 0))
"""(row, column) modulo 2 of the cells of each of four passes."""


def pass_view(cells: NDArray[T], offset: tuple[int, int]) -> NDArray[T]:
    """The cells of one pass as a view.

    Parameters
    ----------
    cells
        (H, W, ...).
    offset
        One of `INTERLEAVED`.

    Returns
    -------
    ndarray
        (ceil((H - row) / 2), ceil((W - column) / 2), ...); empty where the grid has no such cell.
    """
    return cells[offset[0] :: 2, offset[1] :: 2]


def neighbor_view(padded: NDArray[T], offset: tuple[int, int], step: tuple[int, int]) -> NDArray[T]:
    """For every cell of a pass, the cell `step` = (down, right) away, as a view of a padded grid.

    Parameters
    ----------
    padded
        (H + 2, W + 2, ...): the grid with one cell of border on every side.
    step
        Each component in -1, 0, 1.
    """
    rows, columns = padded.shape[0] - 2, padded.shape[1] - 2
    y, x = 1 + offset[0] + step[0], 1 + offset[1] + step[1]
    return padded[y : y + rows - offset[0] : 2, x : x + columns - offset[1] : 2]
