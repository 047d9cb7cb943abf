from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from nacre.errors import ExistsError, NacreWarning, PictureError
from nacre.picture.picture import Picture
from nacre.picture.reading import from_pil, read
from nacre.picture.writing import to_pil, write

EXACT = ["PNG", "WEBP", "TIFF", "JPEG2000", "TGA"]  # with alpha and without
METADATA = ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"]
XMP = b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/">nacre</x:xmpmeta><?xpacket end="w"?>'


@pytest.fixture(params=["gray", "gray alpha", "color", "color alpha"])
def picture(request: pytest.FixtureRequest, photo: Any) -> Picture:
    pixels = photo if "color" in request.param else photo[..., :1].copy()
    alpha = (photo[..., 1] // 3 + 90).astype(np.uint8) if "alpha" in request.param else None
    return Picture(pixels, alpha)


def exif_block() -> bytes:
    tags = Image.Exif()
    tags[0x010F] = "maker"
    tags[0x0112] = 1
    tags[0x8769] = {0x829A: 0.5, 0x9003: "2020:01:02 03:04:05"}
    tags[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    return tags.tobytes().removeprefix(b"Exif\0\0")


def wide_profile(shared_data: Path) -> bytes:
    icc = read(shared_data / "jpegs" / "multi_picture.mpo").icc
    assert icc is not None
    return icc


def same(a: Picture, b: Picture) -> bool:
    alike = np.array_equal(a.pixels, b.pixels) and (a.alpha is None) == (b.alpha is None)
    return alike and (a.alpha is None or b.alpha is None or np.array_equal(a.alpha, b.alpha))


def unless_missing(form: str) -> None:
    feature = {"AVIF": "avif", "WEBP": "webp", "JPEG2000": "jpg_2000"}.get(form)
    if feature and not features.check(feature):
        pytest.skip(f"this Pillow has no {form}")


# ---- samples


def test_pillow_image_and_back(picture: Picture) -> None:
    image = to_pil(picture)
    assert image.mode == ("L" if picture.is_gray else "RGB") + ("A" if picture.alpha is not None else "")
    assert image.size == (37, 29)
    assert same(from_pil(image), picture)


@pytest.mark.parametrize("form", EXACT)
def test_exact_formats(picture: Picture, form: str) -> None:
    unless_missing(form)
    buffer = io.BytesIO()
    write(picture, buffer, format=form)
    back = read(buffer)
    if back.is_gray == picture.is_gray:
        assert same(back, picture)
    else:  # WebP has no gray
        assert form == "WEBP"
        assert same(back, replace(picture, pixels=picture.rgb()))


@pytest.mark.parametrize("suffix", [".bmp", ".ppm", ".pgm"])
def test_exact_formats_without_alpha(photo: Any, suffix: str, tmp_path: Path) -> None:
    for pixels in (photo, photo[..., :1].copy()):
        write(Picture(pixels), tmp_path / f"p{suffix}", overwrite=True)
        assert np.array_equal(read(tmp_path / f"p{suffix}").pixels, pixels)


@pytest.mark.parametrize("form", ["JPEG", "AVIF"])
def test_lossy_formats_are_near(photo: Any, form: str) -> None:
    unless_missing(form)
    buffer = io.BytesIO()
    write(Picture(photo), buffer, format=form)
    assert np.abs(read(buffer).pixels.astype(int) - photo).mean() < 2
    if form == "JPEG":
        with Image.open(buffer) as image:
            assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".ppm"])
def test_alpha_is_never_lost_silently(photo: Any, suffix: str, tmp_path: Path) -> None:
    picture = Picture(photo, photo[..., 0].copy())
    with pytest.raises(PictureError, match="no transparency; choose PNG, WebP or TIFF"):
        write(picture, tmp_path / f"p{suffix}")
    assert not list(tmp_path.iterdir())


# ---- places


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.png", "PNG"),
        ("a.JPG", "JPEG"),
        ("a.jpeg", "JPEG"),
        ("a.tif", "TIFF"),
        ("a.webp", "WEBP"),
        ("a", "PNG"),
        ("a.b.jp2", "JPEG2000"),
    ],
)
def test_suffix_chooses(photo: Any, name: str, form: str, tmp_path: Path) -> None:
    write(Picture(photo), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with Image.open(tmp_path / name) as image:
        assert image.format == form


def test_format_wins_over_suffix(photo: Any, tmp_path: Path) -> None:
    for form in ("tiff", "TIF", ".tif"):
        write(Picture(photo), str(tmp_path / "a.png"), format=form, overwrite=True)
        with Image.open(tmp_path / "a.png") as image:
            assert image.format == "TIFF"


@pytest.mark.parametrize("name", ["a.xyz", "a.gif", "a.pdf", "a.nacre"])
def test_unknown_suffix(photo: Any, name: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no known format; choose one of PNG, JPEG"):
        write(Picture(photo), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_unasked(photo: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_text("mine")
    with pytest.raises(ExistsError, match="exists already"):
        write(Picture(photo), path)
    assert path.read_text() == "mine"
    write(Picture(photo), path, overwrite=True)
    assert np.array_equal(read(path).pixels, photo)
    assert len(list(tmp_path.iterdir())) == 1


def test_bad_places(photo: Any, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for name, why in {
        "missing/a.png": "its folder does not exist",
        "folder.png": "is a directory",
        "file/a.png": "cannot be written",
        "zero\0.png": "cannot be written",
        "n" * 300 + ".png": "cannot be written",
    }.items():
        with pytest.raises(PictureError, match=why) as caught:
            write(Picture(photo), f"{tmp_path}/{name}", overwrite=True)
        assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


def test_a_failure_leaves_the_old_file(photo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_text("mine")

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(PictureError, match="No space left on device"):
        write(Picture(photo), path, overwrite=True)
    assert path.read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_a_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="cannot be written as WEBP"):
        write(Picture(np.zeros((1, 17000, 3), np.uint8)), tmp_path / "a.webp")
    assert not list(tmp_path.iterdir())


def test_stream_is_left_open_and_defaults_to_png(photo: Any) -> None:
    buffer = io.BytesIO(b"")
    write(Picture(photo), buffer)
    assert buffer.getvalue().startswith(b"\x89PNG")


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes, links and devices")
def test_posix_places(photo: Any, tmp_path: Path) -> None:
    plain, path, link = tmp_path / "plain", tmp_path / "a.png", tmp_path / "link.png"
    plain.touch()
    write(Picture(photo), path)
    assert path.stat().st_mode == plain.stat().st_mode
    link.symlink_to(path)
    write(Picture(photo[::-1].copy()), link, overwrite=True)
    assert link.is_symlink()
    assert np.array_equal(read(path).pixels, photo[::-1])
    write(Picture(photo), "/dev/null")
    assert Path("/dev/null").is_char_device()


# ---- metadata


@pytest.mark.parametrize("form", METADATA)
def test_metadata_round_trip(photo: Any, form: str, shared_data: Path) -> None:
    unless_missing(form)
    picture = Picture(photo, icc=wide_profile(shared_data), exif=exif_block(), xmp=XMP)
    buffer = io.BytesIO()
    write(picture, buffer, format=form)
    back = read(buffer)
    assert back.icc == picture.icc
    assert back.xmp == XMP
    assert back.notes == ()
    assert back.exif is not None
    if form in {"PNG", "JPEG", "WEBP"}:
        assert back.exif == picture.exif
    tags = Image.Exif()
    tags.load(back.exif)
    assert tags[0x010F] == "maker"
    assert tags.get_ifd(0x8769) == {0x829A: 0.5, 0x9003: "2020:01:02 03:04:05"}
    assert tags.get_ifd(0x8825) == {1: "N", 2: (1.0, 2.0, 3.0)}


def test_pillow_image_carries_metadata(photo: Any, shared_data: Path) -> None:
    picture = Picture(photo, icc=wide_profile(shared_data), exif=exif_block(), xmp=XMP)
    image = to_pil(picture)
    assert image.getexif()[0x010F] == "maker"
    back = from_pil(image)
    assert (back.icc, back.exif, back.xmp) == (picture.icc, picture.exif, picture.xmp)
    assert to_pil(Picture(photo)).info == {}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_metadata_of_shared_jpegs_survives(form: str, shared_data: Path) -> None:
    """Camera files, with their thumbnails, maker notes and damaged entries."""
    names = ["exif_broken_dpi", "exif_gps", "yuv410", "yuv440", "progressive_icc_exif"]
    names += ["gray_icc"] if form != "WEBP" else []
    for name in names:
        picture = read(shared_data / "jpegs" / f"{name}.jpg")
        buffer = io.BytesIO()
        write(picture, buffer, format=form)
        back = read(buffer)
        assert (back.exif is None) == (picture.exif is None), name
        if form != "TIFF":
            assert back.exif == picture.exif, name
        assert back.icc == picture.icc, name


def test_what_is_left_out_is_warned_about(photo: Any, shared_data: Path, tmp_path: Path) -> None:
    picture = Picture(photo, icc=wide_profile(shared_data), exif=exif_block(), xmp=XMP)
    with pytest.warns(NacreWarning, match="BMP cannot hold ICC profile and Exif and XMP, dropped"):
        write(picture, tmp_path / "a.bmp")
    huge = replace(picture, exif=exif_block() + bytes(70_000))
    with pytest.warns(NacreWarning, match="JPEG cannot hold Exif, dropped") as warned:
        write(huge, tmp_path / "a.jpg")
    assert warned[0].filename == __file__
    gray = read(shared_data / "jpegs" / "gray_icc.jpg")
    with pytest.warns(NacreWarning, match="WEBP cannot hold ICC profile, dropped"):
        write(gray, tmp_path / "a.webp")
    back = read(tmp_path / "a.jpg")
    assert back.exif is None
    assert back.icc == picture.icc
    assert back.xmp == XMP


def test_damaged_exif_does_not_cost_the_picture(photo: Any, tmp_path: Path) -> None:
    with pytest.warns(NacreWarning, match="TIFF cannot hold Exif, dropped"):
        write(Picture(photo, exif=b"no TIFF head"), tmp_path / "a.tif")
    assert np.array_equal(read(tmp_path / "a.tif").pixels, photo)
