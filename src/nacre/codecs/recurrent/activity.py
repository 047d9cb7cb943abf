"""Dynamic bits: which units go on in an iteration, as adaptive flags in the stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.coding.contexts import AdaptiveContexts
from nacre.coding.stream import BitCoder

Flags = NDArray[np.bool_]

_NEIGHBORS, _EVEN = 5, 5
"""Counts 0 to 4, and what stands for the count in the first half pass."""
_START = (1, 15)
"""Counts of stopped and gone on before the first iteration, in which most units go on."""
_REMEMBERED = 32
"""What an iteration keeps of the counts before it: enough to begin with, little enough to change."""


class Activity:
    """Sends or receives one flag for every unit that was active in the iteration before.

    A unit that has stopped never starts again. Flags go in two half passes, the units of even and then
    of odd row plus column. The context of a flag is how many of its four neighbors were active in the
    iteration before, and how many have gone on where that is known already.

    Parameters
    ----------
    rows, columns
        Of units.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._active: Flags = np.ones((rows, columns), bool)
        self._contexts = AdaptiveContexts(np.tile(_START, (_NEIGHBORS, _EVEN + 1, 1)))
        self._odd = np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 1

    def code(self, coder: BitCoder, goes_on: Flags | None) -> Flags:
        """Send or receive the flags of the next iteration.

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
        place = _neighbors(before)
        self._contexts.fade(_REMEMBERED)
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
