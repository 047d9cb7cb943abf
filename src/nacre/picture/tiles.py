"""Large pictures in overlapping tiles, joined by a linear cross-fade."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

OVERLAP = 32


@dataclass(frozen=True)
class Span:
    """One tile's extent along one axis, in pixels."""

    start: int
    length: int


def _spans(size: int, side: int, multiple: int) -> tuple[Span, ...]:
    if size <= side:
        return (Span(0, size),)
    count = -(-(size - OVERLAP) // (side - OVERLAP))
    even = -(-(size + OVERLAP * (count - 1)) // count)
    length = -(-even // multiple) * multiple
    starts = [i * (length - OVERLAP) for i in range(count)]
    return tuple(Span(s, min(length, size - s)) for s in starts if size - s > OVERLAP or s == 0)


@dataclass(frozen=True)
class TileGrid:
    """Tiles of at most `side` pixels, about equal in size, each sharing 32 pixels with the next.

    Attributes
    ----------
    rows, columns
        Extents of the tiles along each axis. Starts are multiples of `multiple`, and so are lengths but
        for the last one's.
    """

    rows: tuple[Span, ...]
    columns: tuple[Span, ...]

    @classmethod
    def make(cls, height: int, width: int, side: int, multiple: int) -> TileGrid:
        """Cut a picture into tiles; `side` 0 keeps it whole."""
        return cls(_spans(height, side or height, multiple), _spans(width, side or width, multiple))

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def __iter__(self) -> Iterator[tuple[Span, Span]]:
        return ((r, c) for r in self.rows for c in self.columns)

    def largest(self, multiple: int) -> int:
        """Pixels of the largest tile, its sides rounded up to multiples."""
        rows, columns = (max(-(-s.length // multiple) for s in spans) for spans in (self.rows, self.columns))
        return rows * columns * multiple**2

    def weight(self, row: Span, column: Span) -> NDArray[np.float32]:
        """Share of a tile in each of its pixels, (height, width); the shares of all tiles sum to 1."""
        return np.outer(_fade(row, self.rows), _fade(column, self.columns)).astype(np.float32)

    def blend(self, tiles: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Join tiles (height, width, channels), given in the grid's order, into strips of finished rows.

        One row of tiles is held at a time.
        """
        tiles = iter(tiles)
        width = self.columns[-1].start + self.columns[-1].length
        carry: NDArray[np.float32] | None = None
        for row, below in pairwise((*self.rows, None)):
            assert row is not None
            strip: NDArray[np.float32] | None = None
            for column in self.columns:
                tile = next(tiles)
                if len(self) == 1:
                    yield tile
                    return
                if strip is None:
                    strip = np.zeros((row.length, width, tile.shape[2]), np.float32)
                weight = self.weight(row, column)
                strip[:, column.start : column.start + column.length] += tile * weight[..., None]
            assert strip is not None
            if carry is not None:
                strip[: len(carry)] += carry
            finished = row.length if below is None else below.start - row.start
            carry = strip[finished:].copy()
            yield strip[:finished]


def _fade(span: Span, spans: tuple[Span, ...]) -> NDArray[np.float32]:
    share = np.ones(span.length, np.float32)
    ramp = (np.arange(OVERLAP, dtype=np.float32) + 0.5) / OVERLAP
    if span != spans[0]:
        share[:OVERLAP] *= ramp
    if span != spans[-1]:
        share[-OVERLAP:] *= ramp[::-1]
    return share
