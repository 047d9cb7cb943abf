"""The library's public face."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

import nacre
from golden.drawing import disc, gray, shades
from nacre import api
from nacre.codecs.targets import Prefix, better_prefixes
from nacre.container.file import parse_file
from nacre.errors import (
    FormatError,
    LimitError,
    NacreError,
    NacreWarning,
    PictureError,
    TargetError,
    TruncatedError,
    UsageError,
)
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture

pytestmark = pytest.mark.usefixtures("tiny_weights")

PIXELS = shades(60, 80, 5)


@pytest.fixture(scope="module")
def data(tiny_root: Path) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NACRE_WEIGHTS", str(tiny_root))
        return nacre.encode(PIXELS, threads=1)


@pytest.fixture(scope="module")
def long_data(tiny_root: Path) -> bytes:
    """A file of several segments."""
    picture = np.dstack([shades(800, 960, 5), disc(800, 960)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NACRE_WEIGHTS", str(tiny_root))
        return nacre.encode(picture, threads=1)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image)


# Names


def test_public_names_are_sorted_and_there() -> None:
    assert nacre.__all__ == sorted(nacre.__all__)
    assert dir(nacre) == nacre.__all__
    for name in nacre.__all__:
        assert getattr(nacre, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'decompose'"):
        nacre.decompose  # noqa: B018


def test_public_functions_say_what_they_do() -> None:
    for name in nacre.__all__:
        value = getattr(nacre, name)
        assert name == "__version__" or value.__doc__


@pytest.mark.parametrize("module", ["nacre", "nacre.api", "nacre.container.file", "nacre.cli"])
def test_importing_needs_the_standard_library_alone(module: str) -> None:
    others = {"numpy", "PIL", "onnxruntime", "constriction", "torch", "rich"}
    code = f"import sys, {module}; print({others} & set(sys.modules) or None)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "None"


def test_info_needs_the_standard_library_alone(data: bytes) -> None:
    code = "import sys, nacre; nacre.info(sys.stdin.buffer.read()); print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert found.stdout.strip() == b"False"


def test_every_error_has_its_own_exit_code() -> None:
    errors = [getattr(nacre, n) for n in nacre.__all__ if n.endswith("Error") and n != "NacreError"]
    assert sorted(e.exit_code for e in errors) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert all(issubclass(e, NacreError) for e in errors)


# What goes in


def test_every_kind_of_picture_gives_the_same_file(data: bytes, tmp_path: Path) -> None:
    image = Image.fromarray(PIXELS)
    path = tmp_path / "picture.png"
    image.save(path)
    png = path.read_bytes()
    files = (path, str(path), png, bytearray(png), memoryview(png), io.BytesIO(png))
    for given in (image, PIXELS, Picture(PIXELS), *files):
        assert nacre.encode(given, threads=1) == data


def test_arrays_by_their_shape() -> None:
    modes = {(20, 30): "L", (20, 30, 3): "RGB", (20, 30, 4): "RGBA"}
    for shape, mode in modes.items():
        array = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        image = nacre.decode(nacre.encode(array, threads=1), threads=1)
        assert (image.mode, image.size) == (mode, (30, 20))


@pytest.mark.parametrize("given", [None, 5, 1.5, [[1, 2]], {"a": 1}, object()])
def test_other_types_are_type_errors(given: Any) -> None:
    with pytest.raises(TypeError):
        nacre.encode(given)
    for function in (nacre.decode, nacre.info, nacre.open, lambda x: nacre.cut(x, bytes=100)):
        with pytest.raises(TypeError, match="expected bytes, a path or a binary file object, not"):
            function(given)


def test_text_streams_are_type_errors() -> None:
    with pytest.raises(TypeError, match="binary"):
        nacre.decode(io.StringIO("text"))  # type: ignore[arg-type]


@pytest.mark.parametrize("array", [np.zeros((4, 4), np.float32), np.zeros((4, 4), np.int64)])
def test_arrays_of_other_types(array: np.ndarray) -> None:
    with pytest.raises(TypeError, match="uint8"):
        nacre.encode(array)


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_below_one(data: bytes, threads: int) -> None:
    for call in (
        lambda: nacre.encode(PIXELS, threads=threads),
        lambda: nacre.decode(data, threads=threads),
        lambda: nacre.open(data, threads=threads),
    ):
        with pytest.raises(UsageError, match="at least 1"):
            call()


def test_limits_of_pixels(data: bytes) -> None:
    with pytest.raises((LimitError, PictureError)):
        nacre.encode(PIXELS, max_pixels=4799, threads=1)
    with pytest.raises(LimitError, match="4,800 pixels"):
        nacre.decode(data, max_pixels=4799)
    with pytest.raises(LimitError), nacre.open(data, max_pixels=4799) as reader:
        list(reader.pictures())


def test_narrow_pictures_count_as_wide_as_codecs_pad_them(data: bytes) -> None:
    parsed = parse_file(data)
    header = dataclasses.replace(parsed.header, width=2_000_000, height=1)
    narrow = header.pack() + data[parsed.header_bytes :]
    with pytest.raises(LimitError, match="2,000,000 x 1 needs the memory of 64,000,000 pixels"):
        nacre.decode(narrow, max_pixels=63_000_000)
    header = dataclasses.replace(header, width=40_000)
    with pytest.raises(LimitError, match="the memory of 1,280,000 pixels"):
        nacre.decode(header.pack() + data[parsed.header_bytes :], max_pixels=40_000)
    one = nacre.encode(shades(1, 1), threads=1)
    assert nacre.decode(one, max_pixels=1, threads=1).size == (1, 1)


@pytest.mark.parametrize("size", [(10_000, 1), (1, 10_000)])
def test_very_narrow_pictures(size: tuple[int, int]) -> None:
    picture = np.resize(shades(100, 100), (*size, 3))
    data = nacre.encode(picture, threads=1)
    assert nacre.decode(data, threads=1).size == size[::-1]


def test_unknown_codec() -> None:
    with pytest.raises(UsageError, match=r"choose one of: progressive, gru-conv, residual-fc"):
        nacre.encode(PIXELS, codec="jpeg")


def test_the_result_of_compress(data: bytes) -> None:
    found = nacre.compress(PIXELS, threads=1)
    assert found.data == data
    assert (found.width, found.height, found.codec) == (80, 60, "progressive")
    assert found.bpp == pytest.approx(8 * len(data) / 4800)
    assert found.psnr == found.layers[-1].psnr
    assert {layer.iteration for layer in found.layers} == {0}
    first, *later = found.layers
    named = {first.file_bytes, *(layer.file_bytes for layer in later if layer.whole)}
    assert {point.bytes for point in nacre.info(data).rate_points} <= named


def test_layers_of_a_recurrent_codec_are_its_iterations() -> None:
    found = nacre.compress(PIXELS, codec="gru-conv", threads=1)
    assert [layer.iteration for layer in found.layers if layer.whole] == list(range(1, 9))
    assert found.psnr == found.layers[-1].psnr
    assert not found.estimated


# What the decibels of a result are worth


def shown_psnr(data: bytes) -> float:
    return psnr(pixels(nacre.decode(data, threads=1)), PIXELS)


def test_the_decibels_of_a_cut_are_estimates_and_those_of_the_whole_are_not(data: bytes) -> None:
    whole = nacre.compress(PIXELS, threads=1)
    assert not whole.estimated
    # The last passes may take no byte of their own; then they are not in the last layer's figure.
    assert whole.psnr == pytest.approx(shown_psnr(data), abs=0.01)
    assert not nacre.compress(PIXELS, bytes=len(data), threads=1).estimated
    for target in ({"bytes": len(data) - 1}, {"bpp": 0.25}, {"quality": 20}):
        cut = nacre.compress(PIXELS, threads=1, **target)  # type: ignore[arg-type]
        assert cut.estimated
        assert len(cut.data) < len(data)
        assert cut.psnr == pytest.approx(shown_psnr(cut.data), abs=2.5)
    assert not nacre.compress(PIXELS, codec="gru-conv", bytes=150, threads=1).estimated


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 1.0])
def test_a_target_of_psnr_is_measured(data: bytes, share: float) -> None:
    whole = nacre.compress(PIXELS, threads=1)
    least, most = whole.layers[0].psnr, shown_psnr(data)
    assert least is not None
    wanted = least + share * (most - least)
    found = nacre.compress(PIXELS, psnr=wanted, threads=1)
    assert data.startswith(found.data)
    assert not found.estimated
    assert found.psnr == pytest.approx(shown_psnr(found.data), abs=1e-6)
    assert shown_psnr(found.data) >= wanted
    # Layers whose estimate is no better than that of a shorter one are not looked at.
    looked_at = better_prefixes([Prefix(layer.file_bytes, layer.psnr) for layer in whole.layers])
    before = max(prefix.bytes for prefix in looked_at if prefix.bytes < len(found.data))
    assert shown_psnr(data[:before]) < wanted


def test_a_target_of_psnr_beyond_the_whole(data: bytes) -> None:
    most = shown_psnr(data)
    with pytest.raises(TargetError, match=f"reaches {most:.2f} dB"):
        nacre.compress(PIXELS, psnr=most + 0.01, threads=1)


# Regions of interest


WIDE = shades(130, 200, 4)


def mask_of(top: int, left: int) -> np.ndarray:
    """White on one of the cells of `WIDE`, black elsewhere."""
    mask = np.zeros(WIDE.shape[:2], np.uint8)
    mask[top : top + 64, left : left + 64] = 255
    return mask


@pytest.mark.parametrize("place", [(0, 0), (64, 64)])
def test_a_region_is_better_at_equal_bytes(place: tuple[int, int]) -> None:
    mask = mask_of(*place)
    size = len(nacre.encode(WIDE, threads=1)) // 2
    plain, favored = (
        nacre.encode(WIDE, bytes=size, threads=1),
        nacre.encode(WIDE, bytes=size, roi=mask, threads=1),
    )
    assert len(favored) == len(plain) == size
    errors = [np.square(pixels(nacre.decode(x, threads=1)).astype(float) - WIDE) for x in (plain, favored)]
    assert errors[1][mask > 0].mean() < 0.95 * errors[0][mask > 0].mean()
    assert errors[1][mask == 0].mean() > errors[0][mask == 0].mean()


def test_masks_are_taken_as_pictures_are(tmp_path: Path) -> None:
    mask = mask_of(64, 64)
    path = tmp_path / "mask.png"
    Image.fromarray(mask).save(path)
    expected = nacre.encode(WIDE, roi=mask, threads=1)
    assert expected != nacre.encode(WIDE, threads=1)
    for given in (path, str(path), path.read_bytes(), Image.open(path), np.dstack([mask] * 3)):
        assert nacre.encode(WIDE, roi=given, threads=1) == expected


def test_masks_that_cannot_be() -> None:
    with pytest.raises(UsageError, match=r"mask is 130 x 200 and the picture 200 x 130; give"):
        nacre.encode(WIDE, roi=mask_of(0, 0).T, threads=1)
    with pytest.raises(UsageError, match="lstm-fc has no regions of interest; choose"):
        nacre.encode(WIDE, codec="lstm-fc", roi=mask_of(0, 0), threads=1)
    with pytest.raises(PictureError):
        nacre.encode(WIDE, roi=b"no picture", threads=1)
    with pytest.raises(TypeError):
        nacre.encode(WIDE, roi=5, threads=1)


# What comes out


@pytest.mark.parametrize(
    ("picture", "mode"),
    [
        (Picture(PIXELS), "RGB"),
        (Picture(PIXELS, disc(60, 80)), "RGBA"),
        (Picture(gray(60, 80)), "L"),
        (Picture(gray(60, 80), disc(60, 80)), "LA"),
    ],
)
def test_modes(picture: Picture, mode: str) -> None:
    assert nacre.decode(nacre.encode(picture, threads=1), threads=1).mode == mode


def test_metadata_travel() -> None:
    exif = Image.Exif()
    exif[0x010E] = "words"
    exif[0x0112] = 6  # the camera lay on its side
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile[:16] + b"GRAY" + profile[20:]
    buffer = io.BytesIO()
    Image.fromarray(PIXELS[..., 0]).save(buffer, "JPEG", exif=exif, icc_profile=profile, xmp=b"<x:xmpmeta/>")
    data = nacre.encode(buffer.getvalue(), threads=1)
    info = nacre.info(data)
    assert (info.width, info.height) == (60, 80)
    assert info.has_icc
    assert info.has_exif
    assert info.has_xmp
    image = nacre.decode(data, threads=1)
    assert image.info["icc_profile"] == profile
    assert image.getexif()[0x010E] == "words"
    assert image.getexif().get(0x0112, 1) == 1
    assert image.info["xmp"] == b"<x:xmpmeta/>"
    stripped = nacre.info(nacre.encode(buffer.getvalue(), threads=1, strip=True))
    assert stripped.has_icc
    assert not stripped.has_exif
    assert not stripped.has_xmp


def test_decode_takes_bytes_paths_and_streams(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.nacre"
    path.write_bytes(data)
    expected = pixels(nacre.decode(data, threads=1))
    for source in (path, str(path), io.BytesIO(data), bytearray(data), memoryview(data), Slow(data)):
        assert np.array_equal(pixels(nacre.decode(source, threads=1)), expected)
        assert nacre.info(data) == nacre.info(path)


def test_max_bytes_is_a_cut(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.nacre"
    path.write_bytes(data)
    size = len(data) * 2 // 3
    expected = pixels(nacre.decode(data[:size], threads=1))
    for source in (data, path, io.BytesIO(data), Slow(data)):
        assert np.array_equal(pixels(nacre.decode(source, max_bytes=size, threads=1)), expected)
    stream = Slow(data)
    nacre.decode(stream, max_bytes=size, threads=1)
    assert stream.given == size
    with pytest.raises(TruncatedError):
        nacre.decode(data, max_bytes=10)
    with pytest.raises(UsageError, match="at least 1"):
        nacre.decode(data, max_bytes=0)


def test_places_that_are_no_files(tmp_path: Path) -> None:
    for function in (nacre.decode, nacre.info, nacre.open):
        with pytest.raises(FormatError, match="is a directory"):
            function(tmp_path)
        with pytest.raises(FormatError, match="cannot be read"):
            function(tmp_path / "missing.nacre")


def test_info(data: bytes) -> None:
    info = nacre.info(data)
    assert (info.kind, info.version, info.codec, info.codec_number) == ("picture", "1.0", "progressive", 1)
    assert (info.width, info.height, info.layout) == (80, 60, "RGB")
    assert (info.file_bytes, info.integrity) == (len(data), "whole")
    assert info.first_layer_bytes == info.rate_points[0].bytes
    assert [s.type for s in info.segments] == ["picture"]
    assert json.loads(json.dumps(info.as_dict()))["rate_points"][0]["bytes"] == info.first_layer_bytes
    assert nacre.info(data[:-20]).integrity == "cut"
    assert nacre.info(data[:-20]).segments[0].state == "unfinished"


def test_compare() -> None:
    found = nacre.compare(PIXELS, PIXELS)
    assert found.ssim == pytest.approx(1)
    assert nacre.compare(PIXELS, 255 - PIXELS).psnr < 20
    with pytest.raises(PictureError):
        nacre.compare(PIXELS, PIXELS[:-1])


# Damage


def damaged(data: bytes, *, last: bool) -> bytes:
    """With one bit flipped in the first or the last segment."""
    segment = nacre.info(data).segments[-1 if last else 0]
    out = bytearray(data)
    out[segment.offset + segment.length // 2] ^= 4
    return bytes(out)


def test_damage_is_a_warning_and_the_picture_before_it(long_data: bytes) -> None:
    segments = nacre.info(long_data).segments
    assert len(segments) > 1
    harmed = damaged(long_data, last=True)
    with pytest.warns(NacreWarning, match=r"damaged.*fetch it again") as record:
        image = nacre.decode(harmed, threads=1)
    assert [warning.filename for warning in record] == [__file__]
    with pytest.warns(NacreWarning, match="damaged") as record:
        api.decompress(harmed, threads=1)
    assert [warning.filename for warning in record] == [__file__]
    before = nacre.decode(long_data[: segments[-1].offset], threads=1)
    assert np.array_equal(pixels(image), pixels(before))
    assert nacre.info(harmed).integrity == "damaged"
    with pytest.raises(FormatError, match="damaged"):
        nacre.decode(harmed, strict=True, threads=1)


def test_damage_before_the_first_layer_leaves_nothing(long_data: bytes, data: bytes) -> None:
    for harmed in (damaged(long_data, last=False), damaged(data, last=True)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(FormatError, match="damaged"):
                nacre.decode(harmed, threads=1)


def test_a_cut_is_no_damage(data: bytes) -> None:
    nacre.decode(data[:-30], strict=True, threads=1)


# Reading while bytes come in


class Slow(io.RawIOBase):
    """A stream that gives at most 100 bytes at a time."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data, self.given = data, 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._data[self.given : self.given + (100 if size < 0 else min(size, 100))]
        self.given += len(chunk)
        return chunk


PICTURES = {
    "RGB": Picture(PIXELS),
    "alpha": Picture(PIXELS, disc(60, 80)),
    "gray": Picture(gray(40, 30)),
    "metadata": Picture(PIXELS, exif=b"MM\x00*\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00", xmp=b"<x:xmpmeta/>"),
    "one pixel": Picture(shades(1, 1), np.array([[3]], np.uint8)),
}


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("iterations", [None, 1, 2, 8])
def test_pictures_end_with_what_decode_gives(kind: str, iterations: int | None) -> None:
    codec = None if iterations is None else "gru-conv"
    data = nacre.encode(PICTURES[kind], codec=codec, iterations=iterations, threads=1)
    least = nacre.info(data).first_layer_bytes or 0
    for cut in (data, data[: max(least, len(data) * 3 // 4)], data[:least]):
        expected = nacre.decode(cut, threads=1)
        with nacre.open(Slow(cut), threads=1) as reader:
            found = list(reader.pictures())
        assert np.array_equal(pixels(found[-1]), pixels(expected))
        assert found[-1].mode == expected.mode
        assert found[-1].info == expected.info
        assert reader.info == nacre.info(cut)


@pytest.mark.parametrize("codec", ["progressive", "gru-conv"])
@pytest.mark.parametrize("size", [(60, 80), (200, 260)])
def test_pictures_get_better_and_come_early(codec: str, size: tuple[int, int]) -> None:
    picture = shades(*size, 5)
    data = nacre.encode(picture, codec=codec, fast=True, threads=1)
    stream = Slow(data)
    points = [point.bytes for point in nacre.info(data).rate_points]
    errors, reads = [], []
    with nacre.open(stream, threads=1) as reader:
        for image in reader.pictures():
            errors.append(((pixels(image).astype(float) - picture) ** 2).mean())
            reads.append(stream.given)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.8 * errors[0]
    # What is needed for the first picture and no more, but that the header is read in steps of 16 bytes.
    header = parse_file(data).header_bytes
    assert reads[0] == max(points[0], -(-header // 16) * 16)
    assert {point for point in points if point > reads[0]} <= set(reads)


def test_pictures_can_be_asked_for_twice(data: bytes) -> None:
    with nacre.open(data, threads=1) as reader:
        first, second = list(reader.pictures()), list(reader.pictures())
    assert len(second) == len(first)
    assert np.array_equal(pixels(first[-1]), pixels(second[-1]))


def test_reader_of_too_little(data: bytes) -> None:
    with pytest.raises(TruncatedError):
        nacre.open(data[:20])
    least = nacre.info(data).first_layer_bytes or 0
    reader = nacre.open(data[: least - 1], threads=1)
    with pytest.raises(TruncatedError, match="below its first layer"):
        list(reader.pictures())
    with pytest.raises(FormatError, match="empty"):
        nacre.open(b"")


def test_reader_closes_only_what_it_opened(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.nacre"
    path.write_bytes(data)
    reader = nacre.open(path, threads=1)
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        list(reader.pictures())
    stream = io.BytesIO(data)
    with nacre.open(stream):
        pass
    assert not stream.closed
    path.write_bytes(b"not ours")
    with pytest.raises(FormatError):  # and no ResourceWarning
        nacre.open(path)


def test_reader_warns_of_damage(long_data: bytes) -> None:
    reader = nacre.open(damaged(long_data, last=True), threads=1)
    with pytest.warns(NacreWarning, match="damaged") as record:
        assert list(reader.pictures())
    assert [warning.filename for warning in record] == [__file__]
