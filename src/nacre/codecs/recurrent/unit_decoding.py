"""The decoder's run over the units of a picture, for a stream that may still be growing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import Coded, DecodeOptions
from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.entropy import load_model
from nacre.codecs.recurrent.receiving import StreamDecoder
from nacre.codecs.recurrent.stream import PASSES, Iterations
from nacre.codecs.recurrent.unit_grid import Pixels, UnitGrid
from nacre.codecs.recurrent.unit_parameters import UnitParameters
from nacre.codecs.recurrent.unit_steps import States, UnitDecoder, Units, chunks, from_network, unit_shape
from nacre.coding.alpha import AlphaCoder
from nacre.picture.picture import Picture
from nacre.runtime.weights import WeightsInfo

OPENING = PASSES
"""Passes of the first layer: a picture with a part of its units missing is none."""

_KEPT_PIXELS = 1 << 19
"""Pictures up to this size keep their states between calls; larger ones are run anew."""


class UnitRun:
    """Brings units to given iterations, each chunk of them from where it stands.

    Parameters
    ----------
    gray
        Whether the picture has one channel.
    """

    def __init__(self, info: WeightsInfo, grid: UnitGrid, gray: bool, threads: int | None) -> None:
        self._grid, self._gray = grid, gray
        self._decoder = UnitDecoder(info, threads)
        self._chunks = chunks(unit_shape(info), grid.count)
        self._keep = grid.height * grid.width <= _KEPT_PIXELS
        self._kept: dict[int, tuple[NDArray[np.int64], Units, States]] = {}

    def picture(self, codes: Codes, counts: NDArray[np.int64]) -> Pixels:
        """Pixels (H, W, C) after the first `counts` iterations of each unit; codes are (T, H', W', bits)."""
        grid = self._grid
        by_unit = grid.unit_codes(codes)
        channels = 1 if self._gray else 3
        padded = np.empty((grid.rows * grid.side, grid.columns * grid.side, channels), np.uint8)
        units = grid.units(padded)
        for chunk in self._chunks:
            shown = self._advance(chunk, by_unit[:, chunk], counts[chunk])
            place = np.unravel_index(np.arange(chunk.start, chunk.stop), (grid.rows, grid.columns))
            units[place] = from_network(shown, self._gray)
        return padded[: grid.height, : grid.width]

    def _advance(self, chunk: slice, codes: Codes, counts: NDArray[np.int64]) -> Units:
        size, side = len(counts), self._grid.side
        start = np.zeros(size, np.int64), np.zeros((size, 3, side, side), np.float32)
        done, shown, states = self._kept.get(chunk.start) or (*start, self._decoder.initial(size))
        for t in range(int(done.min(initial=0)), int(counts.max(initial=0))):
            due = (done == t) & (counts > t)
            if due.all():
                shown, states = self._decoder(t, codes[t], shown, states)
            elif due.any():
                # Units that have stopped cost nothing: the others are gathered into a smaller batch.
                some, after = self._decoder(t, codes[t, due], shown[due], [s[due] for s in states])
                shown, states = shown.copy(), [s.copy() for s in states]
                shown[due] = some
                for state, new in zip(states, after, strict=True):
                    state[due] = new
            done = np.where(due, t + 1, done)
        if self._keep:
            self._kept[chunk.start] = done, shown, states
        return shown


class UnitPictureDecoder(StreamDecoder):
    """Decodes a stream that may still be growing; see the contract."""

    def __init__(self, info: WeightsInfo, coded: Coded, options: DecodeOptions) -> None:
        self._shape = unit_shape(info)
        self._parameters = UnitParameters.parse(coded.parameters, self._shape.most_iterations)
        super().__init__(coded, load_model(info, self._parameters.entropy))
        self._grid = UnitGrid.of(self._shape, coded.height, coded.width)
        self._run = UnitRun(info, self._grid, coded.gray, options.threads)

    def _nothing(self) -> Iterations:
        count, grid = self._parameters.iterations, self._grid
        active = np.zeros((count, grid.rows, grid.columns), bool) if self._parameters.dynamic else None
        codes = np.zeros((count, *grid.code_shape, self._shape.bits), np.int8)
        return Iterations(codes, opening=OPENING, active=active)

    def _picture(self, received: Iterations, view: tuple[int, int], alpha: AlphaCoder | None) -> Picture:
        last, passes = view
        counts = np.where(self._grid.complete_after <= passes, last, last - 1)
        if received.active is not None:
            had = received.active.sum(axis=0).ravel()
            counts = np.minimum(counts, had)
        pixels = self._run.picture(received.codes, counts)
        return Picture(pixels, alpha.shown() if alpha else None)
