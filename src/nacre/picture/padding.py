"""Padding to the multiple that a network's strides need."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def pad_to_multiple(planes: NDArray[T], multiple: int) -> NDArray[T]:
    """Pad at the bottom and the right until both sides are multiples of ``multiple``.

    The picture is reflected about its last row and column, which are not repeated, back and forth where the
    padding is longer than the picture. A side of one pixel has nothing to reflect and is repeated.

    Parameters
    ----------
    planes
        ``(H, W, ...)`` of any dtype, both sides at least 1.
    multiple
        At least 1.

    Returns
    -------
    numpy.ndarray
        ``planes`` itself where nothing is missing, otherwise a larger copy with ``planes`` at the top left.

    Raises
    ------
    ValueError
        If a side is 0, or ``multiple`` below 1.
    """
    if multiple < 1:
        raise ValueError(f"padding needs a multiple of at least 1, not {multiple}")
    if planes.ndim < 2 or 0 in planes.shape[:2]:
        raise ValueError(f"padding needs planes of shape (H, W, ...) with no empty side, not {planes.shape}")
    for axis in (0, 1):
        missing = -planes.shape[axis] % multiple
        if missing:
            widths = [(0, 0)] * planes.ndim
            widths[axis] = (0, missing)
            planes = np.pad(planes, widths, mode="reflect" if planes.shape[axis] > 1 else "edge")
    return planes
