"""Dynamic bits: which units go on in an iteration, as adaptive flags in the stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.coding.contexts import AdaptiveContexts
from nacre.coding.stream import BitCoder

Flags = NDArray[np.bool_]

_ITERATIONS, _NEIGHBORS, _EVEN = 8, 5, 5
"""Iterations with contexts of their own, counts 0 to 4, and what stands for the first half pass."""
_SURE = 2
"""Iterations in which a unit is expected to go on."""


class Activity:
    """Sends or receives one flag for every unit that was active in the iteration before.

    A unit that has stopped never starts again. Flags go in two half passes, the units of even and then
    of odd row plus column. The context of a flag is the iteration, how many of its four neighbors were
    active in the iteration before, and how many neighbors have gone on where that is known already.

    Parameters
    ----------
    rows, columns
        Of units.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._active: Flags = np.ones((rows, columns), bool)
        counts = np.ones((_ITERATIONS, _NEIGHBORS, _EVEN + 1, 2), np.int64)
        counts[:_SURE, ..., 1] = 15
        self._contexts = AdaptiveContexts(counts)
        self._odd = np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 1

    def code(self, coder: BitCoder, iteration: int, goes_on: Flags | None) -> Flags:
        """Send or receive the flags of an iteration, numbered from 0.

        Parameters
        ----------
        goes_on
            (rows, columns) when sending; none may go on that has stopped before.

        Returns
        -------
        ndarray
            The same when receiving.

        Raises
        ------
        EndOfStreamError
            When the flags are not wholly decided.
        """
        before = self._active
        now = np.zeros_like(before)
        place = min(iteration, _ITERATIONS - 1) * _NEIGHBORS + _neighbors(before)
        for odd in (False, True):
            chosen = before & (self._odd == odd)
            known = _neighbors(now) if odd else np.full(now.shape, _EVEN)
            context = (place * (_EVEN + 1) + known)[chosen]
            sent = None if goes_on is None else goes_on[chosen].astype(np.uint8)
            now[chosen] = self._contexts.code(coder, sent, context) > 0
        self._active = now
        return now


def _neighbors(flags: Flags) -> NDArray[np.int64]:
    """How many of the four neighbors are set."""
    padded = np.pad(flags, 1).astype(np.int64)
    return padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
