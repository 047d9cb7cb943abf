"""The decoder's run over a stream that may still be growing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import Coded, DecodeOptions
from nacre.codecs.progressive.cells import CellGrid, to_latents
from nacre.codecs.progressive.hyper import MEAN_STEP_BITS, load_hyper
from nacre.codecs.progressive.hyper_contexts import code_hyper, load_hyper_contexts
from nacre.codecs.progressive.parameters import Parameters
from nacre.codecs.progressive.planes import Planes
from nacre.codecs.progressive.regions import add_levels, code_levels
from nacre.codecs.progressive.shapes import STRIDE
from nacre.codecs.progressive.stream import code_next, code_rest_of
from nacre.codecs.progressive.tables import LEVELS, load_tables
from nacre.codecs.progressive.transforms import Transforms, network_shape, to_pixels
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitDecoder, EndOfStreamError
from nacre.errors import TruncatedError
from nacre.picture.picture import Picture
from nacre.runtime.weights import WeightsInfo


class ProgressiveDecoder:
    """Decodes a stream that may still be growing; see the contract."""

    def __init__(self, info: WeightsInfo, coded: Coded, options: DecodeOptions) -> None:
        self._coded, self._parameters = coded, Parameters.parse(coded.parameters)
        self._tables, self._hyper = load_tables(info), load_hyper(info)
        self._contexts = load_hyper_contexts(info)
        self._flat = network_shape(info).flat
        self._grid = CellGrid(coded.height, coded.width)
        rows, columns = self._grid.cells
        self._transforms = Transforms(info, rows * STRIDE, columns * STRIDE, options.threads)
        self._known = 0

    def best(self, stream: bytes) -> Picture:
        """The picture that all decided symbols of a stream give.

        Raises
        ------
        TruncatedError
            If it ends before the first layer.
        """
        for picture in self.pictures(stream):
            return picture
        raise TruncatedError(
            "The file is cut below its first layer, so there is no picture; ask for more bytes."
        )

    def pictures(self, stream: bytes) -> Iterator[Picture]:
        """The best picture that `stream` gives, if it is longer than those before."""
        if len(stream) <= self._known:
            return
        try:
            symbols, planes, alpha = self.receive(stream)
        except EndOfStreamError:
            return
        self._known = len(stream)
        planes.add_to(symbols)
        del planes
        to_latents(symbols, self._flat)
        yield Picture(self._pixels(symbols), alpha.shown() if alpha else None)

    def receive(self, stream: bytes) -> tuple[NDArray[np.float32], Planes, AlphaCoder | None]:
        """What is predicted of the symbols, what a stream decides of the rest, and its alpha plane.

        Raises
        ------
        EndOfStreamError
            If it ends before the first layer.
        """
        coder = BitDecoder(stream)
        alpha = AlphaCoder(self._coded.height, self._coded.width) if self._coded.alpha else None
        symbols, planes = self._first_layer(coder, alpha)
        while not planes.finished and code_next(coder, planes, alpha):
            pass
        if alpha is not None and planes.finished:
            with suppress(EndOfStreamError):
                code_rest_of(coder, alpha)
        return symbols, planes, alpha

    def _first_layer(self, coder: BitDecoder, alpha: AlphaCoder | None) -> tuple[NDArray[np.float32], Planes]:
        """What is predicted of the symbols, and nothing known of the rest."""
        hyper = code_hyper(coder, self._contexts, self._grid.cells, None)
        levels = code_levels(coder, self._grid.cells, None) if self._parameters.regions else None
        if alpha:
            alpha.code_layer(coder)
        means, classes = self._hyper.predict(hyper)
        if levels is not None:
            add_levels(classes, levels)
        self._grid.leave_out(classes, self._flat)
        planes = Planes(self._tables, classes, levels=1 if levels is None else LEVELS)
        return means * np.float32(2.0**-MEAN_STEP_BITS), planes

    def _pixels(self, latents: NDArray[np.float32]) -> NDArray[np.uint8]:
        height, width, gray = self._coded.height, self._coded.width, self._coded.gray
        pixels = np.empty((height, width, 1 if gray else 3), np.uint8)
        top = 0
        for strip in self._transforms.synthesize(latents):
            part = to_pixels(strip, gray)[: height - top, :width]
            pixels[top : top + len(part)] = part
            top += len(part)
        return pixels
