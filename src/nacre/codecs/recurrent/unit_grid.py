"""Units of a picture: where they lie, and their codes in the one grid over which passes go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.grid import pass_numbers
from nacre.codecs.recurrent.stream import PASSES
from nacre.codecs.recurrent.unit_shapes import UnitShape
from nacre.picture.padding import pad_to_multiple

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class UnitGrid:
    """The units of a picture in raster order.

    Attributes
    ----------
    height, width
        Of the picture in pixels.
    side
        Pixels a side of a unit.
    locations
        Code locations a side of a unit.
    """

    height: int
    width: int
    side: int
    locations: int

    @classmethod
    def of(cls, shape: UnitShape, height: int, width: int) -> UnitGrid:
        """The grid of a network's units over a picture."""
        return cls(height, width, shape.side, shape.locations)

    @property
    def rows(self) -> int:
        """Rows of units."""
        return -(-self.height // self.side)

    @property
    def columns(self) -> int:
        """Columns of units."""
        return -(-self.width // self.side)

    @property
    def count(self) -> int:
        """All units."""
        return self.rows * self.columns

    @property
    def code_shape(self) -> tuple[int, int]:
        """(rows, columns) of code locations."""
        return self.rows * self.locations, self.columns * self.locations

    def cut(self, pixels: Pixels) -> Pixels:
        """(H, W, C) to units (rows, columns, side, side, C), padded by reflection; a view if it can be."""
        return self.units(pad_to_multiple(pixels, self.side))

    def units(self, padded: Pixels) -> Pixels:
        """(rows * side, columns * side, C) as a view (rows, columns, side, side, C)."""
        parts = padded.reshape(self.rows, self.side, self.columns, self.side, padded.shape[2])
        return parts.swapaxes(1, 2)

    def unit_codes(self, codes: Codes) -> Codes:
        """Codes (..., H', W', bits) of the grid as (..., units, K, K, bits)."""
        k, lead = self.locations, codes.shape[:-3]
        parts = codes.reshape(*lead, self.rows, k, self.columns, k, codes.shape[-1])
        return parts.swapaxes(-4, -3).reshape(*lead, self.count, k, k, codes.shape[-1])

    def grid_codes(self, codes: Codes) -> Codes:
        """The inverse of `unit_codes`."""
        k, lead = self.locations, codes.shape[:-4]
        parts = codes.reshape(*lead, self.rows, self.columns, k, k, codes.shape[-1])
        return parts.swapaxes(-4, -3).reshape(*lead, *self.code_shape, codes.shape[-1])

    @cached_property
    def visible(self) -> NDArray[np.bool_]:
        """(rows, columns, side, side): pixels of the picture, not of its padding."""
        inside = np.zeros((self.rows * self.side, self.columns * self.side, 1), np.uint8)
        inside[: self.height, : self.width] = 1
        return self.units(inside)[..., 0] > 0

    @cached_property
    def complete_after(self) -> NDArray[np.int8]:
        """(units,): after how many passes of an iteration a unit has all its codes."""
        numbers = pass_numbers(*self.code_shape)[..., None]
        last: NDArray[np.int8] = self.unit_codes(numbers).max(axis=(1, 2, 3))
        return last

    @cached_property
    def partial(self) -> tuple[int, ...]:
        """Numbers of passes below all after which more units are complete than before."""
        return tuple(sorted({int(n) for n in self.complete_after} - {PASSES}))
