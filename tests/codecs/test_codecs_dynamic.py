"""Dynamic bits: each unit has as many iterations as serve the target (recurrent.md 5.6)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.recurrent.unit_encoding import encode_units
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.container.file import parse_file
from nacre.errors import TargetError, TruncatedError, UsageError
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture
from nacre.runtime.weights import find_weights

pytestmark = pytest.mark.usefixtures("tiny_weights")

SIDES = {"residual-fc": 8, "lstm-fc": 8, "residual-conv": 32, "lstm-conv": 32}
ITERATIONS = {8: 16, 32: 8}
UNIT_BITS = {8: 4, 32: 128}
CODECS = tuple(SIDES)


def unit_psnr(grid: UnitGrid, shown: NDArray[np.uint8], picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Of each unit, (rows, columns), without its padding."""
    found = np.empty((grid.rows, grid.columns))
    for row in range(grid.rows):
        for column in range(grid.columns):
            area = tuple(slice(n * grid.side, (n + 1) * grid.side) for n in (row, column))
            found[row, column] = min(99, psnr(shown[area], picture[area]))
    return found


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("picture", "wanted"), [(shades(75, 90, 5), 17.0), (gray(60, 70, 9), 19.0)])
def test_every_patch_reaches_its_psnr_if_any_iteration_does(
    codec: str, picture: NDArray[np.uint8], wanted: float
) -> None:
    made = nacre.compress(picture, codec=codec, patch_psnr=wanted, threads=1)
    side = SIDES[codec]
    units = encode_units(Picture(picture), find_weights(codec), ITERATIONS[side], 1)
    shown = np.atleast_3d(np.asarray(nacre.decode(made.data, threads=1)))
    reached = unit_psnr(units.grid, shown, picture) >= wanted - 0.01
    assert made.unit_bits is not None
    assert made.unit_side == side
    counts = made.unit_bits // UNIT_BITS[side]
    samples = units.grid.visible.sum(axis=(2, 3)) * picture.shape[2]
    allowed = samples * 255**2 * 10 ** (-wanted / 10)
    errors = units.errors.reshape(-1, *samples.shape)
    possible = (errors[1:] <= allowed).any(axis=0)
    assert reached[possible].all()
    assert not reached[~possible].any()
    # None has more iterations than it needs.
    chosen = np.take_along_axis(errors, counts[None] - 1, 0)[0]
    assert (chosen > allowed)[possible & (counts > 1)].all()
    # The others have all, or are at their best where all would hide a picture that is needed.
    best = errors[1:].argmin(0) + 1
    others = counts[~possible]
    assert (others == ITERATIONS[side]).all() or (others == best[~possible]).all()
    assert possible.sum() > 0


def test_patches_that_never_reach_it_have_all_iterations() -> None:
    picture = shades(75, 90, 5)
    made = nacre.compress(picture, codec="residual-fc", patch_psnr=14.0, threads=1)
    shown = np.asarray(nacre.decode(made.data, threads=1))
    assert made.unit_bits is not None
    missed = unit_psnr(UnitGrid(75, 90, 8, 1), shown, picture) < 13.99
    assert missed.any()
    assert (made.unit_bits[missed] == 64).all()


@pytest.mark.parametrize("codec", CODECS)
def test_a_flat_ground_has_fewer_bits_than_a_detailed_square(codec: str) -> None:
    side, n = SIDES[codec], 5
    picture = np.full((n * side, n * side, 3), 100, np.uint8)
    picture[side : 3 * side, side : 3 * side] = shades(2 * side, 2 * side, 3)
    inside = np.zeros((n, n), bool)
    inside[1:3, 1:3] = True
    bits = nacre.compress(picture, codec=codec, patch_psnr=18, threads=1).unit_bits
    assert bits is not None
    assert bits[~inside].mean() < bits[inside].mean() / 2


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("seed", range(2))
def test_at_equal_bytes_dynamic_is_never_worse(codec: str, seed: int) -> None:
    side = SIDES[codec]
    n = 8 if side == 8 else 3
    picture = Picture(shades(n * side - 3, n * side, seed))
    full = nacre.compress(picture, codec=codec, threads=1)
    ends = [layer.file_bytes for layer in full.layers]
    for size in (ends[0], ends[0] + 10, ends[-1] // 2, ends[-1] * 2 // 3, len(full.data)):
        uniform = nacre.compress(picture, codec=codec, bytes=size, threads=1)
        dynamic = nacre.compress(picture, codec=codec, bytes=size, dynamic=True, threads=1)
        assert len(dynamic.data) <= size
        shown = [
            psnr(np.asarray(nacre.decode(x.data, threads=1)), picture.pixels) for x in (uniform, dynamic)
        ]
        assert shown[1] >= shown[0] - 0.02
        assert dynamic.psnr == pytest.approx(shown[1], abs=0.02)


def test_dynamic_bits_are_worth_it() -> None:
    gains = []
    for codec in ("residual-fc", "lstm-fc"):
        picture = shades(60, 80, 5)
        size = len(nacre.encode(picture, codec=codec, threads=1)) * 2 // 3
        found = [
            nacre.compress(picture, codec=codec, bytes=size, dynamic=dynamic, threads=1)
            for dynamic in (False, True)
        ]
        assert parse_file(found[1].data).header.parameters[1] & 1
        assert 0.95 * size <= len(found[1].data) <= size
        gains.append((found[1].psnr or 0) - (found[0].psnr or 0))
    assert min(gains) > 0.05


def test_bpp_is_a_size() -> None:
    picture = shades(60, 80, 5)
    by_size = nacre.encode(picture, codec="lstm-fc", bytes=150, dynamic=True, threads=1)
    assert nacre.encode(picture, codec="lstm-fc", bpp=0.25, dynamic=True, threads=1) == by_size


def test_metadata_behind_the_picture_take_no_bits_from_it() -> None:
    picture = shades(60, 80, 5)
    noise = np.random.default_rng(0).bytes(3000)
    with_exif = Picture(picture, exif=b"MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00" + noise)
    alone = nacre.encode(picture, codec="residual-fc", bytes=180, dynamic=True, threads=1)
    found = nacre.encode(with_exif, codec="residual-fc", bytes=180, dynamic=True, threads=1)
    assert found.startswith(alone)
    assert len(found) <= 180
    assert nacre.info(
        nacre.encode(with_exif, codec="residual-fc", bytes=9999, dynamic=True, threads=1)
    ).has_exif


def test_where_dynamic_bits_do_not_fit_a_cut_of_the_plain_file_does() -> None:
    picture = Picture(shades(40, 40, 3), shades(40, 40, 8)[..., 0])
    full = nacre.compress(picture, codec="residual-fc", threads=1)
    # The alpha plane alone has more bytes than this.
    least = full.layers[0].file_bytes
    for size in (least, least + 100):
        assert (
            nacre.encode(picture, codec="residual-fc", bytes=size, dynamic=True, threads=1)
            == full.data[:size]
        )
    with pytest.raises(TargetError, match=f"smallest file of this picture has {least} bytes"):
        nacre.encode(picture, codec="residual-fc", bytes=least - 1, dynamic=True, threads=1)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("share", [0.3, 0.8, 1.0])
def test_a_psnr_is_reached_with_fewer_bytes(codec: str, share: float) -> None:
    side = SIDES[codec]
    picture = shades(4 * side, 6 * side, 8)
    full = nacre.compress(picture, codec=codec, threads=1)
    first, last = full.layers[0].psnr, full.psnr
    assert first is not None
    assert last is not None
    wanted = first + share * (last - first) - 1e-6
    made = nacre.compress(picture, codec=codec, psnr=wanted, dynamic=True, threads=1)
    assert psnr(np.asarray(nacre.decode(made.data, threads=1)), picture) >= wanted - 0.01
    assert made.psnr is not None
    assert made.psnr >= wanted
    with pytest.raises(TargetError, match="ask for less, or for more iterations"):
        nacre.compress(picture, codec=codec, psnr=last + 9, dynamic=True, threads=1)


@pytest.mark.parametrize("codec", CODECS)
def test_every_length_of_a_dynamic_file_decodes_or_is_too_short(codec: str) -> None:
    picture = Picture(shades(43, 40, 2))
    made = nacre.compress(picture, codec=codec, iterations=6, patch_psnr=18.0, threads=1)
    assert made.unit_bits is not None
    assert np.ptp(made.unit_bits) > 0
    least, best = made.layers[0].file_bytes, 0.0
    for length in range(1, len(made.data) + 1):
        if length < least:
            with pytest.raises(TruncatedError):
                nacre.decode(made.data[:length], threads=1)
            continue
        quality = psnr(np.asarray(nacre.decode(made.data[:length], threads=1)), picture.pixels)
        assert quality >= best - 0.02
        best = max(best, quality)
        (stated,) = [layer.psnr for layer in made.layers if layer.file_bytes <= length][-1:]
        assert quality == pytest.approx(stated, abs=0.02)


@pytest.mark.parametrize("picture", [Picture(gray(40, 44, 3)), Picture(shades(40, 44, 3), disc(40, 44))])
def test_gray_and_alpha_have_dynamic_bits_too(picture: Picture) -> None:
    for codec in ("lstm-fc", "residual-conv"):
        made = nacre.compress(picture, codec=codec, patch_psnr=18.0, threads=1)
        assert parse_file(made.data).header.parameters[1] & 1
        found = nacre.api.decompress(made.data, threads=1)
        assert psnr(found.pixels, picture.pixels) == pytest.approx(made.psnr, abs=0.02)
        assert (found.alpha is None) == (picture.alpha is None)
        if picture.alpha is not None:
            assert np.array_equal(found.alpha, picture.alpha)


def test_the_map_of_a_plain_encode_is_even() -> None:
    made = nacre.compress(shades(33, 40), codec="residual-conv", iterations=5, threads=1)
    assert made.unit_bits is not None
    assert made.unit_bits.tolist() == [[640, 640], [640, 640]]
    assert made.unit_side == 32
    assert nacre.compress(shades(33, 40), threads=1).unit_bits is None


@pytest.mark.parametrize("codec", ["progressive", "static-conv"])
def test_codecs_without_them_say_so(codec: str) -> None:
    for wish in ({"dynamic": True, "bytes": 200}, {"patch_psnr": 20.0}):
        with pytest.raises(UsageError, match=f"{codec} has no dynamic bits"):
            nacre.encode(shades(20, 20), codec=codec, threads=1, **wish)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [{}, {"ssim": 0.5}, {"quality": 50.0}])
def test_dynamic_bits_need_a_target_that_they_are_shared_out_for(target: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="give a target of bytes, bpp or psnr"):
        nacre.encode(shades(20, 20), codec="lstm-fc", dynamic=True, threads=1, **target)  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", [0.0, -3.0, 100.0, float("nan")])
def test_patch_psnr_out_of_range(wanted: float) -> None:
    with pytest.raises(UsageError, match="PSNR of patches cannot be"):
        nacre.encode(shades(20, 20), codec="lstm-fc", patch_psnr=wanted, threads=1)
