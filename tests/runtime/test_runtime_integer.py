"""Layers of integers against sums in plain int64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nacre.runtime.integer import EXACT, IntegerLayer, activate, shuffle

Ints = NDArray[np.int64]
MOST = 2**15 - 1


def plainly(layer: IntegerLayer, x: Ints) -> Ints:
    """Every sum by itself, in int64 and with a shift that rounds down."""
    out, _, side, _ = layer.weights.shape
    _, height, width = x.shape
    reach = side // 2
    found = np.zeros((out, height, width), np.int64)
    for row in range(height):
        for column in range(width):
            total = layer.bias.astype(np.int64)
            for i in range(side):
                for j in range(side):
                    y, z = row + i - reach, column + j - reach
                    if 0 <= y < height and 0 <= z < width:
                        total = total + layer.weights[:, :, i, j].astype(np.int64) @ x[:, y, z]
            found[:, row, column] = (total + (1 << layer.shift >> 1)) >> layer.shift
    return found


@st.composite
def layers(draw: st.DrawFn) -> tuple[IntegerLayer, Ints]:
    generator = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    out, entries = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    side, shift = draw(st.sampled_from([1, 3, 5])), draw(st.integers(0, 12))
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    if draw(st.booleans()):
        weights = generator.choice([-128, -127, -1, 0, 1, 127], (out, entries, side, side))
        x = generator.choice([-MOST, 0, MOST], (entries, height, width))
    else:
        weights = generator.integers(-128, 128, (out, entries, side, side))
        x = generator.integers(-MOST, MOST + 1, (entries, height, width))
    bias = generator.integers(-(1 << draw(st.integers(0, 40))), 1 << 40, out)
    return IntegerLayer(weights.astype(np.int8), bias, shift), x


@settings(max_examples=100)
@given(layers())
def test_a_layer_is_its_sums_in_integers(case: tuple[IntegerLayer, Ints]) -> None:
    layer, x = case
    found = layer(x.astype(np.float64))
    assert found.dtype == np.float64
    assert np.array_equal(found, plainly(layer, x))


@settings(max_examples=60)
@given(layers())
def test_no_sum_is_beyond_the_bound(case: tuple[IntegerLayer, Ints]) -> None:
    layer, x = case
    sums = IntegerLayer(layer.weights, layer.bias, 0)
    most = int(np.abs(x).max())
    assert np.abs(plainly(sums, x)).max() + (1 << layer.shift >> 1) <= layer.bound(most) < EXACT


def test_the_bound_is_met() -> None:
    weights = np.array([[[[5]], [[-7]]], [[[1]], [[2]]]], np.int8)
    layer = IntegerLayer(weights, np.array([100, -900]), 3)
    assert layer.bound(10) == max(12 * 10 + 100, 3 * 10 + 900) + 8
    # -128 has a magnitude that int8 does not hold.
    assert IntegerLayer(np.full((1, 1, 1, 1), -128, np.int8), np.zeros(1, np.int64), 0).bound(1) == 129


@pytest.mark.parametrize(
    ("total", "rounded"), [(-13, -3), (-12, -3), (-11, -3), (-10, -2), (-6, -1), (-2, 0)]
)
def test_halves_are_rounded_up(total: int, rounded: int) -> None:
    layer = IntegerLayer(np.ones((1, 1, 1, 1), np.int8), np.zeros(1, np.int64), 2)
    assert layer(np.full((1, 1, 1), float(total))).item() == rounded
    assert layer(np.full((1, 1, 1), float(-total))).item() == (-total + 2) // 4


def test_sums_are_exact_up_to_the_stated_limit() -> None:
    # An odd total just below 2^53, which half a unit more would round away.
    x = np.full((9, 1, 1), float(MOST))
    weights = np.full((1, 9, 1, 1), 127, np.int8)
    bias = np.array([EXACT - 1 - 9 * 127 * MOST])
    assert IntegerLayer(weights, bias, 0)(x).item() == EXACT - 1


def test_a_layer_leaves_its_input_alone() -> None:
    x = np.arange(12.0).reshape(3, 2, 2)
    before = x.copy()
    layer = IntegerLayer(np.ones((2, 3, 3, 3), np.int8), np.zeros(2, np.int64), 1)
    assert np.array_equal(layer(x), layer(x))
    assert np.array_equal(x, before)


def test_activation_clips_in_place() -> None:
    x = np.array([-5.0, 0.0, 3.0, 9.0])
    assert activate(x, 4) is x
    assert x.tolist() == [0, 0, 3, 4]


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_shuffle_puts_four_channels_into_squares(channels: int, height: int, width: int) -> None:
    x = np.arange(4 * channels * height * width, dtype=np.float64).reshape(4 * channels, height, width)
    found = shuffle(x)
    assert found.shape == (channels, 2 * height, 2 * width)
    for c, y, z in np.ndindex(found.shape):
        assert found[c, y, z] == x[4 * c + 2 * (y % 2) + z % 2, y // 2, z // 2]
