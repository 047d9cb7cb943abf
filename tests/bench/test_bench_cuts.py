from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from photograph import photograph

from nacre import api
from nacre.bench.cuts import RATES, at_rates, spread
from nacre.bench.measure import measure
from nacre.bench.registry import open_codec


def test_cuts_are_at_given_rates(tiny_weights: Path) -> None:
    made = api.compress(photograph(0, 48, 64), codec="progressive")
    cuts = at_rates(made)
    assert [label for label, _ in cuts] == [*(f"{bpp:g} bpp" for bpp in RATES), "whole file"]
    assert all(a <= b for (_, a), (_, b) in pairwise(cuts))
    assert cuts[0][1] == made.layers[0].file_bytes, "no cut holds less than a picture"
    sizes = dict(cuts)
    assert sizes["0.25 bpp"] == 48 * 64 // 32
    assert sizes["whole file"] == len(made.data)


def test_the_curve_of_a_codec_without_iterations_is_cut_at_rates(tiny_weights: Path) -> None:
    pixels = photograph(0, 96, 128)
    codec = open_codec("progressive")
    points = list(codec.points(pixels))
    assert "cut at given rates" in codec.description
    whole = points[-1].data
    assert whole == codec.repeat(pixels, points[3].setting)
    assert all(whole.startswith(point.data) and point.size == len(point.data) for point in points)
    rows = measure(codec, pixels)
    assert [row.bytes for row in rows] == [point.size for point in points]
    assert rows[-1].psnr == max(row.psnr for row in rows)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_borders_are_spread_by_their_ratios(count: int) -> None:
    borders = [700, 701, 702, 703, *range(1000, 100_000, 37)]
    chosen = spread(borders, count)
    assert len(chosen) == len(set(chosen)) == count
    assert chosen == sorted(chosen)
    assert set(chosen) <= set(borders)
    assert (chosen[0], chosen[-1]) == (borders[0], borders[-1])
    if count == 5:
        assert max(b / a for a, b in pairwise(chosen)) < 4.1


def test_few_borders_are_all_taken() -> None:
    assert spread([1, 5, 9], 40) == [1, 5, 9]
