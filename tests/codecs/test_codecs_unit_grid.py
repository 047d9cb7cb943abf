"""Where units and their codes lie, and from which pass on a partial iteration is shown."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.codecs.recurrent.floors import least_passes
from nacre.codecs.recurrent.stream import NEVER, PASSES
from nacre.codecs.recurrent.unit_encoding import EncodedUnits
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_shapes import UNIT_PRESETS
from nacre.coding.passes import INTERLEAVED

SIDES = st.sampled_from([(8, 1), (32, 4), (32, 8)])
LENGTHS = st.integers(1, 100)


@settings(max_examples=40)
@given(LENGTHS, LENGTHS, SIDES)
def test_units_are_windows_of_the_padded_picture(height: int, width: int, side: tuple[int, int]) -> None:
    grid = UnitGrid(height, width, *side)
    assert (grid.rows, grid.columns) == (-(-height // side[0]), -(-width // side[0]))
    pixels = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    units = grid.cut(pixels)
    assert units.shape == (grid.rows, grid.columns, side[0], side[0], 3)
    joined = units.swapaxes(1, 2).reshape(grid.rows * side[0], grid.columns * side[0], 3)
    assert np.array_equal(joined[:height, :width], pixels)
    assert np.array_equal(grid.units(joined), units)
    # What is filled through the view of units is the picture.
    blank = np.zeros_like(joined)
    grid.units(blank)[...] = units
    assert np.array_equal(blank, joined)
    # Only the picture itself counts.
    assert grid.visible.sum() == height * width
    assert np.array_equal(units[grid.visible].sum(0), pixels.sum((0, 1)))


@settings(max_examples=40)
@given(LENGTHS, LENGTHS, SIDES, st.integers(1, 3))
def test_codes_of_units_and_of_the_grid(
    height: int, width: int, side: tuple[int, int], iterations: int
) -> None:
    grid, k = UnitGrid(height, width, *side), side[1]
    shape = (iterations, *grid.code_shape, 2)
    assert grid.code_shape == (grid.rows * k, grid.columns * k)
    codes = np.arange(np.prod(shape)).reshape(shape)
    units = grid.unit_codes(codes)  # type: ignore[arg-type]
    assert units.shape == (iterations, grid.count, k, k, 2)
    assert np.array_equal(grid.grid_codes(units), codes)
    for unit in {0, grid.count // 2, grid.count - 1}:
        row, column = divmod(unit, grid.columns)
        window = codes[:, row * k : (row + 1) * k, column * k : (column + 1) * k]
        assert np.array_equal(units[:, unit], window)


@settings(max_examples=40)
@given(LENGTHS, LENGTHS, SIDES)
def test_a_unit_is_complete_with_the_last_of_its_locations(
    height: int, width: int, side: tuple[int, int]
) -> None:
    grid, k = UnitGrid(height, width, *side), side[1]
    for unit in range(grid.count):
        row, column = divmod(unit, grid.columns)
        numbers = {
            INTERLEAVED.index(((row * k + y) % 2, (column * k + x) % 2)) + 1
            for y in range(k)
            for x in range(k)
        }
        assert grid.complete_after[unit] == max(numbers)
    assert grid.partial == tuple(sorted(set(grid.complete_after.tolist()) - {4}))


def test_patches_are_complete_pass_by_pass_and_tiles_with_the_last() -> None:
    assert UnitGrid(16, 24, 8, 1).complete_after.tolist() == [1, 3, 1, 4, 2, 4]
    assert UnitGrid(16, 24, 8, 1).partial == (1, 2, 3)
    assert UnitGrid(1, 24, 8, 1).partial == (1, 3)
    assert UnitGrid(100, 100, 32, 4).partial == ()


def test_shapes_of_the_five() -> None:
    found = {
        name: (s.side, s.locations, s.bits, s.unit_bits, s.memory, s.connected, s.most_iterations)
        for name, presets in UNIT_PRESETS.items()
        for s in (presets["slim"],)
    }
    assert found == {
        "residual-fc": (8, 1, 4, 4, False, True, 16),
        "lstm-fc": (8, 1, 4, 4, True, True, 16),
        "residual-conv": (32, 4, 8, 128, False, False, 16),
        "lstm-conv": (32, 4, 8, 128, True, False, 16),
        "static-conv": (32, 8, 8, 512, False, False, 1),
    }


def test_errors_of_partial_iterations_are_those_of_the_units_that_are_complete() -> None:
    grid = UnitGrid(16, 24, 8, 1)
    errors = np.random.default_rng(0).uniform(0, 100, (4, 6))
    counts = np.array([3, 1, 2, 3, 3, 1])
    encoded = EncodedUnits(grid, np.zeros((3, 2, 3, 4), np.int8), errors)
    found = encoded.picture_errors(counts)
    for t, by_passes in enumerate(found, 1):
        assert by_passes.keys() == {1, 2, 3, 4}
        for k, error in by_passes.items():
            stands = [
                min(n, t if done <= k else t - 1) for n, done in zip(counts, [1, 3, 1, 4, 2, 4], strict=True)
            ]
            assert error == pytest.approx(sum(errors[n, u] for u, n in enumerate(stands)))


# Floors

measured = st.sampled_from([(4,), (1, 4), (1, 3, 4), (1, 2, 3, 4)])


@settings(max_examples=200)
@given(measured, st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=1, max_size=6))
def test_floors_are_the_least_with_which_quality_never_falls(
    passes: tuple[int, ...], numbers: list[list[int]]
) -> None:
    errors = [{k: float(row[k - 1]) for k in passes} for row in numbers]
    floors = least_passes(errors, PASSES)
    best = errors[0][PASSES]
    assert floors[0] == NEVER  # the opening is always shown, and nothing of it is left to be better
    for error, floor in zip(errors[1:], floors[1:], strict=True):
        good = [k for k in passes if _never_falls([best, *(error[j] for j in passes if j >= k)])]
        # Passes that bring no more units show what the one before does.
        beginnings = [k for k in good if set(range(k, PASSES + 1)) <= set(passes)]
        assert floor == min(beginnings, default=NEVER)
        best = error[PASSES] if floor < NEVER else best


def _never_falls(errors: list[float]) -> bool:
    return all(a >= b for a, b in pairwise(errors))
