"""`progressive` as a whole, with a tiny network: pictures, prefixes, symbols, bad parameters."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import progressive_oracle as oracle
import pytest
from recoding import coded

import nacre
from golden.drawing import disc, gray, shades
from nacre import api
from nacre.codecs.contract import DecodeOptions, Encoded, EncodeOptions
from nacre.codecs.progressive.decoding import ProgressiveDecoder
from nacre.codecs.progressive.hyper import load_hyper
from nacre.codecs.progressive.hyper_contexts import load_hyper_contexts
from nacre.codecs.progressive.parameters import Parameters
from nacre.codecs.progressive.regions import code_levels, levels_of
from nacre.codecs.progressive.shapes import PRESETS
from nacre.codecs.progressive.tables import load_tables
from nacre.codecs.registry import get_codec, get_codec_by_number
from nacre.coding import stream
from nacre.container.file import parse_file
from nacre.errors import FormatError, TruncatedError, UsageError, WeightsError
from nacre.picture.hidden import fill_hidden
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture
from nacre.runtime.weights import find_weights

pytestmark = pytest.mark.usefixtures("tiny_weights")

NAME = "progressive"


def encode(picture: Picture, **options: object) -> Encoded:
    return get_codec(NAME).encode(picture, EncodeOptions(threads=1, **options))  # type: ignore[arg-type]


def decoder(picture: Picture, encoded: Encoded, threads: int = 1) -> ProgressiveDecoder:
    found = get_codec(NAME).decoder(coded(encoded, picture), DecodeOptions(threads=threads))
    assert isinstance(found, ProgressiveDecoder)
    return found


def pixels(picture: Picture, encoded: Encoded, length: int | None = None) -> np.ndarray:
    return decoder(picture, encoded).best(encoded.stream[:length]).pixels


def digest(found: ProgressiveDecoder, data: bytes) -> str:
    """Of all that integers decide."""
    predicted, planes, alpha = found.receive(data)
    parts = [predicted, planes._order, planes._levels, planes._depths]
    if alpha:
        parts.append(alpha.shown())
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


# Any picture


@pytest.mark.parametrize("size", [(1, 1), (65, 65), (10, 300), (300, 10), (64, 64), (63, 129), (3, 5)])
@pytest.mark.parametrize("kind", ["RGB", "gray", "alpha"])
def test_any_size(size: tuple[int, int], kind: str) -> None:
    picture = Picture(
        gray(*size) if kind == "gray" else shades(*size), disc(*size) if kind == "alpha" else None
    )
    encoded = nacre.compress(picture, codec=NAME, threads=1)
    found = api.decompress(encoded.data, threads=1)
    assert found.pixels.shape == picture.pixels.shape
    wanted = picture.pixels if picture.alpha is None else fill_hidden(picture.pixels, picture.alpha)
    assert psnr(found.pixels, wanted) == pytest.approx(encoded.psnr, abs=0.02)
    # Eight channels show little; they still show this picture.
    assert psnr(found.pixels, wanted) > psnr(np.full_like(found.pixels, 128), wanted) + 3
    if picture.alpha is None:
        assert found.alpha is None
    else:
        assert np.array_equal(found.alpha, picture.alpha)


def test_gray_is_gray() -> None:
    image = nacre.decode(nacre.encode(gray(40, 50)[..., 0], codec=NAME, threads=1), threads=1)
    assert (image.mode, image.size) == ("L", (50, 40))


def test_hidden_colors_take_no_bytes() -> None:
    alpha = disc(90, 100)
    pixels = shades(90, 100)
    noisy = pixels.copy()
    hidden = alpha == 0
    noisy[hidden] = np.random.default_rng(4).integers(0, 256, (hidden.sum(), 3))
    assert encode(Picture(noisy, alpha)).stream == encode(Picture(pixels, alpha)).stream


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (130, 70)])
def test_alpha_is_exact_at_the_end_and_there_from_the_first_layer(shape: tuple[int, int]) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    encoded = nacre.compress(Picture(shades(*shape), alpha), codec=NAME, threads=1)
    assert np.array_equal(np.asarray(nacre.decode(encoded.data, threads=1))[..., 3], alpha)
    coarse = np.asarray(nacre.decode(encoded.data[: encoded.layers[0].file_bytes], threads=1))[..., 3]
    assert np.array_equal(coarse[::64, ::64], alpha[::64, ::64])
    if shape == (130, 70):
        assert not np.array_equal(coarse, alpha)
        errors = []
        for layer in encoded.layers[:: len(encoded.layers) // 6]:
            shown = np.asarray(nacre.decode(encoded.data[: layer.file_bytes], threads=1))[..., 3]
            errors.append(int((shown != alpha).sum()))
        assert errors == sorted(errors, reverse=True)
        assert len(set(errors)) > 2


def test_encoding_twice_gives_the_same_bytes() -> None:
    picture = Picture(shades(48, 64, 3), disc(48, 64))
    assert encode(picture) == encode(picture)


def test_one_picture_leaves_nothing_for_the_next() -> None:
    first, second = Picture(shades(40, 50, 1)), Picture(shades(70, 50, 2))
    alone = encode(second)
    encode(first)
    assert encode(second) == alone


# Prefixes


@pytest.mark.parametrize(
    "picture",
    [
        Picture(shades(30, 24, 7)),
        Picture(fill_hidden(shades(12, 9, 8), disc(12, 9)), disc(12, 9)),
        Picture(gray(9, 66, 9)),
        Picture(shades(1, 1, 3), np.array([[9]], np.uint8)),
    ],
    ids=["RGB", "alpha", "gray", "one pixel"],
)
def test_every_length_decodes_or_says_that_it_is_too_short(picture: Picture) -> None:
    encoded = nacre.compress(picture, codec=NAME, threads=1)
    data, least = encoded.data, encoded.layers[0].file_bytes
    best = quality = 0.0
    for length in range(1, len(data) + 1):
        if length < least:
            with pytest.raises(TruncatedError):
                nacre.decode(data[:length], threads=1)
            continue
        quality = psnr(api.decompress(data[:length], threads=1).pixels, picture.pixels)
        # One symbol is a large part of so small a picture; larger ones are looked at below.
        assert quality >= best - 1.5
        best = max(best, quality)
    assert quality == pytest.approx(encoded.psnr, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_quality_does_not_fall_along_a_stream(seed: int) -> None:
    picture = Picture(shades(150, 200, seed))
    encoded = encode(picture)
    lengths = np.linspace(encoded.layers[0].end, len(encoded.stream), 60).astype(int)
    quality = [psnr(pixels(picture, encoded, length), picture.pixels) for length in lengths]
    assert all(b >= a - 0.02 for a, b in pairwise(np.maximum.accumulate(quality)))
    assert all(q >= best - 0.02 for q, best in zip(quality, np.maximum.accumulate(quality), strict=True))
    assert quality[-1] > quality[0] + 3


def test_prefixes_decide_ever_more(tiny_root: Path) -> None:
    picture = Picture(shades(70, 90, 4))
    encoded = encode(picture)
    found = decoder(picture, encoded)
    _, whole, _ = found.receive(encoded.stream)
    assert whole.finished
    known = -1
    for length in range(encoded.layers[0].end, len(encoded.stream) + 1, 7):
        _, planes, _ = found.receive(encoded.stream[:length])
        nonzero = planes._levels != 0
        depths = planes._depths[nonzero]
        sizes = np.abs(whole._levels[nonzero])
        assert np.array_equal(np.abs(planes._levels[nonzero]), sizes >> depths << depths)
        amount = int((14 - depths.astype(int)).sum())
        assert amount >= known
        known = amount


def test_layers_end_at_the_first_byte_that_decides_them() -> None:
    picture = Picture(shades(70, 80, 4))
    encoded = encode(picture)
    found = decoder(picture, encoded)
    assert {layer.iteration for layer in encoded.layers} == {0}
    for layer in encoded.layers[1::40]:
        with_it, without = (found.receive(encoded.stream[:n])[1] for n in (layer.end, layer.end - 1))
        assert with_it.done > without.done
    with pytest.raises(stream.EndOfStreamError):
        found.receive(encoded.stream[: encoded.layers[0].end - 1])
    assert found.receive(encoded.stream[: encoded.layers[0].end])[1].done >= 0


@pytest.mark.parametrize("margin", [-(10**9), 10**9])
def test_where_the_end_is_thought_to_be_changes_nothing(margin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Picture(shades(70, 80, 4))
    encoded = encode(picture)
    lengths = range(encoded.layers[0].end, len(encoded.stream), 29)
    expected = [digest(decoder(picture, encoded), encoded.stream[:n]) for n in lengths]
    monkeypatch.setattr(stream, "_MARGIN", margin)
    assert [digest(decoder(picture, encoded), encoded.stream[:n]) for n in lengths] == expected


def test_bytes_that_follow_the_stream_do_not_matter() -> None:
    picture = Picture(shades(30, 30))
    encoded = encode(picture)
    found = decoder(picture, encoded)
    expected = digest(found, encoded.stream)
    for tail in (b"\x00" * 9, b"\xff" * 9):
        assert digest(found, encoded.stream + tail) == expected


def test_layers_and_rate_points_are_sane() -> None:
    picture = Picture(shades(120, 150, 2))
    encoded = nacre.compress(picture, codec=NAME, threads=1)
    ends = [layer.file_bytes for layer in encoded.layers]
    stated = [layer.psnr for layer in encoded.layers]
    assert ends == sorted(ends)
    assert stated == sorted(stated)
    points = nacre.info(encoded.data).rate_points
    assert 8 <= len(points) <= 16
    assert all(a.bytes < b.bytes and a.psnr <= b.psnr for a, b in pairwise(points))
    assert points[0].bytes == nacre.info(encoded.data).first_layer_bytes
    # Behind the last one there is but a checksum.
    assert points[-1].bytes == len(encoded.data) - 4


@pytest.mark.parametrize("kind", ["RGB", "gray", "alpha", "narrow"])
@pytest.mark.parametrize("fast", [False, True])
def test_stated_decibels_are_near_those_shown(kind: str, fast: bool) -> None:
    size = (20, 260) if kind == "narrow" else (150, 130)
    picture = Picture(gray(*size, 3) if kind == "gray" else shades(*size, 3))
    if kind == "alpha":
        picture = Picture(fill_hidden(picture.pixels, disc(*size)), disc(*size))
    encoded = encode(picture, fast=fast)
    assert encoded.estimated
    layers = encoded.layers[:: len(encoded.layers) // 8]
    shown = [psnr(pixels(picture, encoded, layer.end), picture.pixels) for layer in layers]
    stated = [layer.psnr for layer in layers]
    assert stated == pytest.approx(shown, abs=2.5)
    assert np.abs(np.subtract(stated, shown)).mean() < (1.2 if fast else 0.8)
    last = psnr(pixels(picture, encoded), picture.pixels)
    assert encoded.layers[-1].psnr == pytest.approx(last, abs=0.01)


def test_targets_of_bytes_are_met_to_the_byte() -> None:
    picture = shades(150, 130, 3)
    whole = nacre.encode(picture, codec=NAME, threads=1)
    for size in (200, 333, 900, len(whole), 10 * len(whole)):
        data = nacre.encode(picture, codec=NAME, threads=1, bytes=size)
        assert len(data) == min(size, len(whole))
        assert data == nacre.cut(whole, bytes=size)
        assert nacre.decode(data, threads=1).size == (130, 150)


def test_a_growing_stream_is_shown_as_it_grows() -> None:
    picture = Picture(shades(60, 70, 2))
    encoded = encode(picture)
    found = decoder(picture, encoded)
    assert list(found.pictures(encoded.stream[:2])) == []
    (first,) = found.pictures(encoded.stream[:150])
    assert list(found.pictures(encoded.stream[:150])) == []
    assert list(found.pictures(encoded.stream[:90])) == []
    (last,) = found.pictures(encoded.stream)
    assert np.array_equal(last.pixels, pixels(picture, encoded))
    assert psnr(last.pixels, picture.pixels) > psnr(first.pixels, picture.pixels)


# Symbols


@pytest.mark.parametrize(("size", "seed"), [((70, 90), 2), ((17, 130), 5), ((64, 64), 1)])
def test_symbols_are_those_of_the_oracle(size: tuple[int, int], seed: int) -> None:
    picture = Picture(shades(*size, seed))
    encoded = encode(picture)
    info = find_weights(NAME)
    tables, network, contexts = load_tables(info), load_hyper(info), load_hyper_contexts(info)
    found = decoder(picture, encoded)
    for length in (len(encoded.stream), len(encoded.stream) // 2, encoded.layers[0].end):
        data = encoded.stream[:length]
        expected = oracle.receive(data, tables, network, contexts, PRESETS["tiny"].flat, *size)
        assert expected is not None
        symbols, planes, _ = found.receive(data)
        assert planes.done == expected.passes
        assert np.array_equal(symbols, np.array(expected.means) / 16)
        planes.add_to(symbols)
        # Everything is a multiple of 2^-8 and small, so float32 holds it exactly.
        assert {p: float(v) for p, v in expected.shown(tables).items()} == {
            p: float(symbols[p]) for p in np.ndindex(symbols.shape)
        }
    assert oracle.receive(encoded.stream[:1], tables, network, contexts, 3, *size) is None


@pytest.mark.parametrize("seed", [1, 2])
def test_symbols_of_regions_are_those_of_the_oracle(seed: int) -> None:
    size = (130, 100)
    picture = Picture(shades(*size, seed))
    mask = np.random.default_rng(seed).integers(0, 256, (3, 2), np.uint8).repeat(64, 0).repeat(64, 1)
    encoded = encode(picture, regions=mask[: size[0], : size[1]])
    info = find_weights(NAME)
    tables, network, contexts = load_tables(info), load_hyper(info), load_hyper_contexts(info)
    found = decoder(picture, encoded)
    for length in (len(encoded.stream), len(encoded.stream) // 3):
        data = encoded.stream[:length]
        expected = oracle.receive(data, tables, network, contexts, PRESETS["tiny"].flat, *size, regions=True)
        assert expected is not None
        assert expected.importance == levels_of(mask[: size[0], : size[1]], (3, 2)).tolist()
        symbols, planes, _ = found.receive(data)
        assert planes.done == expected.passes
        planes.add_to(symbols)
        assert {p: float(v) for p, v in expected.shown(tables).items()} == {
            p: float(symbols[p]) for p in np.ndindex(symbols.shape)
        }


def test_symbols_do_not_depend_on_threads_or_process(tiny_root: Path) -> None:
    picture = Picture(shades(100, 140, 6), disc(100, 140))
    data = nacre.encode(picture, codec=NAME, threads=1)
    half = len(data) // 2
    found = decoder(picture, encode(picture))
    parsed = parse_file(data).stream
    expected = [digest(found, parsed), digest(found, parsed[:half])]
    assert expected == [digest(decoder(picture, encode(picture), 2), s) for s in (parsed, parsed[:half])]
    code = (
        "import sys\n"
        "from test_codecs_progressive import digest\n"
        "from nacre import api\n"
        "from nacre.codecs.contract import DecodeOptions\n"
        "from nacre.codecs.registry import get_codec_by_number\n"
        "from nacre.container.file import parse_file\n"
        "data, half = sys.stdin.buffer.read(), int(sys.argv[1])\n"
        "parsed = parse_file(data)\n"
        "found = get_codec_by_number(1).decoder(api.coded(parsed), DecodeOptions(threads=2))\n"
        "print(digest(found, parsed.stream), digest(found, parsed.stream[:half]))\n"
    )
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parent)])
    for threads in ("1", "2"):
        env = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        answer = subprocess.run(
            [sys.executable, "-c", code, str(half)], input=data, capture_output=True, check=True, env=env
        )
        assert answer.stdout.decode().split() == expected


def test_pixels_of_several_threads_are_the_same_picture() -> None:
    picture = Picture(shades(100, 140, 6))
    encoded = encode(picture)
    one, two = (decoder(picture, encoded, n).best(encoded.stream).pixels.astype(int) for n in (1, 2))
    assert np.abs(one - two).max() <= 1


# Regions of interest


def test_levels_are_those_of_the_most_important_positions() -> None:
    mask = np.zeros((100, 130), np.uint8)
    assert levels_of(mask, (2, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]
    mask[:16, :16] = 255
    mask[70, 70] = 255  # a pixel is little of a position
    mask[96:, 128:] = 128  # and what the picture's edge cuts off counts as its last row and column
    assert levels_of(mask, (2, 3)).tolist() == [[2, 0, 0], [0, 0, 1]]
    assert levels_of(np.full((5, 5), 255, np.uint8), (1, 1)).tolist() == [[2]]


def test_levels_travel() -> None:
    levels = np.random.default_rng(0).integers(0, 3, (5, 7), np.uint8)
    coder = stream.BitEncoder()
    code_levels(coder, (5, 7), levels)
    data, _ = coder.finish()
    assert np.array_equal(code_levels(stream.BitDecoder(data), (5, 7), None), levels)
    with pytest.raises(stream.EndOfStreamError):
        code_levels(stream.BitDecoder(data[:-1]), (5, 7), None)


def test_regions_are_better_and_the_rest_is_worse() -> None:
    picture = Picture(shades(192, 256, 3))
    mask = np.zeros((192, 256), np.uint8)
    mask[64:128, 64:192] = 255
    inside = mask > 0
    plain, with_region = encode(picture), encode(picture, regions=mask)
    size = len(plain.stream) // 2
    errors = [
        np.square(pixels(picture, e, size).astype(float) - picture.pixels) for e in (plain, with_region)
    ]
    assert errors[1][inside].mean() < 0.9 * errors[0][inside].mean()
    assert errors[1][~inside].mean() > errors[0][~inside].mean()
    # In the end all is known, for some bytes of levels at most.
    assert np.array_equal(pixels(picture, plain), pixels(picture, with_region))
    assert abs(len(with_region.stream) - len(plain.stream)) < 20


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_region_that_is_everything_changes_nothing(value: int) -> None:
    picture = Picture(shades(70, 90, 3))
    plain, leveled = encode(picture), encode(picture, regions=np.full((70, 90), value, np.uint8))
    for share in (0.3, 0.7, 1.0):
        one = pixels(picture, plain, round(share * len(plain.stream)))
        other = pixels(picture, leveled, round(share * len(plain.stream)) + 2)
        assert psnr(one, picture.pixels) == pytest.approx(psnr(other, picture.pixels), abs=0.3)


# Options, parameters and weights


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x80", b"\xff", b"\x00\x00", b"\x01\x00"])
def test_parameters_that_cannot_be(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"update nacre\.$"):
        Parameters.parse(data)
    parsed = parse_file(nacre.encode(shades(20, 20), codec=NAME, threads=1))
    header = replace(parsed.header, parameters=data, rate_points=())
    file = header.pack() + nacre.encode(shades(20, 20), codec=NAME, threads=1)[parsed.header_bytes :]
    with pytest.raises(FormatError, match=r"update nacre\.$"):
        nacre.decode(file, threads=1)


def test_parameters_survive() -> None:
    for regions in (False, True):
        assert Parameters.parse(Parameters(regions).pack()) == Parameters(regions)


def test_iterations_are_refused() -> None:
    with pytest.raises(UsageError, match="progressive has no iterations"):
        nacre.encode(shades(8, 8), codec=NAME, iterations=3, threads=1)


def test_the_codec_describes_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    codec = get_codec_by_number(1)
    info = codec.describe()
    assert (info.name, info.number, info.family) == (NAME, 1, NAME)
    assert (info.progressive, info.byte_exact, info.adaptive_bits) == (True, True, False)
    assert info.weights == find_weights(NAME).tag
    assert info.weights_bytes > 10_000
    assert codec.rates == 0
    monkeypatch.setattr("nacre.runtime.weights.SHIPPED", tmp_path)
    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path))
    assert codec.describe().weights is None
    with pytest.raises(WeightsError, match="No weights of progressive are installed"):
        nacre.encode(shades(8, 8), codec=NAME, threads=1)


def test_streams_of_other_bytes_give_a_picture_or_an_error() -> None:
    picture = Picture(shades(40, 40), disc(40, 40))
    encoded = encode(picture)
    generator = np.random.default_rng(1)
    for _ in range(30):
        size = int(generator.integers(1, 400))
        try:
            found = decoder(picture, encoded).best(generator.bytes(size))
        except TruncatedError:
            continue
        assert found.pixels.shape == picture.pixels.shape
