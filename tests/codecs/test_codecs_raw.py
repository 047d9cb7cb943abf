"""Header-less streams: exactly the bytes that the paper counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recoding import encode, symbols

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.recurrent.raw import pack, unpack
from nacre.codecs.recurrent.unit_encoding import encode_units
from nacre.errors import LimitError, PictureError, TruncatedError, UsageError
from nacre.picture.picture import Picture
from nacre.runtime.weights import find_weights

pytestmark = pytest.mark.usefixtures("tiny_weights")

CODECS = {"residual-fc": 16, "lstm-fc": 16, "residual-conv": 8, "lstm-conv": 8}


def bits_of(codes: Any) -> bytes:
    """Iterations, rows, columns, channels; +1 is 1; first bit highest; zeros at the end."""
    text = ""
    for iteration in codes.tolist():
        for row in iteration:
            for cell in row:
                text += "".join("1" if value > 0 else "0" for value in cell)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


@pytest.mark.parametrize(
    ("codec", "iterations", "size"),
    [
        ("residual-fc", 1, 8),
        ("residual-fc", 8, 64),
        ("residual-fc", 16, 128),
        ("lstm-fc", 8, 64),
        ("lstm-fc", 16, 128),
        ("residual-conv", 1, 16),
        ("residual-conv", 4, 64),
        ("residual-conv", 8, 128),
        ("lstm-conv", 4, 64),
        ("lstm-conv", 8, 128),
        ("static-conv", 1, 64),
        ("static-conv", 2, 128),
    ],
)
def test_a_thumbnail_has_the_bytes_of_the_paper(codec: str, iterations: int, size: int) -> None:
    picture = shades(32, 32, 3)
    data = nacre.encode_raw(picture, codec=codec, iterations=iterations, threads=1)
    assert len(data) == size
    assert nacre.decode_raw(data, codec=codec, size=(32, 32), threads=1).size == (32, 32)


@pytest.mark.parametrize(("codec", "iterations"), CODECS.items())
@pytest.mark.parametrize("size", [(1, 1), (17, 33), (40, 30)])
def test_streams_are_the_codes_of_the_file(codec: str, iterations: int, size: tuple[int, int]) -> None:
    picture = Picture(shades(*size, 2))
    encoded = encode(picture, None, codec=codec)
    codes = symbols(encoded, picture, codec=codec).codes
    assert len(codes) == iterations
    data = nacre.encode_raw(picture, codec=codec, threads=1)
    assert data == bits_of(codes)
    assert len(data) == -(-codes.size // 8)


@pytest.mark.parametrize("codec", CODECS)
def test_pictures_have_the_error_that_the_encoder_measured(codec: str) -> None:
    picture = Picture(shades(33, 50, 4))
    units = encode_units(picture, find_weights(codec), 4, 1)
    for t in range(1, 5):
        data = nacre.encode_raw(picture, codec=codec, iterations=t, threads=1)
        found = np.asarray(nacre.decode_raw(data, codec=codec, size=(50, 33), threads=1)).astype(float)
        assert ((found - picture.pixels) ** 2).sum() == pytest.approx(units.errors[t].sum(), rel=1e-4)


@pytest.mark.parametrize("codec", CODECS)
def test_a_prefix_holds_its_whole_iterations(codec: str) -> None:
    picture = shades(16, 40, 5)
    data = nacre.encode_raw(picture, codec=codec, iterations=4, threads=1)
    step = len(data) // 4
    shown = [
        np.asarray(nacre.decode_raw(data[: t * step], codec=codec, size=(40, 16), threads=1))
        for t in (1, 2, 3, 4)
    ]
    assert data[: 2 * step] == nacre.encode_raw(picture, codec=codec, iterations=2, threads=1)
    for length in range(step, 4 * step + 1, max(1, step // 3)):
        found = nacre.decode_raw(data[:length], codec=codec, size=(40, 16), threads=1)
        assert np.array_equal(np.asarray(found), shown[length // step - 1])
    for t, expected in enumerate(shown, 1):
        found = nacre.decode_raw(data, codec=codec, size=(40, 16), iterations=t, threads=1)
        assert np.array_equal(np.asarray(found), expected)
    with pytest.raises(TruncatedError, match=rf"has {step} bytes, more than the {step - 1} at hand"):
        nacre.decode_raw(data[: step - 1], codec=codec, size=(40, 16), threads=1)


def test_one_patch_needs_the_number_of_its_iterations() -> None:
    data = nacre.encode_raw(shades(8, 8), codec="lstm-fc", iterations=3, threads=1)
    assert len(data) == 2
    exact = nacre.decode_raw(data, codec="lstm-fc", size=(8, 8), iterations=3, threads=1)
    more = nacre.decode_raw(data, codec="lstm-fc", size=(8, 8), threads=1)
    assert not np.array_equal(np.asarray(exact), np.asarray(more))


def test_gray_pictures_have_streams_too() -> None:
    data = nacre.encode_raw(gray(16, 24), codec="residual-fc", threads=1)
    assert len(data) == 6 * 16 // 2
    assert nacre.decode_raw(data, codec="residual-fc", size=(24, 16), threads=1).mode == "RGB"


def test_static_conv_knows_its_rate_by_the_length() -> None:
    picture = shades(33, 20, 6)
    for rate, size in ((1, 128), (2, 256)):
        data = nacre.encode_raw(picture, codec="static-conv", iterations=rate, threads=1)
        assert len(data) == size
        expected = nacre.decode(
            nacre.encode(picture, codec="static-conv", iterations=rate, threads=1), threads=1
        )
        found = nacre.decode_raw(data, codec="static-conv", size=(20, 33), threads=1)
        assert np.array_equal(np.asarray(found), np.asarray(expected))
        for wrong in (data[:-1], data + b"\0"):
            with pytest.raises(TruncatedError, match=f"has not {len(wrong)} bytes at any rate"):
                nacre.decode_raw(wrong, codec="static-conv", size=(20, 33), threads=1)


def test_what_has_no_such_stream_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gru-conv has no header-less streams"):
        nacre.encode_raw(shades(8, 8), codec="gru-conv")
    with pytest.raises(UsageError, match="gru-conv has no header-less streams"):
        nacre.decode_raw(b"\0" * 64, codec="gru-conv", size=(32, 32))
    with pytest.raises(PictureError, match="transparency"):
        nacre.encode_raw(Picture(shades(8, 8), disc(8, 8)), codec="residual-fc")
    with pytest.raises(UsageError, match="1 to 16 iterations, not 17"):
        nacre.encode_raw(shades(8, 8), codec="residual-fc", iterations=17)
    for size in ((0, 8), (8, -1)):
        with pytest.raises(UsageError, match="cannot have the size"):
            nacre.decode_raw(b"\0" * 64, codec="residual-fc", size=size)
    with pytest.raises(UsageError, match="iterations cannot be 0"):
        nacre.decode_raw(b"\0" * 64, codec="residual-fc", size=(8, 8), iterations=0)
    with pytest.raises(LimitError):
        nacre.decode_raw(b"\0" * 64, codec="residual-fc", size=(100, 100), max_pixels=9_999)


@settings(max_examples=50)
@given(
    st.integers(1, 5),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([4, 8, 16]),
    st.integers(0, 2**32 - 1),
)
def test_packing_and_its_inverse(count: int, height: int, width: int, channels: int, seed: int) -> None:
    codes = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (count, height, width, channels))
    data = pack(codes)
    assert data == bits_of(codes)
    found = unpack(data, height, width, channels, 16, count)
    assert found.dtype == np.int8
    assert np.array_equal(found, codes)
    assert np.array_equal(unpack(data, height, width, channels, 16)[:count], codes)
    assert np.array_equal(unpack(data + b"\xff" * 9999, height, width, channels, count), codes)
