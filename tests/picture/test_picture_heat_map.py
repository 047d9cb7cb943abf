from __future__ import annotations

import numpy as np

from nacre.picture.heat_map import heat_map


def test_each_patch_is_a_square_cut_at_the_edges() -> None:
    values = np.array([[0, 4, 8], [16, 16, 16]])
    image = heat_map(values, 8, 20, 11)
    assert (image.mode, image.size) == ("RGB", (20, 11))
    shown = np.asarray(image)
    for row in range(11):
        for column in range(20):
            assert np.array_equal(shown[row, column], shown[row // 8 * 8, column // 8 * 8])


def test_more_is_lighter() -> None:
    shown = np.asarray(heat_map(np.arange(257)[None], 1, 257, 1)).astype(float)
    luma = shown[0] @ [0.299, 0.587, 0.114]
    assert luma[0] < 2
    assert luma[-1] > 240
    assert np.all(np.diff(luma[::8]) > 0)


def test_nothing_spent_is_black() -> None:
    assert np.asarray(heat_map(np.zeros((1, 2), np.int64), 4, 8, 4)).max() <= 4
