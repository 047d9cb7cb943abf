"""Colors that nobody sees: those of pixels that are wholly transparent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float32]


def fill_hidden(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Replace the colors of wholly transparent pixels by smooth ones, which cost next to nothing.

    Parameters
    ----------
    pixels
        (H, W, channels) uint8.
    alpha
        (H, W) uint8.

    Returns
    -------
    numpy.ndarray
        ``pixels`` itself where nothing is hidden, or all is.
    """
    seen = alpha != 0
    if seen.all() or not seen.any():
        return pixels
    smooth = _spread(pixels * seen[..., None].astype(np.float32), seen.astype(np.float32))
    return np.where(seen[..., None], pixels, np.rint(smooth)).astype(np.uint8)


def _spread(sums: Levels, weights: Levels) -> Levels:
    """Means of what is known, from the finest scale at which something is."""
    known = weights > 0
    means = (sums / np.maximum(weights, 1e-9)[..., None]).astype(np.float32)
    if known.all():
        return means
    height, width = weights.shape
    coarse = _spread(_halved(sums), _halved(weights[..., None])[..., 0])
    wide = coarse.repeat(2, 0)[:height].repeat(2, 1)[:, :width]
    spread: Levels = np.where(known[..., None], means, wide)
    return spread


def _halved(planes: Levels) -> Levels:
    """Sums of squares of two by two; nothing lies beyond the border."""
    height, width, channels = planes.shape
    even = np.pad(planes, [(0, height % 2), (0, width % 2), (0, 0)])
    halved: Levels = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, channels).sum((1, 3))
    return halved
