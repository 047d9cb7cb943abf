"""The float transforms at run time: padding, tiles, and the decibels that prefixes are said to have."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.drawing import shades
from nacre.codecs.progressive import transforms as module
from nacre.codecs.progressive.rates import RATE_POINTS, layers_of, qualities
from nacre.codecs.progressive.shapes import PATCH, PRESETS, STRIDE, UNIT
from nacre.codecs.progressive.transforms import Transforms, network_shape, padded, to_pixels
from nacre.runtime.weights import find_weights

pytestmark = pytest.mark.usefixtures("tiny_weights")


def run(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latents of padded levels, and the picture in blocks that other latents give."""
    transforms = Transforms(find_weights("progressive"), *levels.shape[:2], 1)
    latents = transforms.analyze(levels)
    known = np.rint(latents)
    strips = list(transforms.synthesize(known))
    return latents, np.concatenate(strips, 1)


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (65, 64), (10, 300), (128, 191)])
def test_padding_repeats_the_last_row_and_column(size: tuple[int, int]) -> None:
    levels = shades(*size)
    found = padded(levels)
    height, width, _ = found.shape
    assert (height % STRIDE, width % STRIDE) == (0, 0)
    assert height - size[0] < STRIDE
    assert width - size[1] < STRIDE
    rows, columns = (np.minimum(np.arange(n), s - 1) for n, s in zip((height, width), size, strict=True))
    assert np.array_equal(found, levels[rows][:, columns])
    assert (found is levels) == (size == (64, 64))


def test_the_record_states_the_shape() -> None:
    assert network_shape(find_weights("progressive")) == PRESETS["tiny"]


def test_shapes_of_what_comes_out() -> None:
    levels = padded(shades(70, 130))
    latents, picture = run(levels)
    assert latents.shape == (PRESETS["tiny"].channels, 128 // PATCH, 192 // PATCH)
    assert picture.shape == (48, 32, 48)
    assert latents.dtype == picture.dtype == np.float32
    hyper = Transforms(find_weights("progressive"), 128, 192, 1).hyper_latents(latents)
    assert hyper.shape == (PRESETS["tiny"].hyper_latents, 2, 3)
    # It shows the picture that went in, as well as eight channels can.
    shown = to_pixels(picture, gray=False)
    assert shown.shape == levels.shape
    assert np.abs(shown.astype(int) - levels).mean() < 25
    # The colors of one pixel, and the gray that they make.
    colors = picture[3 * 4 + 1 :: 16, 10, 20]
    assert np.array_equal(shown[4 * 10 + 3, 4 * 20 + 1], np.clip(np.rint(colors), 0, 255))
    gray = to_pixels(picture, gray=True)
    assert gray.shape == (*levels.shape[:2], 1)
    assert gray[4 * 10 + 3, 4 * 20 + 1, 0] == np.clip(np.rint(colors.mean()), 0, 255)


@pytest.mark.parametrize("size", [(320, 448), (128, 512), (64, 192), (384, 64)])
def test_tiles_with_a_wide_halo_are_the_whole(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    levels = shades(*size, 3)
    latents, picture = run(levels)
    monkeypatch.setattr(module, "WHOLE_BELOW", 0)
    monkeypatch.setattr(module, "TILE", 128)
    # The tiny networks see no further than this.
    monkeypatch.setattr(module, "HALO", 64)
    transforms = Transforms(find_weights("progressive"), *size, 1)
    assert len(transforms._tiles) == -(-size[0] // 128) * -(-size[1] // 128)
    assert len(list(transforms.synthesize(np.rint(latents)))) == -(-size[0] // 128)
    tiled_latents, tiled_picture = run(levels)
    np.testing.assert_allclose(tiled_latents, latents, atol=2e-3)
    assert tiled_picture.shape == picture.shape
    np.testing.assert_allclose(tiled_picture, picture, atol=2e-2)


def test_tiles_without_a_halo_are_not_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that the test above can fail.
    levels = shades(128, 256, 3)
    _, picture = run(levels)
    monkeypatch.setattr(module, "WHOLE_BELOW", 0)
    monkeypatch.setattr(module, "TILE", 64)
    monkeypatch.setattr(module, "HALO", 0)
    assert np.abs(run(levels)[1] - picture).max() > 1


@given(st.integers(1, 60).map(lambda n: 64 * n), st.integers(1, 30).map(lambda n: 64 * n))
def test_pieces_are_a_partition_and_see_what_is_around_them(size: int, side: int) -> None:
    pieces = module._pieces(size, side)
    assert [p.begin for p in pieces[1:]] == [p.end for p in pieces[:-1]]
    assert (pieces[0].begin, pieces[-1].end) == (0, size)
    for piece in pieces:
        assert piece.first == max(0, piece.begin - module.HALO)
        assert min(size, piece.end + module.HALO) <= piece.last <= size
        assert (piece.last - piece.first) % PATCH == 0


def test_pictures_up_to_one_and_a_half_megapixels_are_whole() -> None:
    assert module.WHOLE_BELOW == 1_500_000
    assert module.TILE % STRIDE == module.HALO % PATCH == 0
    info = find_weights("progressive")
    assert len(Transforms(info, 1216, 1216, 1)._tiles) == 1
    assert len(Transforms(info, 1216, 1280, 1)._tiles) == 4


# What prefixes are worth


@given(
    st.lists(st.floats(1e-3, 1e6), min_size=2, max_size=30),
    st.data(),
)
def test_decibels_are_those_measured_where_they_were(drops: list[float], data: st.DataObject) -> None:
    errors = np.cumsum(drops[::-1])[::-1]
    samples = 3000
    wanted = data.draw(st.sets(st.integers(0, len(errors) - 1), min_size=1, max_size=3))
    # Pictures are worse than latents say by something, and get better with them.
    measured = {i: float(errors[i]) * UNIT**2 / samples * 1.1 + 2.0 for i in wanted}
    found = qualities(errors, measured, samples)
    assert found.shape == (len(errors),)
    assert (np.diff(found) >= 0).all()
    assert (found <= 99).all()
    for i in wanted:
        assert found[i] == pytest.approx(min(99.0, 10 * np.log10(255**2 / measured[i])), abs=1e-6)


def test_decibels_without_any_difference() -> None:
    assert 90 < qualities([10.0, 0.0], {1: 0.0}, 300)[-1] <= 99
    (found,) = qualities([100.0], {0: 50.0}, 300)
    assert found == pytest.approx(10 * np.log10(255**2 / 50))


def test_no_estimate_is_better_than_what_was_measured_later() -> None:
    # Most of the error is that of the padding here, so that errors of latents say too much.
    found = qualities([100.0, 90.0, 50.0, 20.0], {1: 200.0, 3: 100.0}, 300)
    assert found[1] == pytest.approx(10 * np.log10(255**2 / 200))
    assert found[3] == pytest.approx(10 * np.log10(255**2 / 100))
    assert (np.diff(found) >= 0).all()


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=400), st.integers(1, 700))
def test_layers_and_rate_points(steps: list[int], first: int) -> None:
    borders = (first + np.cumsum([0, *steps])).tolist()
    quality = np.linspace(20, 50, len(borders))
    layers = layers_of(borders, quality)
    assert [layer.end for layer in layers] == sorted(set(borders))
    assert layers[0].end == first
    assert layers[-1].end == borders[-1]
    assert all(a.psnr < b.psnr for a, b in pairwise(layers) if a.psnr and b.psnr)
    points = [layer for layer in layers if layer.whole]
    assert 1 <= len(points) <= RATE_POINTS + 1
    assert points[-1] is layers[-1]
    if len(layers) > 200:
        # About evenly spread over the octaves of sizes that there are.
        assert len(points) > 4
