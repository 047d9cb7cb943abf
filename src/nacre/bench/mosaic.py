"""A large picture made of photographs side by side, as detailed as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nacre.bench.contract import Pixels
from nacre.bench.measure import read_pixels
from nacre.errors import UsageError


def mosaic(photographs: Sequence[Path], height: int, width: int) -> Pixels:
    """Pixels (height, width, 3) uint8: photographs side by side in rows, as often as it takes.

    Raises
    ------
    UsageError
        If there is no photograph.
    """
    if not photographs:
        raise UsageError("a large picture is made of photographs, and there are none; see docs/test-sets.md")
    pictures = [read_pixels(path) for path in photographs]
    rows = min(len(picture) for picture in pictures)
    out = np.empty((height, width, 3), np.uint8)
    number = 0
    for top in range(0, height, rows):
        left = 0
        while left < width:
            part = pictures[number % len(pictures)][: min(rows, height - top), : width - left]
            out[top : top + part.shape[0], left : left + part.shape[1]] = part
            left += part.shape[1]
            number += 1
    return out
