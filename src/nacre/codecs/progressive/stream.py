"""The codec's stream: hyper-latents, then passes over the bit planes, and alpha between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.planes import Planes
from nacre.codecs.progressive.shapes import HYPER_MOST
from nacre.codecs.progressive.tables import Tables
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitCoder, EndOfStreamError

ALPHA_EVERY = 100
"""Passes between two layers of alpha."""


def code_hyper(
    coder: BitCoder, tables: Tables, cells: tuple[int, int], hyper: NDArray[np.int8] | None
) -> NDArray[np.int8]:
    """Send or receive the hyper-latents, a channel a call.

    Parameters
    ----------
    cells
        Rows and columns of the grid.
    hyper
        (Z, rows, columns) in -32..32 when sending, None when receiving.

    Raises
    ------
    EndOfStreamError
        When receiving, if they are not all decided.
    """
    count = cells[0] * cells[1]
    found = np.empty((len(tables.hyper), count), np.int8)
    for channel, weights in enumerate(tables.hyper):
        sent = None if hyper is None else hyper[channel].ravel().astype(np.int32) + HYPER_MOST
        symbols = coder.draw(sent, count, tuple(weights.tolist()))
        if len(symbols) < count:
            raise EndOfStreamError
        found[channel] = symbols - HYPER_MOST
    return found.reshape(-1, *cells)


def code_next(coder: BitCoder, planes: Planes, alpha: AlphaCoder | None) -> bool:
    """Send or receive the next pass and the alpha layer that is due behind it; False if in part."""
    if not planes.code_pass(coder):
        return False
    if alpha is not None and planes.done % ALPHA_EVERY == 0:
        try:
            alpha.code_layer(coder)
        except EndOfStreamError:
            return False
    return True


def code_rest_of(coder: BitCoder, alpha: AlphaCoder) -> None:
    """Send or receive the layers of alpha that are left; raises `EndOfStreamError` as they do."""
    while not alpha.done:
        alpha.code_layer(coder)
