"""The encoder's run over a picture: codes, and what every prefix of them is worth."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.activity import Flags
from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.grid import CodeGrid, cell_sums, pass_numbers
from nacre.codecs.recurrent.presets import STRIDE
from nacre.codecs.recurrent.search import searched
from nacre.codecs.recurrent.steps import (
    DecoderStep,
    EncoderStep,
    Shown,
    from_network,
    network_shape,
    to_layout,
    to_network,
)
from nacre.codecs.recurrent.stream import PASSES
from nacre.picture.padding import pad_to_multiple
from nacre.picture.picture import Picture
from nacre.picture.tiles import Span
from nacre.runtime.sessions import RunSessions, open_session
from nacre.runtime.weights import WeightsInfo

CellErrors = NDArray[np.float64]
"""(rows, columns) of cells: squared errors of the rounded picture."""


class EncodeRun:
    """The networks over all tiles: codes, and squared errors after whole and partial iterations.

    Parameters
    ----------
    active
        (T, rows, columns) of the code grid: the cells that have codes in each iteration.
    importance
        (rows, columns): what errors of a cell count, where pictures are compared.
    priming
        Runs before the first iteration.
    search
        Codes of a cell and iteration that are tried the other way around; see `searched`.
    fast
        Do not judge partial iterations, but for the very first picture.

    Attributes
    ----------
    codes
        (T, rows, columns, C) int8 in {-1, +1}, 0 where a cell has none.
    errors
        (T + 1, rows, columns) after 0 to T iterations. Where tiles overlap, a cell has its share of them.
    """

    def __init__(
        self,
        picture: Picture,
        grid: CodeGrid,
        info: WeightsInfo,
        *,
        active: Flags,
        importance: NDArray[np.float64],
        priming: int,
        search: int,
        fast: bool,
        threads: int | None,
    ) -> None:
        self._picture, self._grid, self._info = picture, grid, info
        self._active, self._importance = active, importance
        self._priming, self._search, self._fast, self._threads = priming, search, fast, threads
        self._opened = RunSessions() if len(grid.tiles) > 1 else open_session
        self._decoder = DecoderStep(info, threads, self._opened, priming)
        self._numbers = pass_numbers(*grid.shape)
        count = len(active)
        self.codes: Codes = np.zeros((count, *grid.shape, network_shape(info).bits), np.int8)
        self.errors = np.zeros((count + 1, *grid.shape))
        # Errors of the judged tile after t iterations, keyed by passes of the last one.
        self._judged: list[dict[int, CellErrors]] = [{} for _ in range(count)]
        tiles = list(grid.tiles)
        self._judged_tile = tiles[len(tiles) // 2]
        for row, column in tiles:
            self._encode_tile(row, column)

    def _encode_tile(self, row: Span, column: Span) -> None:
        tiles, window = self._grid.tiles, self._grid.window(row, column)
        pixels = self._picture.pixels[
            row.start : row.start + row.length, column.start : column.start + column.length
        ]
        target = to_network(pad_to_multiple(Picture(pixels).rgb(), STRIDE))
        height, width = target.shape[2:]
        encoder = EncoderStep(self._info, height, width, self._threads, self._opened, self._priming)
        decoder = self._decoder
        numbers, importance = self._numbers[window], self._importance[window]
        judge = (row, column) == self._judged_tile
        share = tiles.weight(row, column) if len(tiles) > 1 else None

        def errors(shown: Shown, weight: NDArray[np.float32] | None = None) -> CellErrors:
            levels = from_network(shown.picture[..., : row.length, : column.length])
            difference = np.rint(to_layout(levels, self._picture.is_gray)) - pixels
            squares = np.einsum("hwc,hwc->hw", difference, difference)
            return cell_sums(squares if weight is None else squares * weight)

        def judged(shown: Shown, t: int, passes: int) -> float:
            found = self._judged[t][passes] = errors(shown)
            return float((found * importance).sum())

        shown = decoder.start(height, width)
        self.errors[0][window] = errors(shown, share)
        best = np.inf
        for t, active in enumerate(self._active):
            codes, after = searched(
                encoder(target - shown.picture),
                active[window],
                partial(decoder, shown),
                lambda found: errors(found) * importance,
                self._search,
            )
            self.codes[t][window] = codes
            self.errors[t + 1][window] = errors(after, share)
            if judge:
                whole = later = judged(after, t, PASSES)
                for k in self._partial(t, whole <= best):
                    masked = np.where(numbers[..., None] <= k, codes, np.int8(0))
                    error = judged(decoder(shown, masked), t, k)
                    if t > 0 and not later <= error <= best:
                        break
                    later = error
                best = min(best, whole)
            shown = after

    def _partial(self, t: int, better: bool) -> tuple[int, ...]:
        """Partial iterations worth judging, from the last one down; the very first picture always is."""
        if self._fast:
            return (1,) if t == 0 else ()
        return tuple(range(PASSES - 1, 0, -1)) if better or t == 0 else ()

    def picture_errors(self, importance: NDArray[np.float64] | float = 1.0) -> list[dict[int, float]]:
        """For each iteration the picture's squared error by whole passes, where it was judged.

        Parameters
        ----------
        importance
            What errors of a cell count, (rows, columns).
        """
        weights = np.broadcast_to(importance, self._grid.shape)
        window = self._grid.window(*self._judged_tile)
        found = []
        for whole, judged in zip(self.errors[1:], self._judged, strict=True):
            measured = {k: float((errors * weights[window]).sum()) for k, errors in judged.items()}
            last = measured[PASSES]
            scale = float((whole * weights).sum()) / last if last else 1.0
            found.append({k: error * scale for k, error in measured.items()})
        return found
