"""Dynamic bits of `gru-conv`: cells that stop, targets they are shared out for, and masks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from recoding import compress, decoder, pixels, symbols, to_file

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.recurrent import gru_conv, sharing
from nacre.codecs.recurrent.closed_loop import ClosedLoop
from nacre.codecs.recurrent.grid import CodeGrid
from nacre.codecs.recurrent.importance import importance_of
from nacre.codecs.recurrent.parameters import Parameters
from nacre.codecs.recurrent.presets import STRIDE
from nacre.codecs.recurrent.sharing import neighborly
from nacre.container.file import parse_file
from nacre.errors import FormatError, TargetError, TruncatedError, UsageError
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture
from nacre.picture.tiles import TileGrid
from nacre.runtime.weights import find_weights

Pixels = NDArray[np.uint8]
Tiny = pytest.mark.usefixtures("tiny_weights")


def loop_over(picture: Picture, count: int = 5, *, tile: int = 0, priming: int = 0) -> ClosedLoop:
    grid = CodeGrid(TileGrid.make(picture.height, picture.width, tile, STRIDE))
    return ClosedLoop(
        picture,
        find_weights("gru-conv"),
        grid,
        tile // 64,
        count,
        importance=np.ones(grid.shape),
        priming=priming,
        search=0,
        fast=False,
        threads=1,
    )


def some_counts(shape: tuple[int, int], most: int, seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(1, most + 1, shape)


def cell_psnr(shown: Pixels, picture: Pixels) -> NDArray[np.float64]:
    rows, columns = (-(-n // STRIDE) for n in picture.shape[:2])
    found = np.empty((rows, columns))
    for place in np.ndindex(rows, columns):
        area = tuple(slice(n * STRIDE, (n + 1) * STRIDE) for n in place)
        found[place] = min(99, psnr(shown[area], picture[area]))
    return found


# The closed loop


@Tiny
@pytest.mark.parametrize("priming", [0, 2])
def test_a_full_map_is_the_plain_codec(priming: int) -> None:
    picture = Picture(shades(60, 75, 5), disc(60, 75))
    loop = loop_over(picture, priming=priming)
    plain, full = loop.encode(), loop.encode(np.full(loop.grid.shape, 5))
    flags = Parameters.parse(plain.encoded.parameters), Parameters.parse(full.encoded.parameters)
    assert [each.dynamic for each in flags] == [False, True]
    codes = [symbols(each.encoded, picture).codes for each in (plain, full)]
    assert np.array_equal(*codes)
    assert np.array_equal(plain.errors, full.errors)
    for one, other in zip(plain.encoded.layers, full.encoded.layers, strict=True):
        shown = pixels(plain.encoded, picture, one.end), pixels(full.encoded, picture, other.end)
        assert np.array_equal(*shown)
        assert one.psnr == other.psnr
    assert len(full.encoded.stream) <= len(plain.encoded.stream) + 5 + 5


@Tiny
@pytest.mark.parametrize("tile", [0, 64])
@pytest.mark.parametrize("picture", [Picture(shades(90, 100, 3)), Picture(gray(90, 100, 3))])
def test_stopped_cells_have_no_codes_and_never_start_again(tile: int, picture: Picture) -> None:
    loop = loop_over(picture, tile=tile)
    counts = some_counts(loop.grid.shape, 5)
    made = loop.encode(counts).encoded
    received = symbols(made, picture)
    assert received.active is not None
    assert np.array_equal(received.active.sum(axis=0), counts)
    assert (received.active[:-1] >= received.active[1:]).all()
    assert np.array_equal(received.codes != 0, received.active[..., None] & np.ones(8, bool))


@Tiny
@pytest.mark.parametrize("priming", [0, 1])
@pytest.mark.parametrize(
    "picture",
    [Picture(shades(50, 64, 7)), Picture(gray(37, 60, 9)), Picture(shades(50, 40, 8), disc(50, 40))],
)
def test_decoders_show_what_the_encoder_measured(picture: Picture, priming: int) -> None:
    loop = loop_over(picture, priming=priming)
    trial = loop.encode(some_counts(loop.grid.shape, 5, 1))
    made, found = trial.encoded, decoder(trial.encoded, picture)
    measured = [psnr(found.best(made.stream[: x.end]).pixels, picture.pixels) for x in made.layers]
    assert all(b >= a for a, b in pairwise(measured))
    last = {layer.end: layer.psnr for layer in made.layers}
    assert measured == pytest.approx([last[layer.end] for layer in made.layers], abs=1e-6)
    assert trial.worth == tuple(layer.psnr for layer in made.layers)


@Tiny
def test_codes_do_not_depend_on_what_follows() -> None:
    loop = loop_over(Picture(shades(60, 80, 5)), 6, priming=1)
    counts = some_counts(loop.grid.shape, 6, 2)
    whole = symbols(loop.encode(counts).encoded, loop.picture)
    short = symbols(loop.encode(np.minimum(counts, 3)).encoded, loop.picture)
    assert np.array_equal(short.codes, whole.codes[:3])
    assert short.floors == whole.floors[:3]


@Tiny
def test_errors_of_cells_are_those_of_the_rounded_picture() -> None:
    picture = Picture(shades(41, 60, 3))
    trial = loop_over(picture).encode()
    for t in (1, 5):
        (end,) = [x.end for x in trial.encoded.layers if (x.iteration, x.whole) == (t, True)]
        if symbols(trial.encoded, picture, end).shown()[-1] != (t, 4):
            continue
        squares = (pixels(trial.encoded, picture, end).astype(float) - picture.pixels) ** 2
        for place in np.ndindex(3, 4):
            area = tuple(slice(n * STRIDE, (n + 1) * STRIDE) for n in place)
            assert trial.errors[(t, *place)] == squares[area].sum()


def test_no_cell_stops_long_before_its_neighbors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_FLOOR", 0.5)
    counts = np.ones((6, 6), np.int64)
    counts[0, 0] = 16
    raised = neighborly(counts)
    assert [int(raised[i, i]) for i in range(6)] == [16, 8, 4, 2, 1, 1]
    assert raised[0, 1] == raised[1, 0] == 8
    for seed in range(5):
        raised = neighborly(given := some_counts((5, 7), 16, seed))
        assert (raised >= given).all()
        for row, column in np.ndindex(5, 7):
            around = raised[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            assert 2 * raised[row, column] >= around.max()
        # No more than that takes: a cell that was raised is just half of a neighbor.
        assert (neighborly(raised) == raised).all()


# Targets


@pytest.fixture
def picture() -> Pixels:
    """Flat, but for a square in its middle."""
    found = np.full((112, 112, 3), 100, np.uint8)
    found[32:80, 32:80] = shades(48, 48, 3)
    return found


@Tiny
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 1.5])
def test_a_size_is_kept_and_no_worse_than_plain(picture: Pixels, share: float) -> None:
    size = round(share * len(to_file(picture)))
    plain, dynamic = compress(picture, bytes=size), compress(picture, bytes=size, dynamic=True)
    assert len(dynamic.data) <= size
    shown = [psnr(np.asarray(nacre.decode(x.data, threads=1)), picture) for x in (plain, dynamic)]
    assert shown == pytest.approx([plain.psnr, dynamic.psnr], abs=0.01)
    assert shown[1] >= shown[0] - 0.005


@Tiny
@pytest.mark.parametrize("seed", [5, 8])
def test_dynamic_bits_are_worth_it(seed: int) -> None:
    picture = shades(112, 144, seed)
    size = len(to_file(picture)) * 35 // 100
    plain, dynamic = compress(picture, bytes=size), compress(picture, bytes=size, dynamic=True)
    assert Parameters.parse(parse_file(dynamic.data).header.parameters).dynamic
    assert (dynamic.psnr or 0) > (plain.psnr or 0) + 0.05
    assert 0.95 * size <= len(dynamic.data)
    bpp = 8 * size / (112 * 144) + 1e-6
    assert to_file(picture, bpp=bpp, dynamic=True) == dynamic.data


@Tiny
def test_a_size_below_one_iteration_is_a_cut_of_the_plain_file(picture: Pixels) -> None:
    full = compress(picture)
    size = full.layers[2].file_bytes
    assert to_file(picture, bytes=size, dynamic=True) == full.data[:size]
    with pytest.raises(TargetError, match="smallest file"):
        to_file(picture, bytes=full.layers[0].file_bytes - 1, dynamic=True)


@Tiny
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_psnr_is_reached_with_no_more_bytes(picture: Pixels, share: float) -> None:
    full = compress(picture)
    first, last = full.layers[0].psnr or 0, full.psnr or 0
    wanted = first + share * (last - first)
    plain, dynamic = compress(picture, psnr=wanted), compress(picture, psnr=wanted, dynamic=True)
    assert psnr(np.asarray(nacre.decode(dynamic.data, threads=1)), picture) >= wanted - 0.005
    assert len(dynamic.data) <= len(plain.data) + 4
    with pytest.raises(TargetError, match="ask for less, or for more iterations"):
        to_file(picture, psnr=last + 5, dynamic=True)


@Tiny
def test_cells_take_what_they_need_for_a_psnr(picture: Pixels) -> None:
    made = compress(picture, patch_psnr=20)
    assert made.unit_bits is not None
    assert (made.unit_bits.shape, made.unit_side) == ((7, 7), 16)
    iterations = made.unit_bits // 8
    assert iterations.min() < iterations.max()
    assert np.array_equal(neighborly(iterations), iterations)
    reached = cell_psnr(np.asarray(nacre.decode(made.data, threads=1)), picture) >= 20
    full = cell_psnr(np.asarray(nacre.decode(to_file(picture), threads=1)), picture) >= 20
    assert reached.sum() >= full.sum() - 2
    # What few bits are for is reached by all; the most by those that can.
    assert (compress(picture, patch_psnr=1).unit_bits == 8).all()


@Tiny
def test_every_length_of_a_dynamic_file_decodes_or_is_too_short() -> None:
    picture = shades(52, 66, 2)
    made = compress(picture, iterations=5, patch_psnr=17.5, priming=1)
    parameters = Parameters.parse(parse_file(made.data).header.parameters)
    assert (parameters.dynamic, parameters.priming) == (True, 1)
    assert np.ptp(made.unit_bits) > 0
    least, best = made.layers[0].file_bytes, 0.0
    for length in range(least - 3, len(made.data) + 1):
        if length < least:
            with pytest.raises(TruncatedError):
                nacre.decode(made.data[:length], threads=1)
            continue
        quality = psnr(np.asarray(nacre.decode(made.data[:length], threads=1)), picture)
        assert quality >= best
        best = quality
        (stated,) = [layer.psnr for layer in made.layers if layer.file_bytes <= length][-1:]
        assert quality == pytest.approx(stated, abs=0.01)
    with nacre.open(made.data, threads=1) as reader:
        *_, last = reader.pictures()
    assert np.array_equal(np.asarray(last), np.asarray(nacre.decode(made.data, threads=1)))


@Tiny
def test_the_map_of_a_plain_encode_is_even() -> None:
    made = compress(shades(33, 40), iterations=5)
    assert made.unit_bits is not None
    assert (made.unit_bits == 5 * 8).all()
    assert made.unit_bits.shape == (3, 3)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru_conv, "WHOLE_BELOW", 64 * 64)
    monkeypatch.setattr(gru_conv, "TILE_SIDE", 64)


@Tiny
@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("wish", [{"patch_psnr": 20.0}, {"bytes": 350, "dynamic": True}, {"roi": None}])
def test_tiles(picture: Pixels, wish: dict[str, Any]) -> None:
    if "roi" in wish:
        wish = {"roi": np.pad(np.full((48, 48), 255, np.uint8), 32)}
    made = compress(picture, **wish)
    assert Parameters.parse(parse_file(made.data).header.parameters).tile == 1
    shown = np.asarray(nacre.decode(made.data, threads=1))
    assert shown.shape == picture.shape
    assert psnr(shown, picture) == pytest.approx(made.psnr, abs=1.0)
    # Cells that two tiles share are sent by both, and their bits add up.
    assert made.unit_bits is not None
    assert made.unit_bits.shape == (7, 7)
    assert made.unit_bits[3, 3] >= 8 * 2


# Masks


@Tiny
def test_what_a_mask_makes_of_errors() -> None:
    grid = CodeGrid(TileGrid.make(48, 40, 0, STRIDE))
    mask = np.zeros((48, 40), np.uint8)
    mask[16:32, 16:32] = 255
    mask[32:, :16] = 128
    found = importance_of(mask, grid)
    assert found.tolist() == [[1, 1, 1], [1, 16, 1], [pytest.approx(4, abs=0.03), 1, 1]]


@Tiny
@pytest.mark.parametrize("target", [{}, {"bytes": 190}, {"psnr": 17.2}, {"bytes": 190, "dynamic": True}])
def test_a_mask_gives_more_iterations_inside(target: dict[str, Any]) -> None:
    picture = shades(112, 144, 5)
    mask = np.zeros((112, 144), np.uint8)
    mask[32:80, 48:112] = 255
    bits = compress(picture, roi=mask, **target).unit_bits
    assert bits is not None
    inside = np.zeros((7, 9), bool)
    inside[2:5, 3:7] = True
    assert bits[inside].mean() > 1.3 * bits[~inside].mean()


@Tiny
def test_a_region_is_better_at_equal_bytes() -> None:
    picture = shades(112, 144, 5)
    mask = np.zeros((112, 144), np.uint8)
    mask[32:80, 48:112] = 255
    size = len(to_file(picture)) // 2
    made = [to_file(picture, bytes=size), to_file(picture, bytes=size, roi=mask)]
    errors = [np.square(np.asarray(nacre.decode(x, threads=1)).astype(float) - picture) for x in made]
    assert errors[1][mask > 0].mean() < errors[0][mask > 0].mean()


@Tiny
def test_a_mask_alone_shares_out_half_of_the_bits() -> None:
    picture = shades(112, 144, 5)
    mask = np.zeros((112, 144), np.uint8)
    mask[:48, :64] = 255
    full, made = to_file(picture), to_file(picture, roi=mask)
    assert 0.35 * len(full) < len(made) < 0.65 * len(full)
    assert Parameters.parse(parse_file(made).header.parameters).dynamic


# What cannot be


@Tiny
@pytest.mark.parametrize("target", [{}, {"ssim": 0.5}, {"quality": 50.0}])
def test_dynamic_bits_need_a_target(target: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="give a target of bytes, bpp or psnr"):
        to_file(shades(20, 20), dynamic=True, **target)


@Tiny
@pytest.mark.parametrize("change", [lambda flags: flags | 0x80, lambda flags: flags | 0x60])
def test_damaged_flags_are_refused(change: Callable[[int], int]) -> None:
    made = to_file(shades(40, 40), patch_psnr=18)
    iterations, flags, tile = parse_file(made).header.parameters
    with pytest.raises(FormatError):
        Parameters.parse(bytes([iterations, change(flags), tile]))


@Tiny
def test_flags_that_lie_end_in_a_picture_or_a_sentence() -> None:
    """A stream read as what it is not: any codes are codes."""
    picture = Picture(shades(40, 60, 4))
    loop = loop_over(picture)
    made = loop.encode(some_counts(loop.grid.shape, 5)).encoded
    iterations, flags, tile = made.parameters
    for lie in (flags ^ 1, flags | 2 << 3, (flags ^ 1) | 3 << 3):
        read = decoder(made.__class__(made.weights_tag, bytes([iterations, lie, tile]), b"", ()), picture)
        for length in range(0, len(made.stream), 7):
            try:
                shown = read.best(made.stream[:length])
            except TruncatedError:
                continue
            assert shown.pixels.shape == picture.pixels.shape


# The shipped weights


@pytest.mark.slow
def test_detail_takes_twice_the_iterations_of_what_is_flat() -> None:
    if not any(codec.name == "gru-conv" and codec.weights for codec in nacre.list_codecs()):
        pytest.skip("no weights of gru-conv are installed")
    picture = np.full((256, 256, 3), 128, np.uint8)
    picture[96:160, 96:160] = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    inside = np.zeros((16, 16), bool)
    inside[6:10, 6:10] = True
    size = len(to_file(picture)) // 4
    for wish in ({"patch_psnr": 30.0}, {"bytes": size, "dynamic": True}):
        bits = compress(picture, **wish).unit_bits
        assert bits is not None
        assert bits[~inside].mean() < bits[inside].mean() / 2
