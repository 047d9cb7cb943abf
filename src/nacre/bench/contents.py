"""What a file of `progressive` holds before any network has seen it: integers, decoded step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre import api
from nacre.codecs.contract import Coded
from nacre.codecs.progressive.cells import CellGrid
from nacre.codecs.progressive.hyper import HyperNetwork, load_hyper
from nacre.codecs.progressive.hyper_contexts import code_hyper, load_hyper_contexts
from nacre.codecs.progressive.planes import Planes
from nacre.codecs.progressive.stream import code_next
from nacre.codecs.progressive.tables import Tables, load_tables
from nacre.codecs.progressive.transforms import network_shape
from nacre.codecs.registry import codec_name
from nacre.coding.stream import BitDecoder
from nacre.container.file import parse_file
from nacre.errors import UsageError
from nacre.runtime.weights import WeightsInfo, find_weights

CODEC = "progressive"

Predict = Callable[[HyperNetwork, NDArray[np.int8]], tuple[NDArray[np.int16], NDArray[np.uint8]]]
"""From hyper-latents to means and classes, as `HyperNetwork.predict`."""


@dataclass(frozen=True, eq=False)
class FirstLayer:
    """What stands at the beginning, and what follows from it.

    Attributes
    ----------
    hyper
        Hyper-latents, (Z, h, w) int8.
    means, classes
        Of all symbols, (C, 4 h, 4 w); means in 1/16 steps.
    """

    coded: Coded
    info: WeightsInfo
    tables: Tables
    coder: BitDecoder
    grid: CellGrid
    hyper: NDArray[np.int8]
    means: NDArray[np.int16]
    classes: NDArray[np.uint8]

    @property
    def flat(self) -> int:
        """Channels that go through the DCT over cells."""
        return network_shape(self.info).flat

    def residuals(self) -> NDArray[np.float32]:
        """Decode the rest: what is known of each symbol beyond its mean, in steps; call it once."""
        planes = Planes(self.tables, self.classes)
        while planes.done < len(self.tables.order) and code_next(self.coder, planes, None):
            pass
        known = np.zeros(self.classes.shape, np.float32)
        planes.add_to(known)
        return known


def first_layer(data: bytes, predict: Predict = HyperNetwork.predict) -> FirstLayer:
    """Decode the first layer of a file without alpha.

    Parameters
    ----------
    data
        A whole file or a prefix of one.
    predict
        What stands in for the integer network, for comparison.

    Raises
    ------
    UsageError
        If the file is of another codec, or has alpha.
    """
    parsed = parse_file(data)
    coded = api.coded(parsed)
    if codec_name(parsed.header.codec) != CODEC or coded.alpha:
        raise UsageError(f"only files of {CODEC} without alpha are looked into")
    info = find_weights(CODEC, coded.weights_tag)
    tables, grid = load_tables(info), CellGrid(coded.height, coded.width)
    coder = BitDecoder(coded.stream)
    hyper = code_hyper(coder, load_hyper_contexts(info), grid.cells, None)
    means, classes = predict(load_hyper(info), hyper)
    grid.leave_out(classes, network_shape(info).flat)
    return FirstLayer(coded, info, tables, coder, grid, hyper, means, classes)
