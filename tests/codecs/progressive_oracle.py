"""The symbols of `progressive`, one after the other in plain Python integers.

Written from `container/SPEC.md` and the descriptions of the shipped integers; it shares nothing with the
codec but those.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from coding.python_coder import PythonDecoder

Volume = list[list[list[int]]]
"""By channel, row and column."""

NOT_CODED = 255
_TOTAL = 1 << 24


@dataclass
class Received:
    """What the bytes of a stream decide.

    Attributes
    ----------
    levels
        Known part of every residual by (channel, row, column), 0 at first.
    importance
        Of every cell, by row and column; None where all are alike.
    depths
        The plane down to which those that are not zero are known.
    passes
        That are complete.
    """

    hyper: Volume
    means: Volume
    classes: Volume
    levels: dict[tuple[int, int, int], int] = field(default_factory=dict)
    depths: dict[tuple[int, int, int], int] = field(default_factory=dict)
    importance: list[list[int]] | None = None
    passes: int = 0

    def shown(self, tables: Any) -> dict[tuple[int, int, int], Fraction]:
        """Every symbol as the decoder shows it, exactly."""
        means, found = tables.means.tolist(), {}
        for place in self.levels:
            c, y, x = place
            size, sign = abs(self.levels[place]), (self.levels[place] > 0) - (self.levels[place] < 0)
            value = Fraction(self.means[c][y][x], 16)
            if size:
                depth = self.depths[place]
                rests = means[depth][self.classes[c][y][x]]
                value += sign * (size + Fraction(rests[min(size >> depth, len(rests) - 1)], 256))
            found[place] = value
        return found


def receive(
    stream: bytes,
    tables: Any,
    network: Any,
    contexts: Any,
    flat: int,
    height: int,
    width: int,
    regions: bool = False,
) -> Received | None:
    """All that a stream without alpha decides; None if that is less than the first layer."""
    coder = PythonDecoder(stream)
    rows, columns = -(-height // 64), -(-width // 64)
    hyper = hyper_latents(coder, contexts, rows, columns)
    if hyper is None:
        return None
    means, classes = predict(network, hyper)
    leave_out(classes, flat, height, width)
    found = Received(hyper, means, classes)
    if regions:
        drawn = coder.draw(rows * columns, (5592406, 5592405, 5592405))
        if len(drawn) < rows * columns:
            return None
        found.importance = [drawn[columns * y :][:columns] for y in range(rows)]
    code_passes(coder, tables, found)
    return found


def hyper_latents(coder: PythonDecoder, contexts: Any, rows: int, columns: int) -> Volume | None:
    """Those of all channels; None if they are not all decided."""
    across, beside, biases = contexts.across.tolist(), contexts.beside.tolist(), contexts.biases.tolist()
    centers, weights = contexts.centers.tolist(), contexts.weights.tolist()
    hyper = [[[constant] * columns for _ in range(rows)] for constant in contexts.constants.tolist()]
    before: list[dict[tuple[int, int], int]] = []
    for j, z in enumerate(contexts.coded.tolist()):
        values: dict[tuple[int, int], int] = {}
        before.append(values)
        for odd in (0, 1):
            here = [(y, x) for y, x in product(range(rows), range(columns)) if (y + x) % 2 == odd]
            bases, rows_of_weights = [], []
            for y, x in here:
                sums = [biases[kind][odd][j] for kind in (0, 1)]
                for n, (down, right) in enumerate(product((-1, 0, 1), repeat=2)):
                    place = y + down, x + right
                    for i in range(j):
                        value = before[i].get(place, 0)
                        sums[0] += across[0][j][i][n] * value
                        sums[1] += across[1][j][i][n] * abs(value)
                    if odd and abs(down) + abs(right) == 1:
                        sums[0] += beside[0][j] * values.get(place, 0)
                        sums[1] += beside[1][j] * abs(values.get(place, 0))
                mean = min(max(8 * centers[j] + ((sums[0] + 64) >> 7), -256), 256)
                base = (mean + 4) // 8
                scale = min(max(((sums[1] + 512) >> 10), 0), len(weights) - 1)
                bases.append(base)
                rows_of_weights.append(weights[scale][mean - 8 * base + 4])
            symbols = coder.symbols(rows_of_weights)
            if len(symbols) < len(here):
                return None
            for (y, x), base, symbol in zip(here, bases, symbols, strict=True):
                hyper[z][y][x] = min(max(base - 64 + symbol, -32), 32)
            values |= {(y, x): hyper[z][y][x] - centers[j] for y, x in here}
    return hyper


def leave_out(classes: Volume, flat: int, height: int, width: int) -> None:
    """Positions of 16 pixels a side that hold none of the picture's are not coded, but for flat channels."""
    for plane in classes[flat:]:
        for y, x in product(range(len(plane)), range(len(plane[0]))):
            if 16 * y >= height or 16 * x >= width:
                plane[y][x] = NOT_CODED


def code_passes(coder: PythonDecoder, tables: Any, found: Received) -> None:
    """Passes as far as the bytes decide them."""
    members: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    for c, plane in enumerate(found.classes):
        for y, line in enumerate(plane):
            for x, number in enumerate(line):
                importance = found.importance[y // 4][x // 4] if found.importance else 0
                members.setdefault((number, importance), []).append((c, y, x))
                found.levels[c, y, x] = 0
    signs, ones = tables.signs.tolist(), tables.ones.tolist()
    order, slopes = tables.order.tolist(), tables.slopes.tolist()
    passes = [
        (n, importance) for n in range(len(order)) for importance in range(3 if found.importance else 1)
    ]
    if found.importance:
        passes.sort(key=lambda p: (-(slopes[p[0]] + 32 * p[1]), p[0], p[1]))
    for n, importance in passes:
        plane, number, kind = order[n]
        here = members.get((number, importance), [])
        if kind == 0:
            here = [p for p in here if found.levels[p] == 0]
            weight = signs[plane][number]
            symbols = coder.draw(len(here), (_TOTAL - 2 * weight, weight, weight))
            for place, symbol in zip(here, symbols, strict=False):
                if symbol:
                    found.levels[place] = (1 << plane) * (1 if symbol == 1 else -1)
                    found.depths[place] = plane
        else:
            here = [p for p in here if found.depths.get(p) == plane + 1]
            table = ones[plane][number]
            sizes = [abs(found.levels[p]) for p in here]
            symbols = coder.bits(table[min(s >> (plane + 1), len(table) - 1)] for s in sizes)
            for place, bit, size in zip(here, symbols, sizes, strict=False):
                sign = 1 if found.levels[place] > 0 else -1
                found.levels[place] = sign * (size + (bit << plane))
                found.depths[place] = plane
        if len(symbols) < len(here):
            return
        found.passes += 1


def predict(network: Any, hyper: Volume) -> tuple[Volume, Volume]:
    """Means in 1/16 steps and classes of all symbols from hyper-latents."""
    shifts = network.shifts.tolist()
    x = _squares(_layer(hyper, network.weights1.tolist(), network.bias1.tolist(), shifts[0]))
    x = _squares(_layer(_clipped(x), network.weights2.tolist(), network.bias2.tolist(), shifts[1]))
    out = _layer(_clipped(x), network.weights3.tolist(), network.bias3.tolist(), shifts[2])
    scales, begins = network.scales.tolist(), network.begins.tolist()
    channels = len(scales)
    means = [[list(line) for line in plane] for plane in out[:channels]]
    classes = [[list(line) for line in plane] for plane in out[channels:]]
    for c, y, x_ in product(range(channels), range(len(means[0])), range(len(means[0][0]))):
        # 8 places of the network's, 8 of the scale's, 4 stay.
        mean = (means[c][y][x_] * scales[c][y % 4][x_ % 4] + (1 << 11)) >> 12
        means[c][y][x_] = min(max(mean, -32767), 32767)
        number = (6 * classes[c][y][x_] + begins[c][y % 4][x_ % 4] + 128) >> 8
        classes[c][y][x_] = min(max(number, 0), 72)
    return means, classes


def _layer(x: Volume, weights: list[Volume], bias: list[int], shift: int) -> Volume:
    height, width, side = len(x[0]), len(x[0][0]), len(weights[0][0])
    reach = side // 2
    return [
        [
            [
                (total + sum(w * v for w, v in _seen(x, kernel, row - reach, column - reach)) + half) >> shift
                for column in range(width)
            ]
            for row in range(height)
        ]
        for kernel, total in zip(weights, bias, strict=True)
        for half in [1 << shift >> 1]
    ]


def _seen(x: Volume, kernel: Volume, top: int, left: int) -> Iterator[tuple[int, int]]:
    """Weights and what they meet; beyond the border there is nothing."""
    height, width = len(x[0]), len(x[0][0])
    for plane, part in zip(x, kernel, strict=True):
        for i, line in enumerate(part):
            if 0 <= top + i < height:
                row = plane[top + i]
                yield from ((w, row[left + j]) for j, w in enumerate(line) if 0 <= left + j < width)


def _clipped(x: Volume) -> Volume:
    return [[[min(max(v, 0), 32767) for v in line] for line in plane] for plane in x]


def _squares(x: Volume) -> Volume:
    """Four channels become one of twice the rows and columns."""
    height, width = len(x[0]), len(x[0][0])
    return [
        [
            [x[4 * c + 2 * (y % 2) + z % 2][y // 2][z // 2] for z in range(2 * width)]
            for y in range(2 * height)
        ]
        for c in range(len(x) // 4)
    ]
