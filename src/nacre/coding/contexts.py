"""Adaptive binary contexts in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre.coding.stream import TOTAL, BitCoder, Bits

LEAST, MOST = 64, TOTAL - 64
"""Bounds of a probability: a symbol costs at most 10 bits, and a certain one 0.0014."""

LIMIT = 4096
"""A context whose counts exceed this sum forgets half of them."""


class AdaptiveContexts:
    """Counts of zeros and ones a context, from which probabilities come by integer division.

    Parameters
    ----------
    counts
        Integers (..., 2), each at least 1: the prior number of zeros and ones of each context.
        Contexts are numbered in C order over the leading axes.
    """

    def __init__(self, counts: NDArray[np.integer[Any]]) -> None:
        self._counts: NDArray[np.int64] = counts.reshape(-1, 2).astype(np.int64)

    @classmethod
    def uniform(cls, contexts: int) -> AdaptiveContexts:
        """Contexts that know nothing yet."""
        return cls(np.ones((contexts, 2), np.int64))

    def ones(self, context: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Probability of a 1, out of 65536, for every entry of `context`."""
        each = np.clip(TOTAL * self._counts[:, 1] // self._counts.sum(-1), LEAST, MOST)
        ones: NDArray[np.int64] = each[context]
        return ones

    def update(self, context: NDArray[np.integer[Any]], bits: Bits) -> None:
        """Count all symbols of one call."""
        slots = (context.ravel().astype(np.int64) << 1) | bits.ravel()
        self._counts += np.bincount(slots, minlength=self._counts.size).reshape(-1, 2)
        full = self._counts.sum(-1) > LIMIT
        while full.any():
            self._counts[full] = (self._counts[full] + 1) >> 1
            full = self._counts.sum(-1) > LIMIT

    def fade(self, most: int) -> None:
        """Forget all but `most` of what each context has seen; no count falls below 1."""
        sums = self._counts.sum(-1, keepdims=True)
        faded = np.maximum(self._counts * most // sums, 1)
        self._counts = np.where(sums > most, faded, self._counts)

    def code(self, coder: BitCoder, bits: Bits | None, context: NDArray[np.integer[Any]]) -> Bits:
        """Send or receive one call of symbols and learn from them."""
        found = coder.code(bits, self.ones(context))
        self.update(context, found)
        return found
