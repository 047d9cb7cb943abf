from __future__ import annotations

from pathlib import Path

import pytest
from bitplanes import HEAD, PlanesApi, plane_bytes
from photograph import photograph

from nacre import api
from nacre.bench.contract import Pixels
from nacre.bench.measure import measure
from nacre.bench.ours import raw_bytes
from nacre.bench.registry import open_codec, open_codecs
from nacre.errors import UsageError


def test_one_encode_gives_every_prefix(planes_api: PlanesApi, pixels: Pixels) -> None:
    codec = open_codec("gru-conv")
    points = list(codec.points(pixels))
    assert planes_api.encodes == 1
    whole = points[-1].data
    assert whole.endswith(b"tail"), "the last point counts the whole file"
    assert [point.setting for point in points] == [f"iteration {k}" for k in (1, 2, 3, 4, 5, 6, 8)], (
        "the first layer is the first iteration"
    )
    for point in points:
        assert whole.startswith(point.data)
        assert point.size == len(point.data)


def test_prefixes_are_decoded_from_their_own_bytes(planes_api: PlanesApi, pixels: Pixels) -> None:
    rows = measure(open_codec("gru-conv:iterations=3"), pixels)
    assert [row.setting for row in rows] == ["iteration 1", "iteration 2", "iteration 3"]
    assert rows[0].psnr < rows[1].psnr < rows[2].psnr
    assert rows[1].bytes == HEAD.size + 2 * plane_bytes(48, 64)
    assert rows[1].bpp == pytest.approx(8 * rows[1].bytes / (48 * 64))


def test_raw_counts_codes_without_coder_and_head(planes_api: PlanesApi, pixels: Pixels) -> None:
    raw, coded = (measure(open_codec(name), pixels) for name in ("gru-conv:raw", "gru-conv"))
    assert [row.bpp for row in raw] == pytest.approx([k / 8 for k in (1, 2, 3, 4, 5, 6, 8)])
    assert [row.psnr for row in raw] == [row.psnr for row in coded]


def test_a_search_is_what_the_encoder_does(tiny_weights: Path) -> None:
    pixels = photograph(0)
    *_, last = open_codec("gru-conv:iterations=2:search=3").points(pixels)
    assert last.data == api.encode(pixels, codec="gru-conv", iterations=2, search=3)
    assert last.data != api.encode(pixels, codec="gru-conv", iterations=2)


def test_raw_bytes_count_whole_cells() -> None:
    assert raw_bytes("gru-conv", 512, 768, 4) == 512 * 768 // 16
    assert raw_bytes("gru-conv", 17, 1, 1) == 8
    with pytest.raises(UsageError, match="no raw codes"):
        raw_bytes("progressive", 16, 16, 1)


def test_a_first_layer_below_an_iteration_is_a_point(tiny_weights: Path) -> None:
    points = list(open_codec("gru-conv:iterations=2").points(photograph(0)))
    assert [point.setting for point in points] == ["first layer", "iteration 1", "iteration 2"]


@pytest.mark.parametrize(
    ("codec", "settings"),
    [
        ("residual-fc", ["first layer", *(f"iteration {k}" for k in (2, 4, 8, 12, 16))]),
        ("lstm-conv", [f"iteration {k}" for k in (1, 2, 4, 6, 8)]),
        ("lstm-fc:iterations=3", ["first layer", "iteration 2", "iteration 3"]),
    ],
)
def test_codecs_of_units_are_measured_at_fewer_iterations(
    codec: str, settings: list[str], tiny_weights: Path
) -> None:
    points = list(open_codec(codec).points(photograph(0, 20, 40)))
    assert [point.setting for point in points] == settings
    assert all(points[-1].data.startswith(point.data) for point in points)


def test_a_codec_that_is_not_progressive_has_a_file_a_rate(tiny_weights: Path) -> None:
    pixels = photograph(0, 20, 40)
    codec = open_codec("static-conv")
    assert codec.description.endswith("one file a rate")
    rows = measure(codec, pixels)
    assert [row.setting for row in rows] == ["rate 1", "rate 2"]
    assert rows[0].bytes < rows[1].bytes
    for point in codec.points(pixels):
        assert codec.repeat(pixels, point.setting) == point.data
    (one,) = open_codec("static-conv:iterations=1").points(pixels)
    assert one.data == api.encode(pixels, codec="static-conv", iterations=1)


@pytest.mark.parametrize("codec", ["residual-fc", "lstm-fc", "residual-conv", "lstm-conv"])
@pytest.mark.parametrize("size", [(8, 8), (33, 40)])
def test_raw_bytes_are_those_of_a_raw_stream(codec: str, size: tuple[int, int], tiny_weights: Path) -> None:
    for iterations in (1, 3):
        data = api.encode_raw(photograph(0, *size), codec=codec, iterations=iterations)
        assert raw_bytes(codec, *size, iterations) == len(data)


def test_iterations_of_equal_size_are_progressive_codecs_alone() -> None:
    with pytest.raises(UsageError, match="no raw codes"):
        raw_bytes("static-conv", 32, 32, 1)


def test_raw_sizes_of_units(tiny_weights: Path) -> None:
    rows = measure(open_codec("lstm-conv:raw"), photograph(0, 32, 64))
    assert [row.bpp for row in rows] == [k / 8 for k in (1, 2, 4, 6, 8)]


def test_names_carry_options(planes_api: PlanesApi) -> None:
    long = ("gru-conv:iterations=16", "gru-conv:raw:iterations=16", "gru-conv:iterations=3:search=2")
    for name in ("gru-conv", "gru-conv:raw", *long):
        codec = open_codec(name)
        assert codec.name == name
        assert "0a1b2c3d" in codec.description
        assert "0a1b2c3d" in codec.identity


@pytest.mark.parametrize(
    "name",
    ["gru-conv:fast", "gru-conv:iterations=0", "gru-conv:iterations=x", "gru-conv:search=0", "gru", "jpeg"],
)
def test_unknown_codecs_and_options_are_usage_errors(planes_api: PlanesApi, name: str) -> None:
    with pytest.raises(UsageError):
        open_codec(name)


def test_codecs_are_named_once_and_at_least_once(planes_api: PlanesApi) -> None:
    with pytest.raises(UsageError, match="named twice"):
        open_codecs(["webp", "jpeg:420", "webp"])
    with pytest.raises(UsageError, match="at least one"):
        open_codecs([])
