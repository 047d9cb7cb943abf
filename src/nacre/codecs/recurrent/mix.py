"""The votes of `mix`: a small integer network that sees all channels of the cells around.

SPEC.md, section 7.4. Its products are float32 matrix products of integers, exact in any order below 2^24.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Known
from nacre.coding.passes import INTERLEAVED, neighbor_view
from nacre.runtime.arrays import ArrayRecord

MIX_FILE = "mix.npz"

AROUND: tuple[tuple[int, int], ...] = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
"""A cell and its neighbors: seen of this iteration and of the one before; of the one before that the cell."""
SEEN = 2 * len(AROUND) + 1
PLACES, VOTE_PLACES = 6, 5
"""Binary places of weights and of hidden values, and of votes, which are log-odds."""
MOST_HIDDEN = 1023
EXACT = 1 << 24
"""Float32 sums of integers are exact below this."""


@dataclass(frozen=True, eq=False)
class Mix(ArrayRecord):
    """Shipped integers: N networks, passes 4, halves G of the channels C, F = 19 C inputs, hidden H.

    Attributes
    ----------
    network
        (T,) uint8: which network votes in an iteration.
    first
        (N, 4, G, F, H) int8.
    first_bias
        (N, 4, G, H) int16.
    last
        (N, 4, G, H, C / G) int8.
    last_bias
        (T, 4, C) int32.
    thresholds, priors
        See `VoteModel`.
    """

    network: NDArray[np.uint8]
    first: NDArray[np.int8]
    first_bias: NDArray[np.int16]
    last: NDArray[np.int8]
    last_bias: NDArray[np.int32]
    thresholds: NDArray[np.int16]
    priors: NDArray[np.uint8]

    def votes(self, known: Known, iteration: int, number: int, channels: slice) -> NDArray[np.float32]:
        """See `VoteModel`."""
        place = self.network[iteration], number, int(channels.start > 0)
        seen = seen_by(known, number)
        hidden = seen @ self.first[place].astype(np.float32) + self.first_bias[place]
        hidden = np.clip(hidden, 0, MOST_HIDDEN).astype(np.float32)
        total = hidden @ self.last[place].astype(np.float32)
        total += self.last_bias[iteration, number, channels].astype(np.float32)
        votes: NDArray[np.float32] = np.floor(total * np.float32(2.0 ** (VOTE_PLACES - 2 * PLACES)))
        return votes

    def bound(self) -> int:
        """Largest magnitude of any sum."""
        first = np.abs(self.first.astype(np.int64)).sum(-2) + np.abs(self.first_bias.astype(np.int64))
        last = np.abs(self.last.astype(np.int64)).sum(-2).max() * MOST_HIDDEN
        return int(max(first.max(), last + np.abs(self.last_bias.astype(np.int64)).max()))


def seen_by(known: Known, number: int) -> NDArray[np.float32]:
    """All that the network sees of every cell of a pass, (h, w, 19 C); 0 where not known."""
    offset = INTERLEAVED[number]
    views = [neighbor_view(grid, offset, step) for grid in (known.now, known.before) for step in AROUND]
    views.append(neighbor_view(known.earlier, offset, (0, 0)))
    return np.concatenate(views, axis=-1).astype(np.float32)
