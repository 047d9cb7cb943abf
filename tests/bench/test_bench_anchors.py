from __future__ import annotations

import sys

import numpy as np
import pytest
from photograph import photograph

from nacre.bench.anchors import ANCHORS, anchor, largest_within
from nacre.bench.contract import Pixels
from nacre.errors import TargetError, UsageError
from nacre.picture.metrics import psnr

PILLOW = [name for name in ANCHORS if name not in {"jxl", "jpegli", "openjpeg"}]
SIGNATURES = {
    "jpeg": b"\xff\xd8\xff",
    "webp": b"RIFF",
    "avif": b"\0\0\0",
    "jpeg2000": b"\0\0\0\x0cjP  ",
    "jxl": b"\xff\x0a",
    "openjpeg": b"\0\0\0\x0cjP  ",
}


def needs(name: str) -> None:
    if name not in PILLOW:
        pytest.importorskip("imagecodecs")


@pytest.mark.parametrize("name", [name for name in ANCHORS if name != "jpegli"])
def test_an_anchor_makes_real_files_that_grow_and_get_better(name: str, pixels: Pixels) -> None:
    needs(name)
    codec = anchor(name, threads=2)
    settings = [codec.ladder[len(codec.ladder) // 3], codec.ladder[-3]]
    coarse, fine = (codec.encode(pixels, setting) for setting in settings)
    assert fine.startswith(SIGNATURES[name.partition(":")[0]])
    assert len(coarse) < len(fine) < pixels.size
    decoded = codec.decode(fine)
    assert decoded.shape == pixels.shape
    assert decoded.dtype == np.uint8
    assert psnr(pixels, decoded) > max(24.0, psnr(pixels, codec.decode(coarse)))


@pytest.mark.parametrize("name", ANCHORS)
def test_ladders_and_scales_rise_without_repeating(name: str) -> None:
    if name == "jpegli":
        pytest.skip("imagecodecs' wheels have no jpegli")
    needs(name)
    codec = anchor(name)
    falling = name in {"jpeg2000", "jxl"}  # a ratio and a distance: the larger, the smaller the file
    for settings in (codec.ladder, codec.scale):
        steps = np.diff(settings)
        assert np.all(steps < 0 if falling else steps > 0)
    labels = [codec.label(setting) for setting in codec.ladder]
    assert len(set(labels)) == len(labels)
    low, high = sorted(codec.scale)[0], sorted(codec.scale)[-1]
    assert all(low <= setting <= high for setting in codec.ladder)


@pytest.mark.parametrize("name", ["jpeg:420", "webp", "jpeg2000"])
def test_points_are_whole_files_with_their_size_and_can_be_made_again(name: str, pixels: Pixels) -> None:
    codec = anchor(name)
    points = list(codec.points(pixels))
    assert len(points) == len(codec.ladder)
    for point in points[::4]:
        assert point.size == len(point.data)
        assert point.seconds > 0
        assert codec.repeat(pixels, point.setting) == point.data


def test_chroma_subsampling_is_what_the_name_says() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[:, ::2] = (255, 0, 0)  # alternate columns of colour: half the chroma resolution cannot hold them
    for full, half in (("jpeg:444", "jpeg:420"), ("avif:444", "avif")):
        worse, better = (psnr(red, anchor(n).decode(anchor(n).encode(red, 90))) for n in (half, full))
        assert better > worse + 6


def test_jpeg2000_uses_the_colour_transform(pixels: Pixels) -> None:
    gray = np.repeat(pixels[..., :1], 3, axis=2)
    codec = anchor("jpeg2000")
    assert (
        psnr(gray, codec.decode(codec.encode(gray, 24)))
        > psnr(pixels, codec.decode(codec.encode(pixels, 24))) + 2
    )


@pytest.mark.parametrize(
    "name", ["jpeg:420", "jpeg:progressive", "webp", "avif", "jpeg2000", "jxl", "openjpeg"]
)
def test_the_search_fills_the_bytes_it_may_use(name: str, pixels: Pixels) -> None:
    needs(name)
    codec, limit = anchor(name), 1800
    fit = largest_within(codec, pixels, limit)
    assert 0.85 * limit < len(fit.data) <= limit
    assert codec.encode(pixels, fit.setting) == fit.data
    above = codec.scale.index(fit.setting) + 1
    assert above == len(codec.scale) or len(codec.encode(pixels, codec.scale[above])) > limit


def test_the_search_takes_the_best_setting_if_all_fit(pixels: Pixels) -> None:
    assert largest_within(anchor("jpeg:420"), pixels, 10**6).setting == 100


def test_the_search_names_the_smallest_file_if_none_fits(pixels: Pixels) -> None:
    smallest = len(anchor("jpeg:420").encode(pixels, 1))
    with pytest.raises(TargetError, match=f"has {smallest} bytes; allow more than 100$"):
        largest_within(anchor("jpeg:420"), pixels, 100)


@pytest.mark.parametrize("name", PILLOW)
@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (17, 5)])
def test_small_pictures_keep_their_shape(name: str, shape: tuple[int, int]) -> None:
    picture = photograph(1, *shape)
    codec = anchor(name)
    assert codec.decode(codec.encode(picture, codec.ladder[-4])).shape == picture.shape


def test_an_unknown_anchor_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no anchor 'gif'"):
        anchor("gif")


@pytest.mark.parametrize("name", ["jxl", "openjpeg", "jpegli"])
def test_without_imagecodecs_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(UsageError, match=r"pip install nacre\[bench\]"):
        anchor(name)


def test_a_codec_that_imagecodecs_lacks_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    monkeypatch.setattr(imagecodecs.JPEGXL, "available", False)
    with pytest.raises(UsageError, match="has no jpegxl"):
        anchor("jxl")
