from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.picture.tiles import OVERLAP, TileGrid

lengths = st.integers(1, 700)
sides = st.sampled_from([64, 128, 192, 320])


@given(st.integers(1, 5000), st.integers(1, 16).map(lambda n: 64 * n))
def test_spans_cover_an_axis_with_equal_overlaps(size: int, side: int) -> None:
    spans = TileGrid.make(size, 1, side, 16).rows
    assert spans[0].start == 0
    assert spans[-1].start + spans[-1].length == size
    assert all(0 < span.length <= side for span in spans)
    for span, after in pairwise(spans):
        assert span.start + span.length - after.start == OVERLAP
        assert span.start % 16 == span.length % 16 == 0
        assert span.length == spans[0].length
    # No tile shares pixels with the one after the next.
    assert all(a.start + a.length <= c.start for a, c in zip(spans, spans[2:], strict=False))
    assert len(spans) == 1 or spans[-1].length > OVERLAP


@settings(max_examples=40)
@given(lengths, lengths, sides)
def test_shares_sum_to_one(height: int, width: int, side: int) -> None:
    grid = TileGrid.make(height, width, side, 16)
    total = np.zeros((height, width))
    for row, column in grid:
        share = grid.weight(row, column)
        assert share.shape == (row.length, column.length)
        assert share.min() > 0
        total[row.start : row.start + row.length, column.start : column.start + column.length] += share
    assert np.allclose(total, 1, atol=1e-6)


@settings(max_examples=40)
@given(lengths, lengths, sides)
def test_blending_pieces_of_a_picture_gives_it_back(height: int, width: int, side: int) -> None:
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x / 3, y / 2, 255 - (x + y) / 8], -1).astype(np.float32)
    grid = TileGrid.make(height, width, side, 16)
    tiles = (picture[r.start : r.start + r.length, c.start : c.start + c.length] for r, c in grid)
    strips = list(grid.blend(tiles))
    assert np.allclose(np.concatenate(strips), picture, atol=1e-3)
    assert len(strips) == (1 if len(grid) == 1 else len(grid.rows))


def test_constant_tiles_stay_constant() -> None:
    grid = TileGrid.make(200, 300, 64, 16)
    tiles = (np.full((r.length, c.length, 1), 7, np.float32) for r, c in grid)
    assert np.allclose(np.concatenate(list(grid.blend(tiles))), 7, atol=1e-5)


def test_a_seam_fades_from_one_tile_to_the_next() -> None:
    grid = TileGrid.make(10, 90, 64, 16)
    tiles = (np.full((r.length, c.length, 1), v, np.float32) for (r, c), v in zip(grid, (0, 1), strict=True))
    row = np.concatenate(list(grid.blend(tiles)))[5, :, 0]
    start = grid.columns[1].start
    assert (row[:start] == 0).all()
    assert (row[start + OVERLAP :] == 1).all()
    assert np.allclose(row[start : start + OVERLAP], (np.arange(32) + 0.5) / 32)


def test_side_0_keeps_the_picture_whole() -> None:
    assert len(TileGrid.make(5000, 4000, 0, 16)) == 1
