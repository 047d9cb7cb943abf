"""What users of Pillow expect of a format, on nacre files."""

from __future__ import annotations

import gc
import io
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

import nacre
from golden.drawing import disc, shades
from nacre.container.header import Header
from nacre.errors import FormatError, NacreWarning, TargetError, TruncatedError, UsageError
from nacre.picture.metrics import psnr

ORIENTATION, MODEL = 274, 272


def roundtrip(image: Image.Image, **options: Any) -> ImageFile.ImageFile:
    buffer = io.BytesIO()
    image.save(buffer, "NACRE", **options)
    return Image.open(buffer)


def exif(**values: Any) -> Image.Exif:
    tags = Image.Exif()
    tags.update({ORIENTATION: values["orientation"]} if "orientation" in values else {})
    tags.update({MODEL: values["model"]} if "model" in values else {})
    return tags


class Counting(io.BytesIO):
    """A file that knows how far it was read."""

    reach = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.reach = max(self.reach, self.tell())
        return data


# Registration


def test_the_format_is_registered(plugin: ModuleType) -> None:
    assert Image.registered_extensions()[".nacre"] == "NACRE"
    assert Image.MIME["NACRE"] == "image/x-nacre"
    before = list(Image.ID)
    nacre.register_pillow()
    assert before == Image.ID
    assert before.count("NACRE") == 1


def test_registering_late_and_lightly(file: Path, image: Image.Image, tmp_path: Path) -> None:
    image.save(tmp_path / "other.png")
    code = (
        "import sys, nacre; from nacre import register_pillow\n"
        "assert 'PIL' not in sys.modules and 'numpy' not in sys.modules\n"
        "from PIL import Image\n"
        "Image.open('other.png').close(); Image.init()\n"
        "register_pillow()\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "with Image.open('photo.nacre') as image:\n"
        "    assert 'onnxruntime' not in sys.modules\n"
        "    image.load(); print(image.format, image.size)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert (ran.stdout, ran.stderr) == ("NACRE (80, 60)\n", "")


# Opening


def test_open_reads_the_header_only(long_data: bytes) -> None:
    file = Counting(long_data)
    image = Image.open(file, formats=["NACRE"])  # some of the others read a little
    assert (image.format, image.mode, image.size) == ("NACRE", "RGB", (960, 640))
    assert image.get_format_mimetype() == "image/x-nacre"
    assert file.reach <= 256 < len(long_data)
    image.load()
    assert file.reach == len(long_data)


def test_what_opens_is_what_decode_gives(file: Path, data: bytes, tmp_path: Path) -> None:
    whole = np.asarray(nacre.decode(data))
    other = tmp_path / "without-suffix"
    other.write_bytes(data)
    for source in (file, str(file), other, io.BytesIO(data)):
        with Image.open(source) as image:
            assert np.array_equal(image, whole)
    with file.open("rb") as stream:  # the same file object, twice
        for _ in range(2):
            with Image.open(stream) as image:
                assert np.array_equal(image, whole)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_modes(channels: int, mode: str) -> None:
    planes = [shades(40, 48)[..., : 1 if channels < 3 else 3]]
    if channels % 2 == 0:
        planes.append(disc(40, 48)[..., None])
    drawn = Image.fromarray(np.concatenate(planes, axis=2).squeeze())
    again = roundtrip(drawn)
    assert (again.mode, again.size) == (mode, (48, 40))
    again.load()
    assert again.mode == mode
    if channels % 2 == 0:
        assert np.array_equal(again.getchannel("A"), disc(40, 48))


def test_a_loaded_image_can_be_used_as_any_other(file: Path, data: bytes) -> None:
    with Image.open(file) as image:
        image.thumbnail((40, 40))
        assert image.size == (40, 30)
    with Image.open(file) as image:
        image.putpixel((0, 0), (1, 2, 3))
        assert image.getpixel((0, 0)) == (1, 2, 3)
        assert pickle.loads(pickle.dumps(image)).tobytes() == image.tobytes()
        assert image.copy().tobytes() == image.tobytes()
        assert image.tell() == 0
        with pytest.raises(EOFError):
            image.seek(1)
    with Image.open(file) as image:
        again = nacre.encode(image)
    assert again == nacre.encode(nacre.decode(data))


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89NCR", b"\x89NCR\x10", b"\x89PNG\r\n\x1a\n", b"text" * 30],
)
def test_what_is_not_ours(plugin: ModuleType, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "not-ours.nacre"
    path.write_bytes(content)
    with pytest.raises(SyntaxError):
        plugin.NacreImageFile(path)
    with pytest.raises(UnidentifiedImageError):
        Image.open(path)
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(content))


def test_a_damaged_header_is_not_ours(data: bytes) -> None:
    damaged = bytearray(data)
    damaged[12] ^= 1
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(damaged))


# Bombs, cuts and damage


def claiming(width: int, height: int) -> io.BytesIO:
    return io.BytesIO(Header(codec=7, weights_tag=bytes(4), width=width, height=height).pack())


def test_bombs() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(claiming(10_000, 10_000))
    for size in ((20_000, 20_000), (1, 80_000_000)):
        with pytest.raises(Image.DecompressionBombError):
            Image.open(claiming(*size))


def test_without_a_limit_there_are_no_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert Image.open(claiming(20_000, 20_000)).size == (20_000, 20_000)


def test_a_cut_file_loads_without_a_warning(data: bytes) -> None:
    least = nacre.info(data).first_layer_bytes
    assert least is not None
    for length in (least, (least + len(data)) // 2):
        with Image.open(io.BytesIO(data[:length])) as image:
            image.verify()
        with Image.open(io.BytesIO(data[:length])) as image:
            assert np.array_equal(image, nacre.decode(data[:length]))


def test_a_cut_below_the_first_layer(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    least = nacre.info(data).first_layer_bytes
    assert least is not None
    below = data[: least - 1]
    with pytest.raises(OSError, match="below its first layer") as caught:
        Image.open(io.BytesIO(below)).load()
    assert isinstance(caught.value.__cause__, TruncatedError)
    with pytest.raises(OSError, match="below its first layer"):
        Image.open(io.BytesIO(below)).verify()
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with Image.open(io.BytesIO(below)) as image:
        assert image.getextrema() == ((0, 0),) * 3


def test_damage(long_data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = bytearray(long_data)
    damaged[-3] ^= 0xFF
    with pytest.raises(OSError, match="damaged") as caught:
        Image.open(io.BytesIO(damaged)).load()
    assert isinstance(caught.value.__cause__, FormatError)
    with pytest.raises(SyntaxError, match="damaged"):
        Image.open(io.BytesIO(damaged)).verify()
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with Image.open(io.BytesIO(damaged)) as image, pytest.warns(NacreWarning):
        image.load()


def test_verify_closes(file: Path, data: bytes) -> None:
    with Image.open(file) as image:
        stream = image.fp
        image.verify()
        assert stream is not None
        assert stream.closed
    stream = io.BytesIO(data)
    Image.open(stream).verify()
    assert not stream.closed


def test_weights_that_are_not_there(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Header(codec=7, weights_tag=b"none", width=40, height=40).pack()
    with pytest.raises(OSError, match="weights"):
        Image.open(io.BytesIO(other)).load()


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_parser(data: bytes, step: int) -> None:
    parser = ImageFile.Parser()
    for start in range(0, len(data), step):
        parser.feed(data[start : start + step])
        if start > 300:
            assert parser.image is not None
            assert parser.image.size == (80, 60)
            assert parser.image.info == {}
    assert np.array_equal(parser.close(), nacre.decode(data))


def test_nothing_is_left_open(file: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Image.open(file) as image:
            image.save(tmp_path / "again.nacre")
        loaded = Image.open(file)
        stream = loaded.fp
        loaded.load()
        assert stream is not None
        assert stream.closed
        del image, loaded
        gc.collect()


# Metadata


def test_metadata_is_there_before_loading(profile: bytes) -> None:
    again = roundtrip(
        Image.fromarray(shades(40, 48)), icc_profile=profile, exif=exif(model="test"), xmp="<x:xmpmeta/>"
    )
    assert again.info["icc_profile"] == profile
    assert again.getexif()[MODEL] == "test"
    assert again.info["xmp"] == b"<x:xmpmeta/>"
    before = dict(again.info)
    again.info["mine"] = 1
    again.load()
    assert again.info == before | {"mine": 1}
    with again.copy() as copied:
        assert copied.info == again.info


def test_metadata_after_loading(profile: bytes) -> None:
    again = roundtrip(Image.fromarray(shades(40, 48)), icc_profile=profile, exif=exif(model="test"))
    again.load()
    assert again.getexif()[MODEL] == "test"
    assert again.info["icc_profile"] == profile


def test_icc_profiles_go_from_image_to_image(profile: bytes) -> None:
    image = Image.fromarray(shades(40, 48))
    assert "icc_profile" not in roundtrip(image).info
    image.info["icc_profile"] = profile
    assert roundtrip(image).info["icc_profile"] == profile
    assert roundtrip(roundtrip(image)).info["icc_profile"] == profile
    assert "icc_profile" not in roundtrip(image, icc_profile=None).info
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert "icc_profile" not in roundtrip(image, icc_profile=srgb).info  # sRGB goes without saying


@pytest.mark.parametrize("use_bytes", [True, False])
def test_exif_is_saved_when_given(use_bytes: bool) -> None:
    image = Image.fromarray(shades(40, 48))
    tags = exif(model="test")
    given = tags.tobytes() if use_bytes else tags
    assert roundtrip(image, exif=given).info["exif"] == tags.tobytes()
    image.info["exif"] = tags.tobytes()
    image.info["xmp"] = b"<x:xmpmeta/>"
    assert not {"exif", "xmp"} & set(roundtrip(image).info)


def test_an_orientation_turns_the_picture() -> None:
    drawn = Image.fromarray(shades(40, 64))
    lying = roundtrip(drawn, exif=exif(orientation=6, model="test"))
    assert lying.size == (40, 64)
    assert lying.getexif()[ORIENTATION] == 1
    turned = drawn.transpose(Image.Transpose.ROTATE_270)
    assert psnr(np.asarray(lying), np.asarray(turned)) > 13


# Saving


def test_saving_takes_the_options_of_encode(image: Image.Image, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.nacre"

    def size(**options: Any) -> int:
        image.save(path, **options)
        return path.stat().st_size

    image.save(path, threads=1, unknown="ignored")
    assert path.read_bytes() == data
    whole = size()
    points = nacre.info(path).rate_points
    assert size(bytes=whole - 1) == whole - 1
    assert size(bpp=8 * points[2].bytes / (80 * 60)) <= points[2].bytes
    assert size(psnr=psnr(np.asarray(nacre.decode(data[: points[2].bytes])), np.asarray(image)) - 0.01) <= (
        points[2].bytes
    )
    assert size(ssim=0.1) <= len(data)
    assert size(quality=10) <= size(quality=90)
    mask = np.zeros((60, 80), np.uint8)
    mask[:, :20] = 255
    image.save(path, roi=mask, threads=1)
    assert path.read_bytes() == nacre.encode(image, roi=mask, threads=1) != data
    assert size(codec="residual-fc", iterations=2) < size(codec="residual-fc", iterations=4)
    assert nacre.info(path).codec == "residual-fc"


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"bytes": 10}, TargetError),
        ({"psnr": 99}, TargetError),
        ({"bytes": 1000, "bpp": 1}, UsageError),
        ({"codec": "no-such"}, UsageError),
        ({"threads": 0}, UsageError),
        ({"iterations": 2}, UsageError),
        ({"roi": Image.new("L", (5, 5))}, UsageError),
    ],
)
def test_options_that_cannot_be_had(
    image: Image.Image, options: dict[str, Any], cause: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        image.save(tmp_path / "photo.nacre", **options)
    assert isinstance(caught.value.__cause__, cause)
    assert not list(tmp_path.iterdir())


def test_an_image_without_pixels() -> None:
    with pytest.raises(ValueError, match="without pixels"):
        Image.new("RGB", (0, 0)).save(io.BytesIO(), "NACRE")


@pytest.mark.parametrize(
    ("mode", "saved"),
    [
        ("1", "L"),
        ("P", "RGB"),
        ("PA", "RGBA"),
        ("CMYK", "RGB"),
        ("YCbCr", "RGB"),
        ("HSV", "RGB"),
        ("I;16", "L"),
    ],
)
def test_other_modes_are_converted(mode: str, saved: str) -> None:
    drawn = Image.fromarray(shades(40, 48))
    other = drawn.convert("L").convert("I").convert(mode) if mode == "I;16" else drawn.convert(mode)
    assert roundtrip(other).mode == saved


def test_what_has_no_8_bit_form() -> None:
    with pytest.raises(OSError, match="floating-point"):
        Image.new("F", (40, 40)).save(io.BytesIO(), "NACRE")


def test_the_frame_of_an_animation_at_hand_is_saved(tmp_path: Path) -> None:
    frames = [Image.new("L", (40, 40), value) for value in (10, 240)]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / "two.gif") as animation:
        animation.seek(1)
        bright = np.asarray(roundtrip(animation).convert("L"))
    assert bright.mean() > 128


def test_a_transparent_color_stays_transparent(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 40), (255, 0, 0))
    image.putpixel((0, 0), (0, 255, 0))
    image.info["transparency"] = (255, 0, 0)
    again = roundtrip(image)
    assert again.mode == "RGBA"
    assert again.getchannel("A").getextrema() == (0, 255)


# Defaults for all files


def test_defaults(data: bytes, plugin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    decode, encode = plugin.api.decode, plugin.api.encode
    monkeypatch.setattr(plugin.api, "decode", lambda *a, **k: seen.append(k) or decode(*a, **k))
    monkeypatch.setattr(plugin.api, "encode", lambda *a, **k: seen.append(k) or encode(*a, **k))
    monkeypatch.setattr(plugin, "THREADS", 1)
    monkeypatch.setattr(plugin, "MAX_BYTES", 150)
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(image, nacre.decode(data[:150], threads=1))
        roundtrip(image)
        roundtrip(image, threads=2)
    assert [options["threads"] for options in seen] == [1, 1, 2]
