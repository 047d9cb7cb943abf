"""Probabilities of `progressive`: of noisy latents in training, and of bit planes in tables."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import torch

from nacre.codecs.progressive.tables import CLASSES, REFINE, ZERO, Tables, deviation
from nacre.coding.stream import FINE_TOTAL, TOTAL
from nacre.learn.losses.gaussian_rate import TAIL, bits, cell_mass, quantized
from nacre.learn.plane_tables import KNOWN, PLANES, Seen, make_tables

# Bits and cells in training


def density(x: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian, and a little of a Laplacian of three times its deviation."""
    width = 3 * sigma / math.sqrt(2)
    gauss = np.exp(-np.square(x / sigma) / 2) / (sigma * math.sqrt(2 * math.pi))
    return (1 - TAIL) * gauss + TAIL * np.exp(-np.abs(x) / width) / (2 * width)


@pytest.mark.parametrize("sigma", [0.2, 1.0, 7.0])
@pytest.mark.parametrize("step", [0.5, 2.0])
@pytest.mark.parametrize("away", [0.0, 0.3, 1.7, 5.0])
def test_bits_are_those_of_the_interval(sigma: float, step: float, away: float) -> None:
    value = 3.0 + away * max(sigma, step / 2)
    x = np.linspace(value - step / 2, value + step / 2, 200_001) - 3.0
    mass = float(np.mean(density(x, sigma))) * step
    given = [torch.tensor(v, dtype=torch.float64) for v in (value, 3.0, sigma, step)]
    found = float(bits(*given))
    # An interval around the mean counts one side of the Laplacian only, which is next to nothing of it.
    assert found == pytest.approx(-math.log2(mass + 1e-9), abs=3e-3)
    mirrored = float(bits(torch.tensor(6.0 - value, dtype=torch.float64), *given[1:]))
    assert mirrored == pytest.approx(found)


def test_bits_far_out_are_finite() -> None:
    value = torch.tensor(1e4, requires_grad=True)
    found = bits(value, torch.tensor(0.0), torch.tensor(0.125), torch.tensor(1.0))
    found.backward()
    assert 20 < float(found.detach()) < 40
    assert value.grad is not None
    assert torch.isfinite(value.grad)


@pytest.mark.parametrize("zero", [0.5, 0.65, 1.0])
@pytest.mark.parametrize("sigma", [0.3, 1.0, 6.0])
def test_masses_of_cells_sum_to_one(zero: float, sigma: float) -> None:
    level = torch.arange(0, 12 + int(8 * sigma)).double()
    mass = cell_mass(level, torch.tensor(sigma).double(), torch.tensor(zero).double())
    assert float(mass[0] + 2 * mass[1:].sum()) == pytest.approx(1, abs=1e-5)
    assert (mass > 0).all()


@pytest.mark.parametrize("zero", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("sigma", [0.6, 2.0, 9.0])
def test_what_is_shown_is_the_mean_of_the_cell(zero: float, sigma: float) -> None:
    step, mean = 1.5, -0.4
    # None of these lies on the border of two cells.
    values = torch.linspace(-4.01 * sigma, 3.97 * sigma, 89, dtype=torch.float64) + mean
    tensors = [torch.tensor(v, dtype=torch.float64) for v in (mean, sigma, step, zero)]
    found = quantized(values, *tensors)
    for value, shown in zip(values.tolist(), found.tolist(), strict=True):
        distance = abs(value - mean) / step
        level = max(0, math.floor(distance + 1 - zero))
        if level == 0:
            assert shown == mean
            continue
        near, far = (level - 1 + zero) * step, (level + zero) * step
        x = np.linspace(near, far, 20_001)
        weight = np.exp(-np.square(x / sigma) / 2)
        if weight.max() / (sigma * math.sqrt(2 * math.pi)) * step < 1e-5:
            continue
        expected = mean + math.copysign((x * weight).sum() / weight.sum(), value - mean)
        assert shown == pytest.approx(expected, abs=2e-3 * step)
        assert near - 1e-9 <= abs(shown - mean) <= far + 1e-9


def test_what_is_shown_far_out_stays_near() -> None:
    values = torch.tensor([50.0, -300.0, 8.0])
    found = quantized(values, torch.zeros(3), torch.full((3,), 0.3), torch.ones(3), torch.full((3,), 0.7))
    assert ((found - values).abs() <= 1).all()


# Tables of the embedded stream


@cache
def made() -> Tables:
    return make_tables()


def above(number: int, edge: float) -> float:
    """Chance that a residual of a class is rounded to a magnitude of at least `edge`."""
    sigma = deviation(number)
    width = max(3 * sigma, 0.35) / math.sqrt(2)
    least = edge - 0.5
    return (1 - TAIL) * math.erfc(least / (sigma * math.sqrt(2))) + TAIL * math.exp(-least / width)


def test_shapes_and_types() -> None:
    tables = made()
    for array, shape, kind in (
        (tables.signs, (PLANES, CLASSES), np.int32),
        (tables.ones, (PLANES, CLASSES, KNOWN), np.int32),
        (tables.means, (PLANES, CLASSES, KNOWN), np.int32),
        (tables.top, (CLASSES,), np.uint8),
        (tables.order, (len(tables.order), 3), np.uint8),
        (tables.slopes, (len(tables.order),), np.int16),
    ):
        assert (array.shape, array.dtype) == (shape, kind)


def test_no_pass_comes_before_what_it_needs() -> None:
    tables = made()
    place = {tuple(entry): i for i, entry in enumerate(tables.order.tolist())}
    assert len(place) == len(tables.order) == sum(2 * int(top) + 1 for top in tables.top)
    for (plane, number, kind), i in place.items():
        top = int(tables.top[number])
        needed = [(plane + 1, number, ZERO)] if plane < top else []
        if kind == REFINE:
            assert plane < top
            needed += [(plane + 1, number, REFINE)] if plane + 1 < top else []
        assert all(place[entry] < i for entry in needed)
    assert (np.diff(tables.slopes.astype(int)) <= 0).all()


def test_no_pass_sinks_to_the_end() -> None:
    # Passes of vanishing probability have no slope of their own, and the first planes of wide classes come
    # first of all.
    tables = made()
    place = {tuple(entry): i for i, entry in enumerate(tables.order.tolist())}
    last = len(place)
    for number, top in enumerate(tables.top.tolist()):
        for plane in range(3, top):
            assert place[plane, number, REFINE] < 0.9 * last
    assert tables.order[0, 1] > 60
    assert (tables.order[-20:, 0] <= 1).all()


def test_higher_classes_reach_higher_planes() -> None:
    tables = made()
    assert (np.diff(tables.top.astype(int)) >= 0).all()
    for number, top in enumerate(tables.top.tolist()):
        assert top == 0 or above(number, 2**top) > 2.0**-22
        if top + 1 < PLANES:
            assert above(number, 2 ** (top + 1)) <= 2.0**-22


def test_weights_of_signs_are_chances() -> None:
    tables = made()
    for number, top in enumerate(tables.top.tolist()):
        for plane in range(top + 1):
            zero_before = 1 - above(number, 2 ** (plane + 1))
            chance = (above(number, 2**plane) - above(number, 2 ** (plane + 1))) / zero_before
            found = int(tables.signs[plane, number])
            # A residual beyond the last plane counts for nobody.
            assert found == pytest.approx(chance / 2 * FINE_TOTAL, rel=2e-3, abs=1)
    assert (tables.signs >= 1).all()
    assert (2 * tables.signs < FINE_TOTAL).all()


def test_chances_of_bits() -> None:
    tables = made()
    for number, top in enumerate(tables.top.tolist()):
        for plane in range(top):
            for known in range(1, min(KNOWN, 1 << (top - plane))):
                low, middle, high = ((2 * known + i) * 2.0**plane for i in range(3))
                whole = above(number, low) - above(number, high)
                if whole < 1e-9:
                    continue
                chance = (above(number, middle) - above(number, high)) / whole
                assert tables.ones[plane, number, known] == pytest.approx(chance * TOTAL, rel=1e-4, abs=1)
    assert tables.ones.min() >= 1
    assert tables.ones.max() < TOTAL


def test_means_lie_in_their_cells() -> None:
    tables = made()
    for number, top in enumerate(tables.top.tolist()):
        sigma = deviation(number)
        for plane in range(top + 1):
            rests = tables.means[plane, number, 1:] / 256
            assert (rests >= -0.5).all()
            assert (rests <= (1 << plane) - 0.5).all()
            # Falling densities pull the mean below the middle, but for the widest classes by little.
            first = 2.0**plane
            x = np.linspace(first - 0.5, 2 * first - 0.5, 4001)
            width = max(3 * sigma, 0.35) / math.sqrt(2)
            gauss = np.exp(-np.square(x / sigma) / 2) / (sigma * math.sqrt(2 * math.pi))
            weight = (1 - TAIL) * gauss + TAIL * np.exp(-x / width) / (2 * width)
            expected = (x * weight).sum() / weight.sum() - first
            assert rests[0] == pytest.approx(expected, abs=0.01 * first + 0.01)


# What was seen of residuals


def test_tables_follow_what_was_seen() -> None:
    generator = np.random.default_rng(3)
    number, sigma = 36, deviation(36)
    seen = Seen()
    residuals = generator.laplace(0, sigma / math.sqrt(2), (4, 250, 500)).astype(np.float32)
    for part in residuals:
        seen.add(part, np.full(part.shape, number, np.uint8))
    tables, sizes = make_tables(seen), np.rint(np.abs(residuals))
    for plane in (2, 4):
        unknown = sizes < 2 << plane
        chance = (sizes[unknown] >= 1 << plane).mean()
        assert 2 * tables.signs[plane, number] / FINE_TOTAL == pytest.approx(chance, rel=0.02)
        assert abs(2 * made().signs[plane, number] / FINE_TOTAL - chance) > 0.1 * chance
        found = np.abs(residuals)[(sizes >= 1 << plane) & unknown]
        assert tables.means[plane, number, 1] / 256 == pytest.approx(found.mean() - (1 << plane), rel=0.02)
    others = np.arange(CLASSES) != number
    assert np.array_equal(tables.signs[:, others], made().signs[:, others])


def test_a_few_residuals_change_little() -> None:
    seen = Seen()
    seen.add(np.full(5, 1.0), np.full(5, 18, np.uint8))
    ratio = make_tables(seen).signs[0, 18] / made().signs[0, 18]
    assert 1 < ratio < 1.03
