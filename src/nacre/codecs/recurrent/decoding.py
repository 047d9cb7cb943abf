"""The decoder's run over a stream that may still be growing."""

from __future__ import annotations

import numpy as np

from nacre.codecs.contract import Coded, DecodeOptions
from nacre.codecs.recurrent.entropy import load_model
from nacre.codecs.recurrent.grid import CodeGrid, pass_numbers
from nacre.codecs.recurrent.parameters import Parameters
from nacre.codecs.recurrent.presets import LARGEST_TILE, STRIDE, TILE_UNIT
from nacre.codecs.recurrent.receiving import StreamDecoder
from nacre.codecs.recurrent.steps import (
    DecoderStep,
    Levels,
    Shown,
    cells,
    from_network,
    network_shape,
    to_layout,
)
from nacre.codecs.recurrent.stream import PASSES, Iterations
from nacre.coding.alpha import AlphaCoder
from nacre.errors import FormatError
from nacre.picture.picture import Picture
from nacre.picture.tiles import Span, TileGrid
from nacre.runtime.sessions import RunSessions, open_session
from nacre.runtime.weights import WeightsInfo


class GruConvDecoder(StreamDecoder):
    """Decodes a stream that may still be growing.

    A picture of one tile keeps its states between calls; a tiled one is run anew for each picture, so
    that memory stays that of one tile.
    """

    def __init__(self, info: WeightsInfo, coded: Coded, options: DecodeOptions) -> None:
        self._parameters = Parameters.parse(coded.parameters)
        super().__init__(coded, load_model(info, self._parameters.entropy))
        self._tiles = TileGrid.make(coded.height, coded.width, self._parameters.tile * TILE_UNIT, STRIDE)
        if self._tiles.largest(STRIDE) > LARGEST_TILE:
            raise FormatError("The file claims larger tiles than any are; it is damaged.")
        self._grid = CodeGrid(self._tiles)
        self._numbers = pass_numbers(*self._grid.shape)
        shape = network_shape(info)
        if shape.reconstruction != self._parameters.reconstruction:
            raise FormatError("The file's parameters do not fit the weights it names; it is damaged.")
        self._channels = shape.bits
        opened = RunSessions() if len(self._tiles) > 1 else open_session
        self._step = DecoderStep(info, options.threads, opened, self._parameters.priming)
        self._reached: tuple[int, Shown] | None = None

    def _nothing(self) -> Iterations:
        shape = (self._parameters.iterations, *self._grid.shape)
        active = np.zeros(shape, bool) if self._parameters.dynamic else None
        return Iterations(np.zeros((*shape, self._channels), np.int8), active=active)

    def _picture(self, received: Iterations, view: tuple[int, int], alpha: AlphaCoder | None) -> Picture:
        tiles = (self._tile(received, view, row, column) for row, column in self._tiles)
        pixels = np.empty((self._coded.height, self._coded.width, 1 if self._coded.gray else 3), np.uint8)
        top = 0
        for strip in self._tiles.blend(tiles):
            shown = to_layout(strip, self._coded.gray)
            pixels[top : top + len(strip)] = np.rint(shown, out=shown)
            top += len(strip)
        return Picture(pixels, alpha.shown() if alpha else None)

    def _tile(self, received: Iterations, view: tuple[int, int], row: Span, column: Span) -> Levels:
        last, passes = view
        window = self._grid.window(row, column)
        codes = received.codes[(slice(None), *window)]
        done, shown = self._start(row, column)
        for t in range(done, last):
            whole = t < last - 1 or passes == PASSES
            if not whole:
                visible = np.where(self._numbers[window][..., None] <= passes, codes[t], np.int8(0))
                shown = self._step(shown, visible)
                break
            shown = self._step(shown, codes[t])
            if len(self._tiles) == 1:
                self._reached = (t + 1, shown)
        return from_network(shown.picture[..., : row.length, : column.length])

    def _start(self, row: Span, column: Span) -> tuple[int, Shown]:
        if self._reached is not None:
            return self._reached
        height, width = cells(row.length) * STRIDE, cells(column.length) * STRIDE
        return 0, self._step.start(height, width)
