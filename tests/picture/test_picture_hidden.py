"""Colors under transparent pixels."""

from __future__ import annotations

import numpy as np
import pytest

from nacre.picture.hidden import fill_hidden


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (37, 23), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_seen_stays(size: tuple[int, int], channels: int) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (*size, channels), dtype=np.uint8)
    alpha = rng.choice(np.array([0, 1, 255], np.uint8), size)
    filled = fill_hidden(pixels, alpha)
    assert filled.dtype == np.uint8
    assert np.array_equal(filled[alpha > 0], pixels[alpha > 0])


def test_hidden_colors_come_from_seen_neighbors() -> None:
    pixels = np.full((40, 60, 3), (10, 20, 30), np.uint8)
    pixels[:, 48:] = (200, 100, 50)
    alpha = np.full((40, 60), 255, np.uint8)
    hidden = np.s_[8:32, 4:24]
    alpha[hidden] = 0
    pixels[hidden] = np.random.default_rng(1).integers(0, 256, (24, 20, 3))
    filled = fill_hidden(pixels, alpha)
    assert np.array_equal(filled[hidden], np.broadcast_to(pixels[0, 0], (24, 20, 3)))


@pytest.mark.parametrize("level", [0, 7])
def test_nothing_to_fill_from_or_to_fill(level: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (9, 5, 3), dtype=np.uint8)
    assert fill_hidden(pixels, np.full((9, 5), level, np.uint8)) is pixels
