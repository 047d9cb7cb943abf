"""The encoder's run over a picture."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import Encoded, EncodeOptions
from nacre.codecs.progressive.cells import CellGrid, to_latents, to_symbols
from nacre.codecs.progressive.hyper import MEAN_STEP_BITS, SCALE_BITS, load_hyper
from nacre.codecs.progressive.hyper_contexts import code_hyper, load_hyper_contexts
from nacre.codecs.progressive.parameters import Parameters
from nacre.codecs.progressive.planes import Planes
from nacre.codecs.progressive.rates import layers_of, qualities
from nacre.codecs.progressive.regions import add_levels, code_levels, levels_of
from nacre.codecs.progressive.shapes import CELL, HYPER_MOST
from nacre.codecs.progressive.stream import code_next, code_rest_of
from nacre.codecs.progressive.tables import LEVELS, load_tables
from nacre.codecs.progressive.transforms import Transforms, network_shape, padded, to_pixels
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitEncoder
from nacre.picture.hidden import fill_hidden
from nacre.picture.picture import Picture
from nacre.runtime.weights import WeightsInfo

_MEASURED = 0.1
"""Bits a pixel at which a picture is measured before the last one."""


class EncodeRun:
    """One encode; `run` gives the result."""

    def __init__(self, picture: Picture, info: WeightsInfo, options: EncodeOptions) -> None:
        if picture.alpha is not None:
            picture = dataclasses.replace(picture, pixels=fill_hidden(picture.pixels, picture.alpha))
        self._picture, self._info = picture, info
        self._fast, self._regions = options.fast, options.regions
        self._grid = CellGrid(picture.height, picture.width)
        self._levels = padded(picture.rgb())
        height, width, _ = self._levels.shape
        self._transforms = Transforms(info, height, width, options.threads)
        self._flat = network_shape(info).flat

    def run(self) -> Encoded:
        """Encode to the finest step, and find out what prefixes are worth."""
        tables, hyper_network = load_tables(self._info), load_hyper(self._info)
        symbols = self._transforms.analyze(self._levels)
        to_symbols(symbols, self._flat)
        coder = BitEncoder()
        hyper = self._hyper(symbols, hyper_network.scales)
        hyper = code_hyper(coder, load_hyper_contexts(self._info), self._grid.cells, hyper)
        means, classes = hyper_network.predict(hyper)
        predicted = means * np.float32(2.0**-MEAN_STEP_BITS)
        if self._regions is not None:
            levels = levels_of(self._regions, self._grid.cells)
            add_levels(classes, code_levels(coder, self._grid.cells, levels))
        self._grid.leave_out(classes, self._flat)
        symbols -= predicted
        planes = Planes(tables, classes, symbols, 1 if self._regions is None else LEVELS)
        del symbols, means, classes

        alpha = self._alpha()
        if alpha:
            alpha.code_layer(coder)
        coder.mark()
        errors: list[float] = [planes.error]
        measured: dict[int, float] = {}
        measured_at = _MEASURED * self._picture.width * self._picture.height / 8
        while not planes.finished:
            code_next(coder, planes, alpha)
            coder.mark()
            errors.append(planes.error)
            if not self._fast and not measured and coder.size >= measured_at:
                measured[planes.done] = self._measure(predicted, planes)
        if alpha:
            code_rest_of(coder, alpha)
        measured[planes.done] = self._measure(predicted, planes)
        stream, borders = coder.finish()
        return Encoded(
            weights_tag=bytes.fromhex(self._info.tag),
            parameters=Parameters(self._regions is not None).pack(),
            stream=stream,
            layers=layers_of(borders, qualities(errors, measured, self._levels.size)),
            estimated=True,
        )

    def _hyper(self, symbols: NDArray[np.float32], scales: NDArray[np.int32]) -> NDArray[np.int8]:
        channels, height, width = symbols.shape
        cells = symbols.reshape(channels, height // CELL, CELL, width // CELL, CELL)
        divisors = scales[:, None, :, None, :].astype(np.float32) * np.float32(2.0**-SCALE_BITS)
        scaled: NDArray[np.float32] = cells / divisors
        found = self._transforms.hyper_latents(scaled.reshape(symbols.shape))
        return np.clip(np.rint(found), -HYPER_MOST, HYPER_MOST).astype(np.int8)

    def _alpha(self) -> AlphaCoder | None:
        plane = self._picture.alpha
        return None if plane is None else AlphaCoder(plane.shape[0], plane.shape[1], plane)

    def _measure(self, predicted: NDArray[np.float32], planes: Planes) -> float:
        """Mean squared error of the picture that is shown now."""
        known = predicted.copy()
        planes.add_to(known)
        to_latents(known, self._flat)
        total, top = 0.0, 0
        height, width = self._picture.height, self._picture.width
        original = self._picture.pixels
        for strip in self._transforms.synthesize(known):
            shown = to_pixels(strip, self._picture.is_gray)[: height - top, :width]
            difference = shown.astype(np.int32) - original[top : top + len(shown)]
            total += float(np.square(difference).sum(dtype=np.float64))
            top += len(shown)
        return total / original.size
