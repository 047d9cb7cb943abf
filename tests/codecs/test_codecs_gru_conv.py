"""Structural facts of `gru-conv` (recurrent.md 9.1) with a tiny network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from recoding import compress, decoder, encode, pixels, symbols, to_file

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.recurrent import steps
from nacre.codecs.recurrent.entropy import MIX, RAW, TABLES
from nacre.codecs.recurrent.parameters import Parameters
from nacre.codecs.recurrent.steps import ENCODER_FILE, HEAD_FILE, TRUNK_FILE
from nacre.codecs.recurrent.stream import NEVER, PASSES, Iterations
from nacre.errors import FormatError, LimitError, TruncatedError, UsageError, WeightsError
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture

pytestmark = pytest.mark.usefixtures("tiny_weights")

SIZES = [(1, 1), (5, 7), (7, 5), (8, 8), (33, 17), (32, 31), (3, 500), (500, 3), (1, 40), (16, 16)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["RGB", "gray", "alpha"])
def test_any_size(size: tuple[int, int], kind: str) -> None:
    picture = Picture(
        gray(*size) if kind == "gray" else shades(*size), disc(*size) if kind == "alpha" else None
    )
    data = to_file(picture)
    found = nacre.api.decompress(data, threads=1)
    assert found.pixels.shape == picture.pixels.shape
    assert psnr(found.pixels, picture.pixels) == pytest.approx(compress(picture).psnr, abs=0.02)
    if picture.alpha is None:
        assert found.alpha is None
    else:
        assert np.array_equal(found.alpha, picture.alpha)


def test_shape_and_type_of_codes() -> None:
    picture = Picture(shades(33, 65))
    codes = symbols(encode(picture, 5), picture).codes
    assert (codes.shape, codes.dtype) == ((5, 3, 5, 8), np.int8)
    assert set(np.unique(codes)) == {-1, 1}


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_codes_do_not_depend_on_how_many_iterations_follow(count: int) -> None:
    picture = Picture(shades(60, 80, 5))
    whole, short = encode(picture, 16), encode(picture, count)
    few, many = symbols(short, picture), symbols(whole, picture)
    assert np.array_equal(few.codes, many.codes[:count])
    assert few.floors == many.floors[:count]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_prefix_of_whole_iterations_is_the_shorter_encode(count: int) -> None:
    picture = Picture(shades(60, 80, 5))
    whole, short = encode(picture, 16), encode(picture, count)
    (end,) = [layer.end for layer in whole.layers if layer.iteration == count and layer.whole]
    cut = symbols(whole, picture, end)
    alone = symbols(short, picture)
    assert np.array_equal(cut.codes[:count], alone.codes)
    assert cut.shown() == alone.shown()
    assert not cut.codes[count:].any()
    assert np.array_equal(pixels(whole, picture, end), pixels(short, picture))


def test_one_picture_leaves_nothing_for_the_next() -> None:
    first, second = Picture(shades(40, 50, 1)), Picture(shades(40, 50, 2))
    alone = encode(second)
    encode(first)
    again = encode(second)
    assert (again.stream, again.layers) == (alone.stream, alone.layers)


def test_encoding_twice_gives_the_same_bytes() -> None:
    picture = Picture(shades(48, 64, 3), disc(48, 64))
    assert to_file(picture) == to_file(picture)


@pytest.mark.parametrize(
    "picture",
    [
        Picture(shades(40, 56, 7)),
        Picture(shades(33, 20, 8), disc(33, 20)),
        Picture(gray(17, 33, 9)),
        Picture(shades(1, 1, 3), np.array([[9]], np.uint8)),
    ],
    ids=["RGB", "alpha", "gray", "one pixel"],
)
def test_every_length_decodes_or_says_that_it_is_too_short(picture: Picture) -> None:
    encoded = compress(picture, iterations=6)
    data, least = encoded.data, encoded.layers[0].file_bytes
    best, known = 0.0, 0
    for length in range(1, len(data) + 1):
        if length < least:
            with pytest.raises(TruncatedError):
                nacre.decode(data[:length], threads=1)
            continue
        image = nacre.api.decompress(data[:length], threads=1)
        quality = psnr(image.pixels, picture.pixels)
        assert quality >= best
        best = quality
        (shown,) = [layer.psnr for layer in encoded.layers if layer.file_bytes <= length][-1:]
        assert quality == pytest.approx(shown, abs=0.01)
    stream = nacre.container.file.parse_file(data).stream
    received = decoder(encode(picture, 6), picture)
    for length in range(len(stream) + 1):
        certain = int(np.count_nonzero(received.receive(stream[:length])[0].codes))
        assert certain >= known
        known = certain


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("fast", [False, True])
def test_quality_never_falls_along_the_layers(seed: int, fast: bool) -> None:
    height, width = np.random.default_rng(seed).integers(1, 90, 2)
    picture = Picture(shades(height, width, seed))
    encoded = encode(picture, 12, fast=fast)
    stated = [layer.psnr for layer in encoded.layers]
    assert stated == sorted(stated)
    found = decoder(encoded, picture)
    measured = [psnr(found.best(encoded.stream[: x.end]).pixels, picture.pixels) for x in encoded.layers]
    assert all(b >= a for a, b in pairwise(measured))
    # Where several layers end at one byte the last one shows.
    last = {layer.end: layer.psnr for layer in encoded.layers}
    assert measured == pytest.approx([last[layer.end] for layer in encoded.layers], abs=1e-6)


def test_some_partial_iterations_are_worth_showing() -> None:
    floors = [
        floor
        for seed in range(6)
        for floor in symbols(encode(Picture(shades(70, 60, seed))), Picture(shades(70, 60, seed))).floors
    ]
    assert {1, 4, NEVER} <= set(floors)
    assert len(set(floors)) == NEVER
    fast = symbols(encode(Picture(shades(70, 60)), fast=True), Picture(shades(70, 60))).floors
    assert set(fast) <= {PASSES, NEVER}


def test_layers_end_at_the_first_byte_that_decides_them() -> None:
    picture = Picture(shades(50, 60, 4), disc(50, 60))
    encoded = encode(picture, 4)
    found = decoder(encoded, picture)
    assert len(encoded.layers) == 4 * PASSES
    for index, layer in enumerate(encoded.layers):
        assert (layer.iteration, layer.whole) == (index // PASSES + 1, index % PASSES == PASSES - 1)
        assert sum(found.receive(encoded.stream[: layer.end])[0].received) >= index + 1
        assert sum(found.receive(encoded.stream[: layer.end - 1])[0].received) < index + 1


def test_bytes_that_follow_the_stream_do_not_matter() -> None:
    picture = Picture(shades(30, 30))
    encoded = encode(picture, 3)
    expected = pixels(encoded, picture)
    for tail in (b"\x00" * 9, b"\xff" * 9):
        assert np.array_equal(decoder(encoded, picture).best(encoded.stream + tail).pixels, expected)


def test_gray_stays_gray_and_costs_no_color() -> None:
    image = nacre.decode(to_file(gray(40, 40)[..., 0]), threads=1)
    assert image.mode == "L"


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (130, 70)])
def test_alpha_is_exact_at_the_end_and_there_from_the_first_layer(shape: tuple[int, int]) -> None:
    alpha = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    encoded = compress(Picture(shades(*shape), alpha))
    assert np.array_equal(np.asarray(nacre.decode(encoded.data, threads=1))[..., 3], alpha)
    coarse = np.asarray(nacre.decode(encoded.data[: encoded.layers[0].file_bytes], threads=1))[..., 3]
    assert np.array_equal(coarse[::64, ::64], alpha[::64, ::64])


def test_raw_is_chosen_where_tables_cost_more() -> None:
    entropies = set()
    for picture in (Picture(shades(72, 96, 1)), Picture(shades(72, 96, 2)), Picture(shades(1, 1))):
        encoded = encode(picture)
        assert len(encoded.stream) <= symbols(encoded, picture).codes.size / 8 * 1.001 + 8
        entropies.add(Parameters.parse(encoded.parameters).entropy)
    assert entropies == {RAW, TABLES}


# Weights


@pytest.fixture
def copied(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the weights that may be harmed."""
    folder = tmp_path / "weights" / "gru-conv"
    shutil.copytree(tiny_weights / "gru-conv", folder)
    monkeypatch.setenv("NACRE_WEIGHTS", str(folder.parent))
    return folder


def test_decoding_needs_no_encoder(copied: Path) -> None:
    data = to_file(shades(40, 40))
    expected = np.asarray(nacre.decode(data, threads=1))
    (copied / ENCODER_FILE).unlink()
    code = (
        "import sys, nacre\n"
        "sys.stdout.buffer.write(nacre.decode(sys.stdin.buffer.read(), threads=1).tobytes())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, check=True, env=os.environ
    )
    assert found.stdout == expected.tobytes()


@pytest.mark.parametrize("name", [TRUNK_FILE, HEAD_FILE, "tables.npz"])
@pytest.mark.parametrize("harm", ["flip", "empty", "missing"])
def test_damaged_weights(copied: Path, name: str, harm: str) -> None:
    data = Path(__file__).parents[1] / "golden" / "files" / "rgb.nacre"
    path = copied / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if harm == "empty" else content)
    with pytest.raises(WeightsError, match=rf"{name}.*install nacre again\.$"):
        nacre.decode(data, threads=1)


def test_a_record_that_names_no_network(copied: Path) -> None:
    record = copied / "record.json"
    record.write_text(record.read_text().replace('"network"', '"net"'))
    with pytest.raises(WeightsError, match="does not describe a network"):
        to_file(shades(20, 20))


def test_weights_that_are_not_installed() -> None:
    data = bytearray((Path(__file__).parents[1] / "golden" / "files" / "rgb.nacre").read_bytes())
    parsed = nacre.container.file.parse_file(bytes(data))
    import dataclasses

    header = dataclasses.replace(parsed.header, weights_tag=b"\xde\xad\xbe\xef")
    with pytest.raises(WeightsError, match="deadbeef"):
        nacre.decode(header.pack() + bytes(data[parsed.header_bytes :]), threads=1)
    with pytest.raises(WeightsError, match="deadbeef"):
        list(nacre.open(header.pack() + bytes(data[parsed.header_bytes :]), threads=1).pictures())


# Options and parameters


@pytest.mark.parametrize("count", [0, 17, -1])
def test_iterations_out_of_range(count: int) -> None:
    with pytest.raises(UsageError, match="1 to 16"):
        to_file(shades(8, 8), iterations=count)


def test_parameters_survive() -> None:
    for iterations in (1, 16):
        for entropy in (RAW, TABLES, MIX):
            for reconstruction in ("additive", "one-shot"):
                for dynamic, priming in ((False, 0), (True, 1), (False, 2), (True, 3)):
                    given = Parameters(iterations, entropy, reconstruction, 16, dynamic, priming)
                    assert Parameters.parse(given.pack()) == given


@pytest.mark.parametrize("flags", [0x06, 0x40, 0x60, 0x80])
def test_reserved_bits_are_refused(flags: int) -> None:
    with pytest.raises(FormatError, match="update nacre"):
        Parameters.parse(bytes([8, flags, 0]))


@pytest.mark.parametrize("data", [b"", b"\x08\x00", b"\x08\x00\x00\x00", b"\x00\x00\x00", b"\x11\x00\x00"])
def test_parameters_that_cannot_be(data: bytes) -> None:
    with pytest.raises(FormatError):
        Parameters.parse(data)


def test_views_of_what_was_received() -> None:
    received = Iterations(np.zeros((3, 1, 1, 1), np.int8), floors=[3, 1, 5], received=[4, 2, 4])
    assert received.shown() == [(1, 1), (1, 3), (1, 4), (2, 1), (2, 2)]
    assert Iterations(received.codes, floors=[], received=[1]).shown() == [(1, 1)]
    assert Iterations(received.codes, floors=[], received=[0]).shown() == []


def test_strips_of_the_decoder_head_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Picture(shades(150, 70, 2))
    encoded = encode(picture, 3)
    whole = pixels(encoded, picture)
    monkeypatch.setattr(steps, "STRIP_ROWS", 7)
    strips = pixels(encoded, picture)
    assert np.abs(whole.astype(int) - strips).max() <= 1
    assert (whole != strips).mean() < 0.001


def test_the_codec_describes_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (info,) = (found for found in nacre.list_codecs() if found.number == 7)
    assert (info.name, info.number, info.family) == ("gru-conv", 7, "recurrent")
    assert info.progressive
    assert info.weights is not None
    assert info.weights_bytes > 10_000
    assert info.as_dict()["licence"] == "CC0-1.0"
    monkeypatch.setattr("nacre.runtime.weights.SHIPPED", tmp_path)
    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path))
    assert all(info.weights is None for info in nacre.list_codecs())
    with pytest.raises(WeightsError, match="No weights of gru-conv are installed"):
        to_file(shades(8, 8))


def test_headers_that_ask_for_much_are_stopped() -> None:
    data = to_file(shades(40, 50))
    with pytest.raises(LimitError, match="2,000 pixels, more than 1,999"):
        nacre.decode(data, max_pixels=1999, threads=1)
    assert nacre.decode(data, max_pixels=2000, threads=1).size == (50, 40)
