"""A picture encoded in the closed loop, with any number of iterations for each of its cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import Encoded
from nacre.codecs.recurrent.allocation import Counts
from nacre.codecs.recurrent.encoding import EncodeRun
from nacre.codecs.recurrent.floors import least_passes
from nacre.codecs.recurrent.grid import CodeGrid, cell_sums
from nacre.codecs.recurrent.parameters import Parameters
from nacre.codecs.recurrent.presets import STRIDE
from nacre.codecs.recurrent.sending import layers_of, send
from nacre.codecs.recurrent.steps import cells, network_shape
from nacre.codecs.recurrent.stream import Iterations
from nacre.picture.picture import Picture
from nacre.runtime.weights import WeightsInfo


@dataclass(frozen=True)
class Trial:
    """One encode of a picture.

    Attributes
    ----------
    encoded
        What the codec would return.
    errors
        (T + 1, rows, columns): squared errors of the cells after 0 to T iterations.
    worth
        Decibels of what each layer shows, where errors of a cell count as much as it matters.
    """

    encoded: Encoded
    errors: NDArray[np.float64]
    worth: tuple[float, ...]


@dataclass(frozen=True)
class ClosedLoop:
    """Encodes one picture again and again; see `EncodeRun`.

    Attributes
    ----------
    tile
        Side of a tile in the file, 0 for the whole picture.
    count
        Iterations of a cell at most.
    importance
        (rows, columns) of the code grid.
    """

    picture: Picture
    info: WeightsInfo
    grid: CodeGrid
    tile: int
    count: int
    importance: NDArray[np.float64]
    priming: int
    search: int
    fast: bool
    threads: int | None

    def encode(self, counts: Counts | None = None) -> Trial:
        """Encode with `counts` (rows, columns) iterations of the cells, or all of them.

        A cell that has stopped has no codes, and residuals are of what a decoder then shows.
        """
        given = np.full(self.grid.shape, self.count) if counts is None else counts
        active = np.arange(given.max())[:, None, None] < given
        run = EncodeRun(
            self.picture,
            self.grid,
            self.info,
            active=active,
            importance=self.importance,
            priming=self.priming,
            search=self.search,
            fast=self.fast,
            threads=self.threads,
        )
        mattering = run.picture_errors(self.importance)
        floors = least_passes(mattering, 1)
        sent = Iterations(run.codes, floors, active=None if counts is None else active)
        stream, borders, entropy = send(sent, self.info, self.picture.alpha)
        shape, samples = network_shape(self.info), self.picture.pixels.size
        parameters = Parameters(
            len(active),
            entropy,
            shape.reconstruction,
            self.tile,
            dynamic=counts is not None,
            priming=self.priming,
        )
        notes: tuple[str, ...] = ()
        if len(self.grid.tiles) > 1:
            notes = (
                "PSNR figures are sums over overlapping tiles, partial iterations were judged on one tile",
            )
        encoded = Encoded(
            weights_tag=bytes.fromhex(self.info.tag),
            parameters=parameters.pack(),
            stream=stream,
            layers=layers_of(borders, floors, run.picture_errors(), samples, 1),
            notes=notes,
            unit_bits=self._on_picture(given * shape.bits),
            unit_side=STRIDE,
        )
        worth = layers_of(borders, floors, mattering, samples, 1)
        return Trial(encoded, run.errors, tuple(layer.psnr or 0.0 for layer in worth))

    def samples(self) -> NDArray[np.float64]:
        """Of each cell, (rows, columns); where tiles overlap its share of them."""
        found = np.empty(self.grid.shape)
        for row, column in self.grid.tiles:
            found[self.grid.window(row, column)] = cell_sums(self.grid.tiles.weight(row, column))
        found *= self.picture.pixels.shape[2]
        return found

    def _on_picture(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Values of the code grid on the cells of the picture; overlaps of tiles add up."""
        found = np.zeros((cells(self.picture.height), cells(self.picture.width)), np.int64)
        for row, column in self.grid.tiles:
            window = self.grid.window(row, column)
            top, left = row.start // STRIDE, column.start // STRIDE
            found[top : top + cells(row.length), left : left + cells(column.length)] += values[window]
        return found
