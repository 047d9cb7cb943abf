"""Latents and symbols: the DCT over cells of the channels that carry flat color, and what a picture fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.planes import NOT_CODED
from nacre.codecs.progressive.shapes import CELL, PATCH, STRIDE, cell_basis

_BASIS = cell_basis().astype(np.float32)


@dataclass(frozen=True)
class CellGrid:
    """The grid of a picture.

    Attributes
    ----------
    height, width
        Of the picture in pixels.
    """

    height: int
    width: int

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of cells, 64 pixels a side."""
        return -(-self.height // STRIDE), -(-self.width // STRIDE)

    @property
    def positions(self) -> tuple[int, int]:
        """Rows and columns of latents, 16 pixels a side; multiples of 4."""
        return CELL * self.cells[0], CELL * self.cells[1]

    def leave_out(self, classes: NDArray[np.uint8], flat: int) -> None:
        """Mark what lies wholly outside the picture, but for coefficients of cells."""
        rows, columns = -(-self.height // PATCH), -(-self.width // PATCH)
        classes[flat:, rows:] = NOT_CODED
        classes[flat:, :, columns:] = NOT_CODED


def to_symbols(latents: NDArray[np.float32], flat: int) -> None:
    """DCT of the first `flat` channels of (C, h, w), in place."""
    _turn(latents[:flat], _BASIS)


def to_latents(symbols: NDArray[np.float32], flat: int) -> None:
    """The inverse of `to_symbols`, in place."""
    _turn(symbols[:flat], _BASIS.T)


def _turn(planes: NDArray[np.float32], basis: NDArray[np.float32]) -> None:
    count, height, width = planes.shape
    cells = planes.reshape(count, height // CELL, CELL, width // CELL, CELL).transpose(0, 1, 3, 2, 4)
    turned = basis @ cells @ basis.T
    planes[...] = turned.transpose(0, 1, 3, 2, 4).reshape(planes.shape)
