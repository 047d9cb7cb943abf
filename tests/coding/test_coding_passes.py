from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.coding.passes import INTERLEAVED, neighbor_view, pass_view

sides = st.integers(1, 12)


@given(sides, sides)
def test_passes_are_a_partition_of_the_grid(height: int, width: int) -> None:
    seen = np.zeros((height, width), np.int64)
    for offset in INTERLEAVED:
        pass_view(seen, offset)[...] += 1
    assert (seen == 1).all()


def test_order_of_passes() -> None:
    grid = np.zeros((2, 4), np.int64)
    for number, offset in enumerate(INTERLEAVED):
        pass_view(grid, offset)[...] = number
    assert grid.tolist() == [[0, 2, 0, 2], [3, 1, 3, 1]]


@given(sides, sides, st.sampled_from(INTERLEAVED), st.integers(-1, 1), st.integers(-1, 1))
def test_neighbors_are_where_they_should_be(
    height: int, width: int, offset: tuple[int, int], down: int, right: int
) -> None:
    padded = np.arange((height + 2) * (width + 2)).reshape(height + 2, width + 2)
    found = neighbor_view(padded, offset, (down, right))
    cells = [
        [padded[y + 1 + down, x + 1 + right] for x in range(offset[1], width, 2)]
        for y in range(offset[0], height, 2)
    ]
    assert found.shape == pass_view(np.zeros((height, width)), offset).shape
    assert found.tolist() == cells or found.size == 0


@pytest.mark.parametrize("offset", INTERLEAVED)
def test_one_cell_belongs_to_the_first_pass(offset: tuple[int, int]) -> None:
    assert pass_view(np.zeros((1, 1, 8)), offset).size == (8 if offset == (0, 0) else 0)


def test_views_write_through() -> None:
    padded = np.zeros((5, 5, 2), np.int8)
    neighbor_view(padded, (1, 1), (0, 0))[...] = 7
    assert padded[2, 2].tolist() == [7, 7]
    assert padded.sum() == 14
