"""The entropy model of binary codes, one symbol after the other in plain Python integers.

Written from `container/SPEC.md` and the description of `tables`, and it shares nothing with the codec but the
shipped tables.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

PASSES = ((0, 0), (1, 1), (0, 1), (1, 0))
HERE = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
BEFORE = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0))

Grid = dict[tuple[int, int, int], int]
"""Known codes by (row, column, channel); what is missing votes 0."""


class Counts:
    """Zeros and ones of every context."""

    def __init__(self, priors: Any) -> None:
        self.pairs = {
            (c, level): [int(zeros), int(ones)]
            for c, levels in enumerate(priors)
            for level, (zeros, ones) in enumerate(levels)
        }

    def probability(self, context: tuple[int, int]) -> int:
        zeros, ones = self.pairs[context]
        return min(max(65536 * ones // (zeros + ones), 64), 65472)

    def learn(self, call: list[tuple[tuple[int, int], int]]) -> None:
        for context, bit in call:
            self.pairs[context][bit] += 1
        for pair in self.pairs.values():
            while sum(pair) > 4096:
                pair[:] = [(pair[0] + 1) // 2, (pair[1] + 1) // 2]


def symbols(codes: Any, tables: Any, active: Any = None) -> Iterator[list[tuple[int, int]]]:
    """Calls of (probability of a 1 out of 65536, bit), two a pass where there are more than 8 channels.

    Parameters
    ----------
    codes
        (T, H, W, C) in {-1, +1}.
    tables
        As shipped, None for codes sent as they are.
    active
        (T, H, W): the cells that have codes, None for all. The others of `codes` are 0.
    """
    iterations, height, width, channels = codes.shape
    halves = [range(channels)]
    if channels > 8:
        halves = [range(channels // 2), range(channels // 2, channels)]
    before: Grid = {}
    for t in range(iterations):
        now: Grid = {}
        counts = None if tables is None else Counts(tables.priors[t].tolist())
        for number, (top, left) in enumerate(PASSES):
            cells = [
                (y, x)
                for y in range(top, height, 2)
                for x in range(left, width, 2)
                if active is None or active[t, y, x]
            ]
            for half in halves:
                call, learned = [], []
                for y, x in cells:
                    for c in half:
                        bit = int(codes[t, y, x, c] > 0)
                        if counts is None:
                            call.append((32768, bit))
                            continue
                        context = c, level(tables, t, number, now, before, (y, x, c))
                        call.append((counts.probability(context), bit))
                        learned.append((context, bit))
                yield call
                if counts is not None:
                    counts.learn(learned)
                now |= {(y, x, c): int(codes[t, y, x, c]) for y, x in cells for c in half}
        before = now


def level(tables: Any, t: int, number: int, now: Grid, before: Grid, place: tuple[int, int, int]) -> int:
    """The vote of the known neighbors, as one of 15 levels."""
    y, x, c = place
    channels = tables.biases.shape[2]
    voters = [now.get((y + down, x + right, c), 0) for down, right in HERE]
    voters += [before.get((y + down, x + right, c), 0) for down, right in BEFORE]
    for partner in tables.partners[t, c].tolist():
        grid = before if partner < channels else now
        voters.append(grid.get((y, x, partner % channels), 0))
    vote = int(tables.biases[t, number, c])
    vote += sum(w * v for w, v in zip(tables.weights[t, number, c].tolist(), voters, strict=True))
    return bisect_right(tables.thresholds.tolist(), vote)
