"""Sizes of the networks of `progressive`, and the constants that trainer and codec share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PATCH = 16
"""Pixels a side of what one latent position stands for."""
CELL = 4
"""Latent positions a side of a cell: what one position of the hyper-latents stands for."""
STRIDE = PATCH * CELL
BLOCK = 4
"""Pixels a side of what one position of the synthesis gives: 3 x 4 x 4 channels."""
UNIT = 14.7
"""Gray levels of an orthonormal transform in one step of the finest quantizer."""
HYPER_SCALE = 4
"""Steps of the hyper-latents in a unit of their network."""
HYPER_MOST = 32
"""Hyper-latents are clipped to plus and minus this."""


@dataclass(frozen=True)
class Shape:
    """Widths of the networks.

    Attributes
    ----------
    channels
        Latent channels.
    flat
        The first so many of them carry the flat parts of pictures: cells of them go through a DCT.
    hyper, hyper_latents
        Width of the hyper-networks, channels of the hyper-latents.
    widths
        Of the three scales of the networks, 4, 8 and 16 pixels a position.
    analysis_blocks, synthesis_blocks
        Residual blocks a scale, in the same order.
    """

    channels: int
    flat: int
    hyper: int
    hyper_latents: int
    widths: tuple[int, int, int]
    analysis_blocks: tuple[int, int, int]
    synthesis_blocks: tuple[int, int, int]


PRESETS = {
    "S": Shape(320, 3, 64, 64, (64, 128, 192), (2, 3, 4), (2, 3, 6)),
    "M": Shape(384, 3, 96, 96, (96, 192, 320), (2, 4, 6), (2, 4, 6)),
    # Small enough for golden files in the tests.
    "tiny": Shape(8, 3, 8, 6, (4, 6, 8), (1, 1, 1), (1, 1, 1)),
}


def cell_basis() -> NDArray[np.float64]:
    """The orthonormal DCT-II of four values: rows are its basis vectors, (4, 4)."""
    k, n = np.mgrid[:CELL, :CELL]
    basis: NDArray[np.float64] = np.sqrt(2 / CELL) * np.cos(np.pi * (2 * n + 1) * k / (2 * CELL))
    basis[0] /= np.sqrt(2)
    return basis
