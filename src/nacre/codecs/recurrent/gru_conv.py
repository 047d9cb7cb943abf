"""`gru-conv`: the full-resolution recurrent codec of Toderici et al. (2017)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nacre.codecs.contract import CodecInfo, Coded, DecodeOptions, Encoded, EncodeOptions
from nacre.codecs.describing import describe
from nacre.codecs.recurrent.better import serves_better
from nacre.codecs.recurrent.closed_loop import ClosedLoop
from nacre.codecs.recurrent.decoding import GruConvDecoder
from nacre.codecs.recurrent.grid import CodeGrid
from nacre.codecs.recurrent.importance import importance_of
from nacre.codecs.recurrent.presets import (
    DEFAULT_ITERATIONS,
    DEFAULT_PRIMING,
    MAX_ITERATIONS,
    MOST_PRIMING,
    MOST_SEARCH,
    STRIDE,
    TILE_UNIT,
)
from nacre.codecs.recurrent.sharing import share_out
from nacre.errors import UsageError
from nacre.picture.picture import Picture
from nacre.picture.tiles import TileGrid
from nacre.runtime.weights import find_weights

WHOLE_BELOW = 1_500_000
"""Pixels up to which a picture, padded to cells, is one tile."""
TILE_SIDE = 1024


class GruConv:
    """The codec; weights are looked up when they are needed."""

    name = "gru-conv"
    number = 7
    rates = 0

    def describe(self) -> CodecInfo:
        """Facts about the codec and its installed weights."""
        return describe(
            self.name,
            self.number,
            family="recurrent",
            paper="Toderici et al. 2017, Full Resolution Image Compression with Recurrent Neural Networks",
            rates=f"1 to {MAX_ITERATIONS} iterations of at most 1/8 bpp, {DEFAULT_ITERATIONS} by default",
            weights=[self.name],
            adaptive_bits=True,
            regions=True,
            priming=True,
            search=True,
        )

    def encode(self, picture: Picture, options: EncodeOptions) -> Encoded:
        """Encode all iterations and measure what every prefix is worth.

        With priming the picture is encoded without it too, and the better file kept.

        Raises
        ------
        UsageError
            If the number of iterations is not 1 to 16, that of priming runs not 0 to 3, or that of codes
            to try not 0 to 32.
        WeightsError
            If no weights are installed.
        """
        count = DEFAULT_ITERATIONS if options.iterations is None else options.iterations
        if not 1 <= count <= MAX_ITERATIONS:
            raise UsageError(f"{self.name} has 1 to {MAX_ITERATIONS} iterations, not {count}.")
        priming = DEFAULT_PRIMING if options.priming is None else options.priming
        if not 0 <= priming <= MOST_PRIMING:
            raise UsageError(f"{self.name} has 0 to {MOST_PRIMING} priming runs, not {priming}.")
        search = options.search or 0
        if not 0 <= search <= MOST_SEARCH:
            raise UsageError(f"{self.name} tries 0 to {MOST_SEARCH} codes of a cell, not {search}.")
        tile, tiles = _tiles(picture)
        grid, regions = CodeGrid(tiles), options.regions
        loop = ClosedLoop(
            picture,
            find_weights(self.name),
            grid,
            tile // TILE_UNIT,
            count,
            importance=np.ones(grid.shape) if regions is None else importance_of(regions, grid),
            priming=0,
            search=search,
            fast=options.fast,
            threads=options.threads,
        )

        def run(loop: ClosedLoop) -> Encoded:
            plain = options.allocation is None and regions is None
            return loop.encode().encoded if plain else share_out(loop, options.allocation)

        made = run(loop)
        if priming:
            primed = run(replace(loop, priming=priming))
            if serves_better(primed, made, options.allocation):
                return primed
        return made

    def decode(self, coded: Coded, options: DecodeOptions) -> Picture:
        """The best picture that the stream gives; see the contract."""
        decoder = self.decoder(coded, options)
        return decoder.best(coded.stream)

    def decoder(self, coded: Coded, options: DecodeOptions) -> GruConvDecoder:
        """A decoder for a growing stream; see the contract."""
        return GruConvDecoder(find_weights(self.name, coded.weights_tag), coded, options)


def _tiles(picture: Picture) -> tuple[int, TileGrid]:
    """The side of tiles, 0 for the whole picture, and where they lie."""
    whole = TileGrid.make(picture.height, picture.width, 0, STRIDE)
    if whole.largest(STRIDE) <= WHOLE_BELOW:
        return 0, whole
    return TILE_SIDE, TileGrid.make(picture.height, picture.width, TILE_SIDE, STRIDE)
