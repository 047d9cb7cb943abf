"""Where the codes of a picture's tiles lie in one grid of cells, and which pass sends each cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.presets import STRIDE
from nacre.codecs.recurrent.steps import cells
from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.picture.tiles import Span, TileGrid


@dataclass(frozen=True)
class CodeGrid:
    """Where each tile's codes lie in the one grid over which passes go.

    Overlaps are coded once a tile, so the grid is a little larger than the picture.
    """

    tiles: TileGrid

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of cells."""
        return sum(cells(r.length) for r in self.tiles.rows), sum(cells(c.length) for c in self.tiles.columns)

    def window(self, row: Span, column: Span) -> tuple[slice, slice]:
        """The cells of one tile."""
        return self._rows[row], self._columns[column]

    @cached_property
    def _rows(self) -> dict[Span, slice]:
        return _windows(self.tiles.rows)

    @cached_property
    def _columns(self) -> dict[Span, slice]:
        return _windows(self.tiles.columns)


def _windows(spans: tuple[Span, ...]) -> dict[Span, slice]:
    ends = accumulate(cells(span.length) for span in spans)
    return {span: slice(end - cells(span.length), end) for span, end in zip(spans, ends, strict=True)}


def cell_sums(pixels: NDArray[np.number[Any]]) -> NDArray[np.float64]:
    """Sums over the pixels of each cell of a tile, (H, W) to (rows, columns)."""
    rows, columns = (np.arange(0, side, STRIDE) for side in pixels.shape)
    down = np.add.reduceat(pixels, rows, axis=0, dtype=np.float64)
    sums: NDArray[np.float64] = np.add.reduceat(down, columns, axis=1)
    return sums


def pass_numbers(height: int, width: int) -> NDArray[np.int8]:
    """For every cell the pass that sends it, from 1."""
    numbers = np.zeros((height, width), np.int8)
    for number, offset in enumerate(INTERLEAVED, 1):
        pass_view(numbers, offset)[...] = number
    return numbers
