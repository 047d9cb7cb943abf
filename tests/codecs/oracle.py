"""The entropy model of binary codes, one symbol after the other in plain Python integers.

Written from `container/SPEC.md`, and it shares nothing with the codec but the shipped integers.
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
    earlier: Grid = {}
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
                        if hasattr(tables, "network"):
                            context = c, level_of_mix(tables, t, number, (now, before, earlier), (y, x, c))
                        else:
                            context = c, level(tables, t, number, now, before, (y, x, c))
                        call.append((counts.probability(context), bit))
                        learned.append((context, bit))
                yield call
                if counts is not None:
                    counts.learn(learned)
                now |= {(y, x, c): int(codes[t, y, x, c]) for y, x in cells for c in half}
        earlier, before = before, now


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


def level_of_mix(
    mix: Any, t: int, number: int, grids: tuple[Grid, Grid, Grid], place: tuple[int, int, int]
) -> int:
    """The vote of the network on all that is known around a cell, as a level."""
    y, x, c = place
    now, before, earlier = grids
    channels = mix.last_bias.shape[2]
    half, output = divmod(c, mix.last.shape[-1])
    around = [(y + down, x + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    seen = [grid.get((*cell, q), 0) for grid in (now, before) for cell in around for q in range(channels)]
    seen += [earlier.get((y, x, q), 0) for q in range(channels)]
    which = int(mix.network[t]), number, half
    first, last = mix.first[which].tolist(), mix.last[which].tolist()
    total = int(mix.last_bias[t, number, c])
    for h, bias in enumerate(mix.first_bias[which].tolist()):
        value = bias + sum(code * weights[h] for code, weights in zip(seen, first, strict=True) if code)
        total += min(max(value, 0), 1023) * last[h][output]
    return bisect_right(mix.thresholds.tolist(), total // 128)
