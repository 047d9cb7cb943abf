"""The embedded stream: bit planes of residuals in passes, one static order for all pictures.

SPEC.md, section 9.4. Plane k of a residual r knows the magnitude ``|r| >> k``. A **zero pass** of a
plane and class says of every residual that was zero so far whether it is zero still, and its sign if not;
a **refinement pass** gives one more bit of those that are known not to be zero.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.tables import CLASSES, LEVELS, MEAN_BITS, ZERO, Tables
from nacre.coding.stream import FINE_TOTAL, BitCoder

NOT_CODED = 255
"""Class of positions that no pass visits."""
_ZERO_DEPTH = 255
_GROUPS = CLASSES * LEVELS
_CHUNK = 1 << 22


class Planes:
    """What is known of a picture's residuals, and the passes that make it more.

    Parameters
    ----------
    classes
        uint8 of any shape, plus 73 times the level of importance; `NOT_CODED` where there is nothing to
        code.
    residuals
        float32 of that shape in steps of the finest quantizer when sending, None when receiving.
    levels
        Of importance.

    Attributes
    ----------
    done
        Passes that are complete.
    error
        When sending, squared error of what is known so far, in steps squared.
    """

    def __init__(
        self,
        tables: Tables,
        classes: NDArray[np.uint8],
        residuals: NDArray[np.float32] | None = None,
        levels: int = 1,
    ) -> None:
        self._tables, self._schedule = tables, tables.schedule(levels)
        self._order, self._bounds = _by_class(classes.ravel())
        size = len(self._order)
        self._levels = np.zeros(size, np.int16)
        self._depths = np.full(size, _ZERO_DEPTH, np.uint8)
        self.done, self.error = 0, 0.0
        self._exact: NDArray[np.float32] | None = None
        if residuals is not None:
            self._exact = residuals.reshape(-1)[self._order]
            self._sent = self._rounded(self._exact)
            self.error = sum(
                float(np.square(self._exact[begin:end]).sum(dtype=np.float64))
                for begin, end in pairwise(self._bounds)
            )

    def _rounded(self, exact: NDArray[np.float32]) -> NDArray[np.int16]:
        """The integers that the stream stands for; a class's highest plane bounds them."""
        rounded = np.empty(len(exact), np.int16)
        for group, (begin, end) in enumerate(pairwise(self._bounds)):
            most = (2 << int(self._tables.top[group % CLASSES])) - 1
            rounded[begin:end] = np.clip(np.rint(exact[begin:end]), -most, most)
        return rounded

    @property
    def finished(self) -> bool:
        """Whether all passes are complete."""
        return self.done == len(self._schedule)

    def code_pass(self, coder: BitCoder) -> bool:
        """Send or receive the next pass; False if it was received in part."""
        plane, group, kind = (int(n) for n in self._schedule[self.done])
        window = slice(self._bounds[group], self._bounds[group + 1])
        number = group % CLASSES
        code = self._code_zeros if kind == ZERO else self._code_refinements
        whole = window.start == window.stop or code(coder, plane, number, window)
        self.done += whole
        return whole

    def _code_zeros(self, coder: BitCoder, plane: int, number: int, window: slice) -> bool:
        where = window.start + np.flatnonzero(self._levels[window] == 0)
        symbols = None
        if self._exact is not None:
            values = self._sent[where]
            found = np.abs(values) >> plane != 0
            symbols = np.where(found, np.where(values > 0, 1, 2), 0).astype(np.int32)
        sign = int(self._tables.signs[plane, number])
        symbols = coder.draw(symbols, len(where), (FINE_TOTAL - 2 * sign, sign, sign))
        hits = np.flatnonzero(symbols)
        levels = np.where(symbols[hits] == 1, 1, -1).astype(np.int16) << plane
        self._learn(number, where[hits], levels, plane)
        return len(symbols) == len(where)

    def _code_refinements(self, coder: BitCoder, plane: int, number: int, window: slice) -> bool:
        where = window.start + np.flatnonzero(self._depths[window] == plane + 1)
        known = self._levels[where]
        ones = self._tables.ones[plane, number]
        chances = ones[np.minimum(np.abs(known) >> (plane + 1), len(ones) - 1)]
        bits = None
        if self._exact is not None:
            bits = (np.abs(self._sent[where]) >> plane & 1).astype(np.uint8)
        bits = coder.some(bits, chances)
        where, known = where[: len(bits)], known[: len(bits)]
        self._learn(number, where, known + np.sign(known) * (bits.astype(np.int16) << plane), plane)
        return len(bits) == len(chances)

    def _learn(self, number: int, where: NDArray[np.intp], levels: NDArray[np.int16], plane: int) -> None:
        """Note what is now known of some residuals of a class."""
        if self._exact is not None:
            exact = self._exact[where]
            first = not len(where) or self._levels[where[0]] == 0
            before = np.float32(0) if first else self._values(number, where)
        self._levels[where] = levels
        self._depths[where] = plane
        if self._exact is not None:
            after = self._values(number, where)
            gain = (after - before) * (2 * exact - after - before)
            self.error -= float(gain.sum(dtype=np.float64))

    def add_to(self, means: NDArray[np.float32]) -> None:
        """Add to predictions, of the shape of the classes, what is known of the residuals."""
        flat = means.reshape(-1)
        for group, (begin, end) in enumerate(pairwise(self._bounds)):
            where = begin + np.flatnonzero(self._levels[begin:end])
            flat[self._order[where]] += self._values(group % CLASSES, where)

    def _values(self, number: int, where: NDArray[np.intp]) -> NDArray[np.float32]:
        """Conditional means of residuals of one class that are known not to be zero."""
        levels, depths = self._levels[where], self._depths[where]
        sizes = np.abs(levels)
        table = self._tables.means[:, number]
        rest = table[depths, np.minimum(sizes >> depths, table.shape[1] - 1)]
        values: NDArray[np.float32] = np.sign(levels) * (sizes + rest * np.float32(2.0**-MEAN_BITS))
        return values


def _by_class(classes: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], list[int]]:
    """Positions in the order of their classes, and where each class begins; a stable counting sort."""
    # In chunks: an int64 order of a whole large picture would be the largest array of all.
    chunks = [
        (begin, np.argsort(part, kind="stable").astype(np.uint32), np.bincount(part, minlength=NOT_CODED + 1))
        for begin in range(0, len(classes), _CHUNK)
        for part in [classes[begin : begin + _CHUNK]]
    ]
    if len(chunks) == 1:
        _, order, counts = chunks[0]
        return order[: counts[:_GROUPS].sum()], [0, *np.cumsum(counts[:_GROUPS]).tolist()]
    borders = [np.concatenate([[0], np.cumsum(counts)]) for _, _, counts in chunks]
    totals = np.sum([counts for _, _, counts in chunks], 0)[:_GROUPS]
    whole = np.empty(totals.sum(), np.uint32)
    at = 0
    for number in range(_GROUPS):
        for (begin, order, _), border in zip(chunks, borders, strict=True):
            piece = order[border[number] : border[number + 1]]
            whole[at : at + len(piece)] = piece + np.uint32(begin)
            at += len(piece)
    return whole, [0, *np.cumsum(totals).tolist()]
