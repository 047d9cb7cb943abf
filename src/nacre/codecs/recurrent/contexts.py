"""Entropy coding of binary codes: adaptive contexts over a vote, and the votes of `tables`.

Codes of one iteration are (H, W, C) int8 in {-1, +1}, 0 where not known. Everything is integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nacre.coding.contexts import AdaptiveContexts
from nacre.coding.passes import INTERLEAVED, neighbor_view
from nacre.coding.stream import TOTAL, BitCoder
from nacre.runtime.arrays import ArrayRecord

Codes = NDArray[np.int8]

TABLES_FILE = "tables.npz"

HERE: tuple[tuple[int, int], ...] = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""Same channel, this iteration; a neighbor that its pass does not know yet votes 0."""
BEFORE: tuple[tuple[int, int], ...] = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0))
"""Same channel, the iteration before."""
PARTNERS = 3
"""Other channels of the own cell that vote: of the iteration before, or the first half of this one."""
VOTERS = len(HERE) + len(BEFORE) + PARTNERS
LEVELS = 15
SPLIT_ABOVE = 8
"""With more channels than this a pass is coded in two halves, the second of which sees the first."""


@dataclass(frozen=True)
class Known:
    """What both sides know of the codes when a call begins.

    Attributes
    ----------
    now, before, earlier
        (H + 2, W + 2, C): this iteration and the two before it, with a border of one cell.
    """

    now: Codes
    before: Codes
    earlier: Codes

    @classmethod
    def nothing(cls, height: int, width: int, channels: int) -> Known:
        """Before the first iteration."""
        empty = np.zeros((height + 2, width + 2, channels), np.int8)
        return cls(empty, empty, empty)

    def next(self) -> Known:
        """At the beginning of the next iteration."""
        return Known(np.zeros_like(self.now), self.now, self.before)


class VoteModel(Protocol):
    """What says how likely a code is +1, up to the adaptive contexts.

    Attributes
    ----------
    thresholds
        (L - 1,) int16, rising: a vote of at least the i-th has level i + 1 or more.
    priors
        (T, C, L, 2) uint8: counts of -1 and +1 at the start.
    """

    @property
    def thresholds(self) -> NDArray[np.int16]: ...  # noqa: D102

    @property
    def priors(self) -> NDArray[np.uint8]: ...  # noqa: D102

    def votes(self, known: Known, iteration: int, number: int, channels: slice) -> NDArray[np.number[Any]]:
        """Integers (h, w, c) for the cells of a pass and one of `channel_halves`."""


@dataclass(frozen=True, eq=False)
class Tables(ArrayRecord):
    """The model `tables`: signed votes of sixteen codes. Iteration axis T, passes 4, channels C.

    Attributes
    ----------
    weights
        (T, 4, C, 16) int8, in the order `HERE`, `BEFORE`, partners.
    biases
        (T, 4, C) int16.
    partners
        (T, C, 3) uint8: a channel of the iteration before, or C + a channel of this iteration.
    thresholds
        (14,) int16, rising: a vote of at least the i-th has level i + 1 or more.
    priors
        (T, C, 15, 2) uint8: counts of -1 and +1 at the start.
    """

    weights: NDArray[np.int8]
    biases: NDArray[np.int16]
    partners: NDArray[np.uint8]
    thresholds: NDArray[np.int16]
    priors: NDArray[np.uint8]

    def votes(self, known: Known, iteration: int, number: int, channels: slice) -> NDArray[np.int16]:
        """See `VoteModel`."""
        found = voters(known.now, known.before, number, self.partners[iteration, channels], channels)
        place = iteration, number, channels
        return votes(found, self.weights[place], self.biases[place])


def channel_halves(channels: int) -> list[slice]:
    """Channels of each call of a pass."""
    if channels <= SPLIT_ABOVE:
        return [slice(0, channels)]
    return [slice(0, channels // 2), slice(channels // 2, channels)]


def voters(
    now: Codes, before: Codes, number: int, partners: NDArray[np.uint8], channels: slice
) -> list[Codes]:
    """Every voter's codes for the cells of a pass, in the order `HERE`, `BEFORE`, partners.

    Parameters
    ----------
    now, before
        (H + 2, W + 2, ..., C): what is known of this iteration and the one before, with a border of one
        cell. Axes between are carried along: pictures of equal size, when fitting.
    number
        Index into `INTERLEAVED`.
    partners
        (c, 3) of the channels asked for.
    channels
        One of `channel_halves`.

    Returns
    -------
    list of ndarray
        16 of (h, w, ..., c).
    """
    offset = INTERLEAVED[number]
    found = [neighbor_view(now, offset, step)[..., channels] for step in HERE]
    found += [neighbor_view(before, offset, step)[..., channels] for step in BEFORE]
    own = np.concatenate([neighbor_view(grid, offset, (0, 0)) for grid in (before, now)], axis=-1)
    return found + [own[..., partners[:, i]] for i in range(PARTNERS)]


def votes(known: list[Codes], weights: NDArray[np.int8], biases: NDArray[np.int16]) -> NDArray[np.int16]:
    """Signed vote for every cell of a pass, (h, w, ..., c), of what `voters` gives.

    Parameters
    ----------
    weights, biases
        (c, 16) and (c,) of the channels asked for.
    """
    vote = np.broadcast_to(biases, known[0].shape).copy()
    for i, voter in enumerate(known):
        vote += voter * weights[:, i].astype(np.int16)
    return vote


class CodeModel:
    """Sends or receives the codes of one picture, iteration by iteration and pass by pass.

    Parameters
    ----------
    height, width, channels
        Of the code grid.
    model
        None sends bits as they are (probability 1/2).
    """

    def __init__(self, height: int, width: int, channels: int, model: VoteModel | None) -> None:
        self._model = model
        self._known = Known.nothing(height, width, channels)
        self._contexts: AdaptiveContexts | None = None

    def begin(self, iteration: int) -> None:
        """Go on to an iteration, numbered from 0."""
        self._known = self._known.next()
        if self._model is not None:
            self._contexts = AdaptiveContexts(self._model.priors[iteration])

    def code_pass(
        self,
        coder: BitCoder,
        iteration: int,
        number: int,
        codes: Codes | None,
        active: NDArray[np.bool_] | None = None,
    ) -> Codes:
        """Send or receive one pass.

        Parameters
        ----------
        number
            Index into `INTERLEAVED`.
        codes
            (h, w, C) of the pass's cells when sending.
        active
            (h, w): the cells that have codes, None for all; the others are 0 and cost nothing.

        Returns
        -------
        ndarray
            The codes, sent or received.

        Raises
        ------
        EndOfStreamError
            When the pass is not wholly decided.
        """
        cells = neighbor_view(self._known.now, INTERLEAVED[number], (0, 0))
        chosen = np.s_[:, :] if active is None else active
        for channels in channel_halves(cells.shape[2]):
            view = cells[..., channels]
            sent = None if codes is None else (codes[..., channels][chosen] > 0).astype(np.uint8)
            if self._model is None or self._contexts is None:
                bits = coder.code(sent, np.full(view[chosen].shape, TOTAL // 2))
            else:
                vote = self._model.votes(self._known, iteration, number, channels)
                level = np.searchsorted(self._model.thresholds, vote, side="right")
                levels = len(self._model.thresholds) + 1
                context = np.arange(channels.start, channels.stop) * levels + level
                bits = self._contexts.code(coder, sent, context[chosen])
            view[chosen] = 2 * bits.astype(np.int8) - 1
        return cells
