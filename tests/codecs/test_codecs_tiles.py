"""Large pictures in tiles; sides are made small here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recoding import compress, encode, pixels, symbols

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.recurrent import gru_conv
from nacre.codecs.recurrent.grid import CodeGrid
from nacre.codecs.recurrent.parameters import Parameters
from nacre.codecs.recurrent.steps import cells
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture
from nacre.picture.tiles import TileGrid

pytestmark = pytest.mark.usefixtures("tiny_weights")


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru_conv, "WHOLE_BELOW", 64 * 64)
    monkeypatch.setattr(gru_conv, "TILE_SIDE", 64)


@settings(max_examples=40)
@given(st.integers(1, 400), st.integers(1, 400))
def test_windows_of_tiles_are_a_partition_of_the_code_grid(height: int, width: int) -> None:
    grid = CodeGrid(TileGrid.make(height, width, 64, 16))
    seen = np.zeros(grid.shape, np.int64)
    for row, column in grid.tiles:
        window = seen[grid.window(row, column)]
        assert window.shape == (cells(row.length), cells(column.length))
        window += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("size", [(65, 64), (100, 150), (300, 20), (97, 129)])
def test_tiles_are_close_to_the_whole(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Picture(shades(*size, 4))
    whole = pixels(encode(picture, 4), picture)
    monkeypatch.setattr(gru_conv, "WHOLE_BELOW", 0)
    monkeypatch.setattr(gru_conv, "TILE_SIDE", 64)
    encoded = encode(picture, 4)
    assert Parameters.parse(encoded.parameters).tile == 1
    tiled = pixels(encoded, picture)
    assert tiled.shape == whole.shape
    assert abs(psnr(tiled, picture.pixels) - psnr(whole, picture.pixels)) < 1.0
    assert psnr(tiled, whole) > psnr(tiled, picture.pixels)


@pytest.mark.usefixtures("small_tiles")
def test_every_tile_is_coded_alone() -> None:
    picture = Picture(shades(130, 150, 6))
    codes = symbols(encode(picture, 3), picture).codes
    grid = CodeGrid(TileGrid.make(130, 150, 64, 16))
    for row, column in grid.tiles:
        area = np.s_[row.start : row.start + row.length, column.start : column.start + column.length]
        tile = Picture(picture.pixels[area])
        alone = symbols(encode(tile, 3), tile).codes
        assert np.array_equal(codes[(slice(None), *grid.window(row, column))], alone)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("kind", ["RGB", "gray", "alpha"])
def test_all_layouts_in_tiles(kind: str) -> None:
    picture = Picture(
        gray(110, 90, 2) if kind == "gray" else shades(110, 90, 2), disc(110, 90) if kind == "alpha" else None
    )
    encoded = compress(picture)
    assert any("tile" in note for note in encoded.notes)
    found = nacre.api.decompress(encoded.data, threads=1)
    assert found.pixels.shape == picture.pixels.shape
    if kind == "alpha":
        assert np.array_equal(found.alpha, picture.alpha)
    # Errors are sums over tiles, so the figure is near and not exact.
    assert psnr(found.pixels, picture.pixels) == pytest.approx(encoded.psnr, abs=1.0)
    with nacre.open(encoded.data, threads=1) as reader:
        *_, last = reader.pictures()
    assert np.array_equal(np.asarray(last), np.asarray(nacre.decode(encoded.data, threads=1)))


@pytest.mark.usefixtures("small_tiles")
def test_prefixes_of_tiled_pictures_decode() -> None:
    picture = Picture(shades(100, 100, 3))
    encoded = compress(picture, iterations=3)
    for layer in encoded.layers:
        image = nacre.decode(encoded.data[: layer.file_bytes], threads=1)
        assert image.size == (100, 100)


def test_pictures_up_to_one_and_a_half_megapixels_are_whole() -> None:
    assert gru_conv.WHOLE_BELOW == 1_500_000
    assert gru_conv.TILE_SIDE % gru_conv.TILE_UNIT == 0
    assert Parameters.parse(encode(Picture(shades(64, 80)), 1).parameters).tile == 0


@pytest.mark.usefixtures("small_tiles")
def test_narrow_pictures_count_as_they_are_padded() -> None:
    # 300 pixels, but 4,864 of states.
    assert Parameters.parse(encode(Picture(shades(1, 300)), 1).parameters).tile == 1
