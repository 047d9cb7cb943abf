"""The encoder's run over a picture: codes, and what every prefix of them is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import EncodeOptions
from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.floors import least_passes
from nacre.codecs.recurrent.grid import CodeGrid, pass_numbers
from nacre.codecs.recurrent.presets import STRIDE
from nacre.codecs.recurrent.steps import (
    DecoderStep,
    EncoderStep,
    Levels,
    Shown,
    from_network,
    network_shape,
    to_layout,
    to_network,
)
from nacre.codecs.recurrent.stream import PASSES
from nacre.picture.padding import pad_to_multiple
from nacre.picture.picture import Picture
from nacre.picture.tiles import Span, TileGrid
from nacre.runtime.sessions import RunSessions, open_session
from nacre.runtime.weights import WeightsInfo


def _squared_error(levels: Levels, pixels: NDArray[np.uint8], weight: NDArray[np.float32] | None) -> float:
    """Sum of squared errors of the rounded picture; `weight` (H, W) is each pixel's share."""
    difference = np.rint(levels) - pixels
    per_pixel = np.einsum("hwc,hwc->hw", difference, difference)
    return float(
        per_pixel.sum(dtype=np.float64) if weight is None else (per_pixel * weight).sum(dtype=np.float64)
    )


class EncodeRun:
    """The networks over all tiles: codes, and squared errors after whole and partial iterations."""

    def __init__(
        self, picture: Picture, tiles: TileGrid, info: WeightsInfo, count: int, options: EncodeOptions
    ) -> None:
        self._picture, self._tiles, self._info, self._options = picture, tiles, info, options
        self._opened = RunSessions() if len(tiles) > 1 else open_session
        self._decoder = DecoderStep(info, options.threads, self._opened)
        self._grid = CodeGrid(tiles)
        self._numbers = pass_numbers(*self._grid.shape)
        self.codes: Codes = np.zeros((count, *self._grid.shape, network_shape(info).bits), np.int8)
        self._whole = np.zeros(count)
        # Squared errors of the judged tile after t iterations, keyed by passes of the last one.
        self._judged: list[dict[int, float]] = [{} for _ in range(count)]

    def encode_tiles(self) -> None:
        """Run every tile; partial iterations are judged on the middle tile alone."""
        judged = len(self._tiles) // 2
        for i, (row, column) in enumerate(self._tiles):
            self._encode_tile(row, column, judge=i == judged)

    def _encode_tile(self, row: Span, column: Span, *, judge: bool) -> None:
        area = np.s_[row.start : row.start + row.length, column.start : column.start + column.length]
        pixels = self._picture.pixels[area]
        target = to_network(pad_to_multiple(Picture(pixels).rgb(), STRIDE))
        height, width = target.shape[2:]
        encoder = EncoderStep(self._info, height, width, self._options.threads, self._opened)
        decoder = self._decoder
        window = self._grid.window(row, column)
        numbers = self._numbers[window]
        share = self._tiles.weight(row, column) if len(self._tiles) > 1 else None

        def error(shown: Shown, weight: NDArray[np.float32] | None) -> float:
            levels = from_network(shown.picture[..., : row.length, : column.length])
            return _squared_error(to_layout(levels, self._picture.is_gray), pixels, weight)

        shown = decoder.start(height, width)
        best = np.inf
        for t in range(len(self.codes)):
            codes = encoder(target - shown.picture)
            self.codes[t][window] = codes
            after = decoder(shown, codes)
            whole = error(after, share)
            self._whole[t] += whole
            if judge:
                judged = self._judged[t]
                judged[PASSES] = whole if share is None else error(after, None)
                for k in self._partial(t, judged[PASSES] <= best):
                    masked = np.where(numbers[..., None] <= k, codes, np.int8(0))
                    judged[k] = error(decoder(shown, masked), None)
                    if t > 0 and not judged[k + 1] <= judged[k] <= best:
                        break
                best = min(best, judged[PASSES])
            shown = after

    def _partial(self, t: int, better: bool) -> tuple[int, ...]:
        """Partial iterations worth judging, from the last one down; the very first picture always is."""
        if self._options.fast:
            return (1,) if t == 0 else ()
        return tuple(range(PASSES - 1, 0, -1)) if better or t == 0 else ()

    def floors(self) -> tuple[list[int], list[dict[int, float]]]:
        """Least passes to show in each iteration, and squared errors of the whole picture by passes."""
        errors = []
        for whole, judged in zip(self._whole, self._judged, strict=True):
            scale = whole / judged[PASSES] if judged[PASSES] else 1.0
            errors.append({k: e * scale for k, e in judged.items()})
        return least_passes(errors, 1), errors
