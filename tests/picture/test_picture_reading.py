from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, features

from nacre.errors import LimitError, PictureError
from nacre.picture.picture import Picture
from nacre.picture.reading import as_picture, from_array, from_pil, read

FIRST_OF_TWO = "only the first picture of the multi-picture file was read"

JPEGS = {  # file: shape, notes
    "arithmetic.jpg": ((149, 227, 3), ()),
    "cmyk_adobe_ycck.jpg": ((100, 100, 3), ("CMYK converted to RGB",)),
    "cmyk_no_adobe.jpg": ((397, 600, 3), ("CMYK converted to RGB",)),
    "exif_broken_dpi.jpg": ((100, 100, 3), ()),
    "exif_gps.jpg": ((8, 8, 3), ()),
    "exif_invalid.jpg": ((200, 200, 3), ("damaged Exif dropped",)),
    "exif_motorola.jpg": ((480, 640, 3), ()),
    "gray.jpg": ((128, 128, 1), ()),
    "gray_icc.jpg": ((267, 400, 1), ()),
    "icc_after_sof.jpg": ((10, 10, 1), ("damaged ICC profile dropped",)),
    "icc_restart.jpg": ((216, 360, 3), ()),
    "junk_in_header.jpg": ((768, 1024, 3), ()),
    "lossless_sof3.jpg": ((149, 227, 3), ()),
    "multi_picture.mpo": ((70, 56, 3), (FIRST_OF_TWO,)),
    "noninterleaved_3scans.jpg": ((799, 1199, 3), ()),
    "one_pixel.jpg": ((1, 1, 1), ()),
    "orientation_1.jpg": ((128, 128, 3), ()),
    "orientation_2.jpg": ((128, 128, 3), ()),
    "orientation_3.jpg": ((128, 128, 3), ()),
    "orientation_4.jpg": ((128, 128, 3), ()),
    "orientation_5.jpg": ((128, 128, 3), ()),
    "orientation_6.jpg": ((128, 128, 3), ()),
    "orientation_6_numbered.jpg": ((450, 600, 3), ()),
    "orientation_7.jpg": ((128, 128, 3), ()),
    "orientation_8.jpg": ((128, 128, 3), ()),
    "orientation_8_tiny.jpg": ((2, 1, 3), ()),
    "progressive_444.jpg": ((470, 650, 3), ()),
    "progressive_icc_exif.jpg": ((240, 320, 3), ()),
    "qtables_16bit.jpg": ((128, 128, 3), ()),
    "sampling_22_22_11.jpg": ((32, 32, 3), ()),
    "yuv410.jpg": ((806, 605, 3), ()),
    "yuv422_restart.jpg": ((480, 640, 3), ()),
    "yuv440.jpg": ((75, 100, 3), ()),
    "yuv444_adobe_icc_restart.jpg": ((225, 300, 3), ()),
}
REFUSED = {
    "truncated_progressive.jpg": "damaged or unfinished",
    "truncated_baseline.jpg": "damaged or unfinished",
    "header_only.jpg": "damaged or unfinished",
    "bits12.jpg": "no picture that Pillow can open",
}
MAY_BE_REFUSED = {"arithmetic.jpg", "lossless_sof3.jpg"}  # as the JPEG library was built


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png(width: int, height: int, depth: int, color: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file from raw rows, for kinds that Pillow cannot write."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">2I5B", width, height, depth, color, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def oriented(orientation: int, order: str = "<", extra: bool = True) -> bytes:
    """TIFF bytes of an Exif block with an orientation and, if ``extra``, the maker "ab"."""
    entries = [struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)]
    if extra:
        entries.insert(0, struct.pack(order + "HHI", 0x010F, 2, 3) + b"ab\0\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    return head + b"".join(entries) + bytes(4)


def reloaded(tags: Image.Exif) -> Image.Exif:
    """As a plugin would have read them: TIFF files take sub-directories only so."""
    result = Image.Exif()
    result.load(tags.tobytes())
    return result


# ---- files of others


def test_every_shared_jpeg_is_expected(shared_data: Path) -> None:
    names = {path.name for path in (shared_data / "jpegs").iterdir() if path.suffix in {".jpg", ".mpo"}}
    assert names == JPEGS.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", JPEGS)
def test_shared_jpeg(shared_data: Path, name: str) -> None:
    path = shared_data / "jpegs" / name
    try:
        picture = read(path)
    except PictureError:
        if name not in MAY_BE_REFUSED:
            raise
        pytest.skip("the JPEG library of this Pillow does not read it")
    shape, notes = JPEGS[name]
    assert picture.pixels.shape == shape
    assert picture.notes == notes
    assert picture.alpha is None
    with Image.open(path) as image, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        upright = ImageOps.exif_transpose(image)
    expected = np.asarray(upright.convert("L" if picture.is_gray else "RGB"))
    assert np.array_equal(picture.pixels.squeeze(), expected.squeeze())


@pytest.mark.parametrize("name", REFUSED)
def test_shared_jpeg_refused(shared_data: Path, name: str) -> None:
    with pytest.raises(PictureError, match=REFUSED[name]):
        read(shared_data / "jpegs" / name)


@pytest.mark.parametrize("n", range(2, 9))
def test_orientation_series_looks_like_the_first(shared_data: Path, n: int) -> None:
    first = read(shared_data / "jpegs" / "orientation_1.jpg").pixels.astype(int)
    other = read(shared_data / "jpegs" / f"orientation_{n}.jpg").pixels
    assert np.abs(first - other).mean() < 6
    assert np.abs(first - other[::-1]).mean() > 20


def test_shared_metadata(shared_data: Path) -> None:
    folder = shared_data / "jpegs"
    assert read(folder / "icc_restart.jpg").icc is None  # sRGB
    assert read(folder / "gray_icc.jpg").icc is not None
    assert read(folder / "multi_picture.mpo").icc is not None  # Display P3
    assert read(folder / "icc_restart.jpg").xmp is not None
    assert read(folder / "exif_invalid.jpg").exif is None
    gps = read(folder / "exif_gps.jpg").exif
    assert gps is not None
    tags = Image.Exif()
    tags.load(gps)
    assert tags.get_ifd(0x8825)


def test_large_formats(shared_data: Path) -> None:
    assert read(shared_data / "kodak" / "kodim01.png").pixels.shape == (512, 768, 3)
    webp = next((shared_data / "valid").glob("*.webp"))
    assert read(webp).pixels.shape == (512, 512, 3)


# ---- sources


def test_sources_give_the_same_picture(photo: Any, tmp_path: Path) -> None:
    data = saved(Image.fromarray(photo), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    sources: list[Any] = [path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data)]
    for source in sources:
        assert np.array_equal(as_picture(source).pixels, photo)
    with path.open("rb") as file:
        assert np.array_equal(read(file).pixels, photo)
        assert not file.closed
    for form in ("TIFF", "WEBP", "GIF", "JPEG"):
        stream = io.BytesIO(saved(Image.fromarray(photo), form))
        read(stream)
        assert not stream.closed, form
    assert path.read_bytes() == data
    with Image.open(path) as image:
        assert np.array_equal(as_picture(image).pixels, photo)
    assert np.array_equal(as_picture(photo).pixels, photo)
    picture = from_array(photo)
    assert as_picture(picture) is picture


def test_a_pipe_is_read(photo: Any) -> None:
    data = saved(Image.fromarray(photo), "PNG")
    end, start = os.pipe()

    def feed() -> None:
        with open(start, "wb") as stream:  # noqa: PTH123 -- a descriptor
            stream.write(data)

    feeder = threading.Thread(target=feed)
    feeder.start()
    with open(end, "rb") as stream:  # noqa: PTH123
        assert np.array_equal(read(stream).pixels, photo)
    feeder.join()


@pytest.mark.parametrize("thing", [None, 3, [1, 2], io.StringIO("x"), b"x".hex, object()])
def test_other_things_are_type_errors(thing: object) -> None:
    with pytest.raises(TypeError, match="a picture is given as"):
        as_picture(thing)


def test_bad_sources_are_one_sentence(tmp_path: Path, photo: Any) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("not a picture at all\n" * 20)
    (tmp_path / "cut.png").write_bytes(saved(Image.fromarray(photo), "PNG")[:-40])
    (tmp_path / "pixels.nacre").write_bytes(b"\x89NCR" + bytes(100))
    expected = {
        "empty.png": "is empty",
        "text.jpg": "no picture that Pillow can open",
        "cut.png": "damaged or unfinished",
        "pixels.nacre": "no picture that Pillow can open",
        "missing.png": "does not exist",
        ".": "is a directory",
        "zero\0byte.png": "cannot be read",
    }
    for name, why in expected.items():
        with pytest.raises(PictureError, match=why) as caught:
            read(f"{tmp_path}/{name}")
        assert "\n" not in str(caught.value)
        assert "; " in str(caught.value)


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PictureError, match="check its permissions"):
        read(tmp_path / "photo.png")


# ---- modes


def test_color_modes(photo: Any) -> None:
    rgb = Image.fromarray(photo)
    gray = rgb.convert("L")
    for image, channels, alpha, notes in [
        (rgb, 3, False, ()),
        (gray, 1, False, ()),
        (rgb.convert("1"), 1, False, ()),
        (gray.convert("LA"), 1, True, ()),
        (gray.convert("LA").convert("La"), 1, True, ()),
        (rgb.convert("RGBA"), 3, True, ()),
        (rgb.convert("RGBA").convert("RGBa"), 3, True, ()),
        (rgb.convert("RGBX"), 3, False, ()),
        (rgb.convert("P"), 3, False, ()),
        (rgb.convert("P").convert("PA"), 3, True, ()),
        (rgb.convert("CMYK"), 3, False, ("CMYK converted to RGB",)),
        (rgb.convert("YCbCr"), 3, False, ("YCbCr converted to RGB",)),
        (rgb.convert("HSV"), 3, False, ("HSV converted to RGB",)),
    ]:
        picture = from_pil(image)
        assert picture.pixels.shape == (29, 37, channels), image.mode
        assert (picture.alpha is not None) == alpha, image.mode
        assert picture.notes == notes
        assert picture.pixels.flags.c_contiguous
        assert picture.pixels.flags.writeable
        if not alpha:
            expected = np.asarray(image.convert("L" if channels == 1 else "RGB"))
            assert np.array_equal(picture.pixels.squeeze(), expected), image.mode


def test_equal_channels_stay_rgb() -> None:
    assert from_array(np.full((4, 5, 3), 7, np.uint8)).pixels.shape == (4, 5, 3)
    assert from_pil(Image.new("RGB", (5, 4), (7, 7, 7))).pixels.shape == (4, 5, 3)


def test_lab(photo: Any) -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(Image.fromarray(photo // 2 + 64), srgb, lab, outputMode="LAB")
    assert image is not None
    picture = read(saved(image, "TIFF"))
    assert picture.notes == ("LAB converted to RGB", "ICC profile for Lab dropped")
    assert np.abs(picture.pixels.astype(int) - (photo // 2 + 64)).mean() < 2


def test_cmyk_files(photo: Any) -> None:
    cmyk = Image.fromarray(photo).convert("CMYK")
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"CMYK"
    tiff = read(saved(cmyk, "TIFF", icc_profile=bytes(profile)))
    assert np.array_equal(tiff.pixels, photo)
    assert tiff.icc is None
    assert tiff.notes == ("CMYK converted to RGB", "ICC profile for CMYK dropped")
    jpeg = read(saved(cmyk, "JPEG", quality=95, subsampling=0))
    assert np.abs(jpeg.pixels.astype(int) - photo).mean() < 3


def test_alpha_modes_keep_their_values(photo: Any) -> None:
    alpha = (photo[..., 0] // 2 + 100).astype(np.uint8)
    rgba = Image.fromarray(np.dstack([photo, alpha]))
    for form in ("PNG", "WEBP", "TIFF"):
        picture = read(saved(rgba, form, lossless=True, exact=True) if form == "WEBP" else saved(rgba, form))
        assert np.array_equal(picture.pixels, photo), form
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, alpha), form
    opaque = from_pil(Image.fromarray(photo).convert("RGBA"))
    assert opaque.alpha is not None
    assert (opaque.alpha == 255).all()


def test_palette_with_transparency() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    by_index = read(saved(image, "PNG", transparency=1))
    assert by_index.pixels.tolist() == [[[255, 0, 0], [0, 255, 0], [0, 0, 255]]]
    assert by_index.alpha is not None
    assert by_index.alpha.tolist() == [[255, 0, 255]]
    by_bytes = read(saved(image, "PNG", transparency=bytes([10, 20, 30])))
    assert by_bytes.alpha is not None
    assert by_bytes.alpha.tolist() == [[10, 20, 30]]
    gif = read(saved(image, "GIF", transparency=2))
    assert gif.alpha is not None
    assert gif.alpha.tolist() == [[255, 255, 0]]
    assert read(saved(image, "PNG")).alpha is None


def test_transparent_color() -> None:
    rgb = Image.new("RGB", (2, 1), (1, 2, 3))
    rgb.putpixel((1, 0), (1, 2, 4))
    picture = read(saved(rgb, "PNG", transparency=(1, 2, 3)))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 255]]
    assert picture.pixels.tolist() == [[[1, 2, 3], [1, 2, 4]]]
    gray = Image.new("L", (2, 1), 5)
    gray.putpixel((1, 0), 6)
    picture = read(saved(gray, "PNG", transparency=6))
    assert picture.is_gray
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0]]
    bits = Image.new("1", (2, 1), 1)
    bits.putpixel((1, 0), 0)
    picture = read(saved(bits, "PNG", transparency=1))
    assert picture.alpha is not None
    assert picture.pixels.squeeze().tolist() == [255, 0]


REDUCED = ("16-bit samples reduced to 8",)


def test_16_bit_gray() -> None:
    samples = np.array([[0, 255, 256, 0x1234], [0x12FF, 0x8000, 0xFF00, 0xFFFF]], np.uint16)
    for form in ("PNG", "TIFF"):
        picture = read(saved(Image.fromarray(samples), form))
        assert picture.pixels.squeeze().tolist() == [[0, 0, 1, 0x12], [0x12, 0x80, 0xFF, 0xFF]], form
        assert picture.notes == REDUCED
    big = Image.frombytes("I;16B", (4, 2), samples.astype(">u2").tobytes())
    assert from_pil(big).pixels.squeeze().tolist() == [[0, 0, 1, 0x12], [0x12, 0x80, 0xFF, 0xFF]]
    keyed = read(saved(Image.fromarray(samples), "PNG", transparency=0x12FF))
    assert keyed.alpha is not None
    assert keyed.alpha.tolist() == [[255, 255, 255, 255], [0, 255, 255, 255]]
    dark = read(b"P5 2 1 65535\n" + bytes([0, 200, 1, 0]))
    assert dark.pixels.squeeze().tolist() == [0, 1]
    assert dark.notes == REDUCED


def test_16_bit_color_is_noted() -> None:
    row = struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0xFFFF, 0, 0x00FF)
    rgb = read(png(2, 1, 16, 2, b"\0" + row))
    assert rgb.pixels.tolist() == [[[0x12, 0x56, 0x9A], [0xFF, 0, 0]]]
    assert rgb.notes == REDUCED
    key = (b"tRNS", struct.pack(">3H", 0x1234, 0x5678, 0x9ABC))
    keyed = read(png(2, 1, 16, 2, b"\0" + row, key))
    assert keyed.alpha is not None
    assert keyed.alpha.tolist() == [[0, 255]]
    gray_alpha = read(png(1, 1, 16, 4, b"\0\x12\x34\x56\x78"))
    assert gray_alpha.pixels[0, 0, 0] == 0x12
    assert gray_alpha.alpha is not None
    assert gray_alpha.alpha.tolist() == [[0x56]]
    assert gray_alpha.notes == REDUCED
    ppm = read(b"P6 1 1 65535\n\x12\x34\x56\x78\x9a\xbc")
    assert ppm.notes == REDUCED
    assert read(b"P6 1 1 255\n\x12\x34\x56").notes == ()


def test_32_bit_integers() -> None:
    def picture(values: list[int]) -> Picture:
        return from_pil(Image.fromarray(np.array([values], np.int32)))

    assert picture([0, 255]).pixels.squeeze().tolist() == [0, 255]
    assert picture([0, 65535]).pixels.squeeze().tolist() == [0, 255]
    for values in ([-1, 5], [0, 65536]):
        with pytest.raises(PictureError, match="scale them"):
            picture(values)


def test_floating_point_is_refused() -> None:
    with pytest.raises(PictureError, match="floating-point"):
        from_pil(Image.new("F", (2, 2)))
    with pytest.raises(PictureError, match="floating-point"):
        read(saved(Image.new("F", (2, 2)), "TIFF"))


@pytest.mark.parametrize("size", [(1, 1), (10000, 1), (1, 10000), (2, 3)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    picture = read(saved(Image.new("RGB", size, (1, 2, 3)), "PNG"))
    assert (picture.width, picture.height) == size


# ---- more than one picture


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_several_pictures_are_refused(photo: Any, form: str) -> None:
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    frames = [Image.fromarray(photo), Image.fromarray(photo[::-1].copy())]
    data = saved(frames[0], form, save_all=True, append_images=frames[1:])
    with pytest.raises(PictureError, match=r"holds 2 pictures .*; extract one"):
        read(data)
    with Image.open(io.BytesIO(data)) as image:
        with pytest.raises(PictureError, match="extract one"):
            from_pil(image)
        assert from_pil(image.copy()).width == 37  # one frame is a picture


def test_one_frame_of_a_format_that_could_move(photo: Any) -> None:
    assert read(saved(Image.fromarray(photo), "GIF")).pixels.shape == photo.shape


def test_multi_picture_jpeg(photo: Any) -> None:
    frames = [Image.fromarray(photo), Image.fromarray(photo[::-1].copy())]
    picture = read(saved(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=95))
    assert picture.notes == (FIRST_OF_TWO,)
    assert np.abs(picture.pixels.astype(int) - photo).mean() < 5


# ---- limits


def test_limit_names_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("L", (40, 30)), "PNG")
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded before the check"))
    for limit in (1199, 100):  # the second is where Pillow itself would raise
        with pytest.raises(LimitError, match="--max-pixels"):
            read(data, max_pixels=limit)


@pytest.mark.parametrize("theirs", [None, 1, 10])
def test_limit_of_pillow_is_neither_used_nor_changed(
    theirs: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", theirs)
    data = saved(Image.new("L", (40, 30)), "PNG")
    assert read(data, max_pixels=1200).width == 40
    assert theirs == Image.MAX_IMAGE_PIXELS
    with pytest.raises(LimitError):
        read(data, max_pixels=1199)
    assert theirs == Image.MAX_IMAGE_PIXELS


def test_absurd_size_is_refused_at_once() -> None:
    with pytest.raises(LimitError, match="--max-pixels"):
        read(png(2**31 - 1, 2**31 - 1, 8, 2, b""))
    with pytest.raises(LimitError, match="40x30 pixels, more than the limit of 7"):
        from_array(np.zeros((30, 40), np.uint8), max_pixels=7)


def test_no_pixels() -> None:
    with pytest.raises(PictureError, match="0x5 pixels"):
        from_pil(Image.new("RGB", (0, 5)))


# ---- arrays


def test_arrays(photo: Any) -> None:
    alpha = photo[..., :1]
    assert np.shares_memory(from_array(photo).pixels, photo)
    assert from_array(photo[..., 0]).pixels.shape == (29, 37, 1)
    assert from_array(alpha).is_gray
    rgba = from_array(np.dstack([photo, alpha]))
    assert rgba.alpha is not None
    assert np.array_equal(rgba.alpha, photo[..., 0])
    assert np.array_equal(from_array(photo[::-1, ::2]).pixels, photo[::-1, ::2])


@pytest.mark.parametrize("shape", [(), (3,), (0, 4), (4, 0, 3), (2, 2, 2), (2, 2, 5), (1, 2, 2, 3)])
def test_array_shapes_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        from_array(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int8, bool])
def test_array_types_refused(dtype: Any) -> None:
    with pytest.raises(TypeError, match="uint8"):
        from_array(np.zeros((2, 2), dtype))


def test_picture_checks_its_parts(photo: Any) -> None:
    with pytest.raises(TypeError, match="uint8"):
        Picture(photo.astype(np.float32))
    with pytest.raises(ValueError, match="shape"):
        Picture(photo[..., 0])
    with pytest.raises(ValueError, match="does not fit"):
        Picture(photo, alpha=photo[:4, :, 0])
    gray = Picture(photo[..., :1])
    assert gray.rgb().shape == photo.shape
    assert (gray.rgb() == photo[..., :1]).all()


# ---- metadata


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_reset(photo: Any, orientation: int, order: str) -> None:
    block = oriented(orientation, order)
    rgba = np.dstack([photo, photo[..., 0]])
    image = Image.fromarray(rgba)
    image.info["exif"] = b"Exif\0\0" + block
    expected = np.asarray(ImageOps.exif_transpose(image))
    data = saved(image, "PNG", exif=block)
    for picture in (read(data), from_pil(image)):
        assert np.array_equal(picture.pixels, expected[..., :3])
        assert picture.alpha is not None
        assert np.array_equal(picture.alpha, expected[..., 3])
        assert picture.exif == oriented(1, order)
    assert image.info["exif"] == b"Exif\0\0" + block


def test_orientation_alone_leaves_no_exif(photo: Any) -> None:
    picture = read(saved(Image.fromarray(photo), "PNG", exif=oriented(6, extra=False)))
    assert (picture.width, picture.height) == (29, 37)
    assert picture.exif is None


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_meaningless_orientation_is_one(photo: Any, orientation: int) -> None:
    picture = read(saved(Image.fromarray(photo), "PNG", exif=oriented(orientation)))
    assert np.array_equal(picture.pixels, photo)
    assert picture.exif == oriented(1)


def test_orientation_in_tiff_tags(photo: Any) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    tags[0x010F] = "maker"
    tags[0x8769] = {0x829A: 0.5}
    tags = reloaded(tags)
    picture = read(saved(Image.fromarray(photo), "TIFF", exif=tags))
    assert np.array_equal(picture.pixels, np.rot90(photo, -1))
    assert picture.exif is not None
    kept = Image.Exif()
    kept.load(picture.exif)
    assert kept[0x010F] == "maker"
    assert kept.get_ifd(0x8769)[0x829A] == 0.5
    assert kept.get(0x0112, 1) == 1
    assert 0x0100 not in kept  # ImageWidth tells about the file
    assert read(saved(Image.fromarray(photo), "TIFF")).exif is None


def test_orientation_in_xmp(photo: Any) -> None:
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    image = Image.fromarray(photo)
    image.info["xmp"] = packet
    picture = from_pil(image)
    assert np.array_equal(picture.pixels, np.rot90(photo, -1))
    assert picture.xmp == packet.replace(b"6", b"1")
    image.info["exif"] = oriented(3)  # has the last word
    picture = from_pil(image)
    assert np.array_equal(picture.pixels, photo[::-1, ::-1])
    assert picture.xmp == packet.replace(b"6", b"1")


BROKEN = [
    b"garbage",
    b"II*\0",
    b"II*\0\xff\xff\xff\x7f",
    b"MM\0*\0\0\0\x08\xff\xff",
    oriented(6)[:20],
]


@pytest.mark.parametrize("block", BROKEN)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_broken_exif_is_dropped_with_a_note(photo: Any, block: bytes, form: str) -> None:
    data = saved(Image.fromarray(photo), form, exif=b"Exif\0\0" + block)
    picture = read(data)
    assert picture.pixels.shape == photo.shape
    assert picture.exif is None
    assert "damaged Exif dropped" in picture.notes


def test_icc_is_kept_unless_it_is_srgb(photo: Any, shared_data: Path) -> None:
    with Image.open(shared_data / "jpegs" / "multi_picture.mpo") as image:
        wide = image.info["icc_profile"]
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rgb, gray = Image.fromarray(photo), Image.fromarray(photo[..., 0].copy())
    assert read(saved(rgb, "PNG", icc_profile=wide)).icc == wide
    assert read(saved(rgb, "PNG", icc_profile=srgb)).icc is None
    assert read(saved(rgb, "PNG", icc_profile=srgb)).notes == ()
    misfit = read(saved(gray, "TIFF", icc_profile=wide))
    assert misfit.icc is None
    assert misfit.notes == ("ICC profile for RGB dropped",)


def test_warnings_of_pillow_become_notes(photo: Any) -> None:
    class Complaining(Image.Image):
        def load(self) -> Any:
            warnings.warn("Corrupt data.\n Expecting more. ", UserWarning, stacklevel=1)
            warnings.warn("old style", DeprecationWarning, stacklevel=1)
            return super().load()

    image = Image.fromarray(photo)
    image.__class__ = Complaining
    assert from_pil(image).notes == ("Corrupt data. Expecting more",)


def test_threads_leave_the_process_as_it_was(photo: Any) -> None:
    data = saved(Image.fromarray(photo), "PNG")
    before = (list(warnings.filters), warnings.showwarning, Image.MAX_IMAGE_PIXELS)
    threads = [
        threading.Thread(target=lambda: [read(data, max_pixels=5000) for _ in range(20)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (list(warnings.filters), warnings.showwarning, Image.MAX_IMAGE_PIXELS) == before


def test_damaged_files_raise_nothing_else(photo: Any) -> None:
    rng = np.random.default_rng(5)
    tags = Image.Exif()
    tags[0x0112] = 6
    for form in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "TGA", "ICO", "JPEG2000"):
        data = saved(
            Image.fromarray(photo), form, **({} if form in {"GIF", "ICO", "BMP", "TGA"} else {"exif": tags})
        )
        for _ in range(60):
            damaged = bytearray(data[: rng.integers(1, len(data) + 1)])
            for place in rng.integers(0, min(len(damaged), 300), 3):
                damaged[place] = rng.integers(256)
            try:
                picture = read(bytes(damaged), max_pixels=100_000)
            except (PictureError, LimitError) as error:
                assert "\n" not in str(error)  # noqa: PT017
            else:
                assert picture.pixels.size
