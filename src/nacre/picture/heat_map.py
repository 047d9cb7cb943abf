"""Numbers of a picture's patches as a picture of its size: dark is few, bright is many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Black, violet, red, orange, pale yellow at equal steps; it grows lighter all the way, in gray print too.
_STOPS = np.array(
    [
        (0, 0, 4),
        (40, 11, 84),
        (101, 21, 110),
        (159, 42, 99),
        (212, 72, 66),
        (245, 125, 21),
        (250, 193, 39),
        (252, 255, 164),
    ],
    np.float64,
)


def heat_map(values: NDArray[np.int64], side: int, width: int, height: int) -> Image.Image:
    """Draw each patch as a square of one color, from black for 0 to pale yellow for the most there is.

    Parameters
    ----------
    values
        (rows, columns), none below 0.
    side
        Pixels a side of a patch.
    width, height
        Of the picture; patches at its right and lower edges may reach over it.
    """
    levels = values / max(int(values.max()), 1) * (len(_STOPS) - 1)
    steps = np.arange(len(_STOPS))
    colors = np.stack([np.interp(levels, steps, channel) for channel in _STOPS.T], axis=-1)
    squares = np.rint(colors).astype(np.uint8).repeat(side, axis=0)[:height].repeat(side, axis=1)[:, :width]
    return Image.fromarray(np.ascontiguousarray(squares))
