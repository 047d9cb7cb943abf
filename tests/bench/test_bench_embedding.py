from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from photograph import photograph
from PIL import Image

from nacre.bench import embedding
from nacre.bench.curves import Curve
from nacre.bench.direct import Cells, magnitudes, quantize
from nacre.bench.embedding import EmbeddingCost, within
from nacre.codecs.progressive.tables import MEAN_BITS, Tables, deviation, load_tables
from nacre.coding.stream import FINE_TOTAL
from nacre.runtime.weights import find_weights


@pytest.fixture
def tables(tiny_weights: Path) -> Tables:
    return load_tables(find_weights("progressive"))


@pytest.mark.parametrize("number", [10, 24, 40])
def test_the_distribution_is_that_of_the_tables(number: int, tables: Tables) -> None:
    """Zero passes down to plane 0 say how likely the finest uniform cell 0 is."""
    finest = magnitudes(tables, number)
    assert len(finest) == 2 << int(tables.top[number])
    assert finest.sum() == pytest.approx(1)
    stay = 1.0
    for plane in range(int(tables.top[number]), -1, -1):
        stay *= 1 - 2 * int(tables.signs[plane, number]) / FINE_TOTAL
    cells = Cells.of(finest, deviation(number), 1.0, 3, offset=0.5)
    assert 2 ** -cells.bits[0] == pytest.approx(stay, abs=1e-5)
    assert 2 * 2 ** -cells.bits[1:] == pytest.approx(finest[1:3])
    assert cells.means[1] == pytest.approx(1 + tables.means[0, number, 1] / 2**MEAN_BITS, abs=0.06)
    # A quantizer twice as wide has cells of two.
    double = Cells.of(finest, deviation(number), 2.0, 3, offset=0.25)
    assert 2 * 2.0 ** -double.bits[1] == pytest.approx(finest[2:4].sum(), rel=1e-6)


@pytest.mark.parametrize("number", [0, 18, 48])
def test_cells_are_all_there_is(number: int, tables: Tables) -> None:
    finest, sigma = magnitudes(tables, number), deviation(number)
    cells = Cells.of(finest, sigma, 0.7, 2000)
    chances = 2.0**-cells.bits
    assert chances[0] + 2 * chances[1:].sum() == pytest.approx(1)
    edges = (np.arange(2001) - 0.35) * 0.7
    assert np.all((cells.means[1:] >= edges[1:-1]) & (cells.means[1:] <= edges[2:]))
    variance = (finest * np.arange(len(finest)) ** 2).sum() + 1 / 12
    # Knowing cells takes away most of the variance, never more than all.
    explained = 2 * (chances[1:] * cells.means[1:] ** 2).sum()
    assert explained < 1.01 * variance
    assert sigma <= 1 or explained > 0.9 * variance


def test_a_dead_zone_is_counted_and_shown(tables: Tables) -> None:
    residuals = np.array([0.0, 2.5, -2.7, 9.0, 5.0], np.float32)
    classes = np.array([30, 30, 30, 30, 255], np.uint8)
    shown, bits = quantize(residuals, classes, tables, 4.0)
    cells = Cells.of(magnitudes(tables, 30), deviation(30), 4.0, 4)
    assert shown.tolist() == pytest.approx([0, 0, -cells.means[1], cells.means[2], 0])
    assert bits == pytest.approx(2 * cells.bits[0] + cells.bits[1] + cells.bits[2])
    assert math.isfinite(quantize(residuals * 1000, classes * 0, tables, 0.5)[1])


def test_the_cost_of_a_picture(tiny_weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "wave.png"
    Image.fromarray(photograph(1, 256, 256)).save(path)
    row = embedding.measure(path, codec="progressive", threads=1)
    direct = row["direct"]
    assert direct["bpp"] == sorted(direct["bpp"], reverse=True), "coarser steps take fewer bits"
    assert direct["psnr"][0] > direct["psnr"][-1]
    found = EmbeddingCost([row | {"picture": "wave.png"}])
    delta = found.delta.per_picture["wave.png"]
    assert -10 < delta.value < 15
    assert "0.1–1.3 bpp" in found.bars()[0].what


def test_the_range_is_cut_out_of_a_curve() -> None:
    curve = Curve.of([0.05, 0.2, 0.5, 2.0], [20, 25, 30, 35])
    part = within(curve)
    assert part is not None
    assert 10 ** part.rate[[0, -1]] == pytest.approx([0.1, 1.3])
    assert part.quality_at(0.2) == pytest.approx(25)
    assert part.quality[0] == pytest.approx(curve.quality_at(0.1))
    assert within(Curve.of([2, 3, 4], [20, 25, 30])) is None


def test_small_pictures_give_no_number() -> None:
    row = {
        "picture": "p",
        "direct": {"bpp": [1.0], "psnr": [30.0]},
        "embedded": {"bpp": [1.0], "psnr": [30.0]},
    }
    found = EmbeddingCost([row])
    assert found.bars()[0].met is None
    assert "| excess (%) | – |" in found.section()[-1]
