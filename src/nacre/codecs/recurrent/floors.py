"""From which pass on a partial iteration is worth showing, so that quality never falls along a stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nacre.codecs.recurrent.stream import NEVER, PASSES


def least_passes(errors: Sequence[dict[int, float]], opening: int) -> list[int]:
    """The floor of each iteration, 1 to 5: it is shown from so many passes on.

    That is the first pass from which on each picture is at least as good as all before it; 5 means never.

    Parameters
    ----------
    errors
        For each iteration the squared error of its picture by whole passes; passes that are missing
        were not measured, and nothing below them is shown.
    opening
        Passes of the first iteration that are always shown.
    """
    floors = []
    best: float = np.inf
    for t, error in enumerate(errors):
        first = 0
        if t == 0:
            best, first = error[opening], opening
        floor, later = NEVER, 0.0
        for k in range(PASSES, first, -1):
            if k not in error or not later <= error[k] <= best:
                break
            floor, later = k, error[k]
        if floor < NEVER:
            best = error[PASSES]
        floors.append(floor)
    return floors
