"""Files, streams, Pillow images and arrays to pictures.

Whatever Pillow opens is read. Reading applies the orientation, reduces to 8 bits and to RGB or gray, keeps
alpha, ICC profile, Exif and XMP, and says in the picture's notes what it changed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from nacre.errors import LimitError, NacreError, PictureError
from nacre.picture import exif as exif_blocks
from nacre.picture.icc import color_space, is_srgb
from nacre.picture.picture import Picture
from nacre.picture.pillow import quiet

DEFAULT_MAX_PIXELS = 89_478_485
"""Pillow's default: 256 MiB of RGB samples."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".ppm", ".tif", ".tiff", ".jp2"})
"""What counts as a picture in a folder; a file that is named itself is read whatever its name."""

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

_NAMELESS = "the picture"

# Formats whose further pictures are previews, depth maps or layers of the first.
_FIRST_IS_ALL = {
    "MPO": "only the first picture of the multi-picture file was read",
    "PSD": "only the merged picture of the layers was read",
}

_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda samples: samples[:, ::-1],
    3: lambda samples: samples[::-1, ::-1],
    4: lambda samples: samples[::-1],
    5: lambda samples: samples.swapaxes(0, 1),
    6: lambda samples: samples[::-1].swapaxes(0, 1),
    7: lambda samples: samples[::-1, ::-1].swapaxes(0, 1),
    8: lambda samples: samples[:, ::-1].swapaxes(0, 1),
}


def read(source: Source, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Read a picture file.

    Parameters
    ----------
    source
        A path, the bytes of a file, or a binary file object (read from its start if it can seek; left open).
    max_pixels
        Refuse a larger picture before its samples are decoded.

    Raises
    ------
    PictureError
        If the file is missing, unreadable, damaged, animated, or no picture that Pillow knows.
    LimitError
        If it has more than ``max_pixels`` pixels.
    TypeError
        If ``source`` is none of the above.
    """
    name = _name(source)
    with _stream(source, name) as stream:
        return _picture(lambda: Image.open(stream), name, max_pixels)


def from_pil(image: Image.Image, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Take a Pillow image, with the metadata in its ``info``; the image is left as it is.

    Raises
    ------
    PictureError
        If it is empty, animated, damaged, or of a mode that has no 8-bit form.
    LimitError
        If it has more than ``max_pixels`` pixels.
    """
    return _picture(lambda: image, _NAMELESS, max_pixels)


def from_array(array: NDArray[Any], *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Take an array ``(H, W)`` or ``(H, W, 1)`` gray, ``(H, W, 3)`` RGB or ``(H, W, 4)`` RGBA of uint8.

    Samples are copied only where they don't lie in one piece.

    Raises
    ------
    TypeError
        If the samples are not uint8.
    ValueError
        If the shape is another one or has an empty side.
    LimitError
        If it has more than ``max_pixels`` pixels.
    """
    if array.dtype != np.uint8:
        raise TypeError(f"an array needs uint8 samples, not {array.dtype}; scale and convert it first")
    shape = array.shape
    if len(shape) not in (2, 3) or 0 in shape or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise ValueError(f"an array needs the shape (H, W), (H, W, 3) or (H, W, 4), not {shape}")
    _check_size(shape[1], shape[0], "the array", max_pixels)
    planes = array.reshape(*shape[:2], -1)
    alpha = np.ascontiguousarray(planes[..., 3]) if planes.shape[2] == 4 else None
    return Picture(np.ascontiguousarray(planes[..., :3]), alpha)


def as_picture(image: object, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Take a path, the bytes of a picture file, a binary file object, a Pillow image, an array or a picture.

    Raises
    ------
    TypeError
        For anything else.
    PictureError, LimitError, ValueError
        As :func:`read`, :func:`from_pil` and :func:`from_array`.
    """
    if isinstance(image, Picture):
        return image
    if isinstance(image, Image.Image):
        return from_pil(image, max_pixels=max_pixels)
    if isinstance(image, np.ndarray):
        return from_array(image, max_pixels=max_pixels)
    return read(cast("Source", image), max_pixels=max_pixels)


def _name(source: object) -> str:
    """Return what messages call the source; a TypeError for what is no source."""
    if isinstance(source, (str, os.PathLike)) and isinstance(path := os.fspath(source), str):
        return repr(path)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _NAMELESS
    if hasattr(source, "read") and not isinstance(source, io.TextIOBase):
        return _NAMELESS
    raise TypeError(
        "a picture is given as a path, the bytes of a file, a binary file object, a Pillow image "
        f"or a uint8 array, not as {type(source).__name__}"
    )


@contextmanager
def _stream(source: Source, name: str) -> Iterator[BinaryIO]:
    """Open a source as a stream that can seek; only what was opened here is closed."""
    opened: BinaryIO | None = None
    try:
        if isinstance(source, (bytes, bytearray, memoryview)):
            stream: BinaryIO = io.BytesIO(source)
        elif isinstance(source, (str, os.PathLike)):
            stream = opened = Path(source).open("rb")  # noqa: SIM115 -- closed below
        else:
            stream = source
        if not (hasattr(stream, "seekable") and stream.seekable()):
            stream = io.BytesIO(stream.read())
        stream.seek(0)
        empty = not stream.read(1)
        stream.seek(0)
    except (OSError, ValueError) as error:
        if opened:
            opened.close()
        raise PictureError(_unreadable(name, error)) from error
    try:
        if empty:
            raise PictureError(f"{name} is empty; give a whole picture file")
        yield stream
    finally:
        if opened:
            opened.close()


def _unreadable(name: str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{name} does not exist; check the name"
    if isinstance(error, IsADirectoryError):
        return f"{name} is a directory; name a picture in it"
    if isinstance(error, PermissionError):
        return f"{name} may not be read; check its permissions"
    return f"{name} cannot be read ({_reason(error)}); check that it is a file"


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:120].rstrip(". ")


def _picture(open_image: Callable[[], Image.Image], name: str, max_pixels: int) -> Picture:
    """Turn an image into a picture; everything Pillow may raise or warn about ends here."""
    notes: list[str] = []
    warned: list[str] = []
    try:
        with quiet(max_pixels) as warned:
            image = open_image()
            _check_size(image.width, image.height, name, max_pixels)
            _check_single(image, name, notes)
            deep = _is_deep(image)
            image.load()
            pixels, alpha = _samples(image, deep, name, notes)
            exif, xmp, orientation = _exif_and_xmp(image, notes)
            icc = image.info.get("icc_profile")
    except NacreError:
        raise
    except Image.DecompressionBombError as error:
        raise LimitError(
            f"{name} has more than {2 * max_pixels} pixels; "
            "if you trust it, raise the limit with --max-pixels"
        ) from error
    except MemoryError as error:
        raise LimitError(f"{name} does not fit in memory; scale it down or lower --max-pixels") from error
    except UnidentifiedImageError as error:
        why = f" ({warned[-1]})" if warned else ""
        raise PictureError(
            f"{name} is no picture that Pillow can open{why}; convert it to PNG first"
        ) from error
    except Exception as error:  # Pillow's plugins raise nearly anything on damaged files
        raise PictureError(
            f"{name} is damaged or unfinished ({_reason(error)}); get a whole copy of it"
        ) from error
    icc = _profile(icc, pixels.shape[2] == 1, notes)
    if orientation in _UPRIGHT:
        turn = _UPRIGHT[orientation]
        pixels = np.ascontiguousarray(turn(pixels))
        alpha = None if alpha is None else np.ascontiguousarray(turn(alpha))
    return Picture(pixels, alpha, icc, exif, xmp, tuple(notes + warned))


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise PictureError(f"{name} has {width}x{height} pixels; give one with at least one pixel")
    if width * height > max_pixels:
        raise LimitError(
            f"{name} has {width}x{height} pixels, more than the limit of {max_pixels}; "
            "if you trust it, raise the limit with --max-pixels"
        )


def _check_single(image: Image.Image, name: str, notes: list[str]) -> None:
    count = getattr(image, "n_frames", 1)
    if count > 1 and image.format not in _FIRST_IS_ALL:
        raise PictureError(
            f"{name} holds {count} pictures (an animation or pages); extract one of them first"
        )
    if count > 1:
        notes.append(_FIRST_IS_ALL[image.format or ""])


def _is_deep(image: Image.Image) -> bool:
    """Tell whether loading will reduce samples to 8 bits: Pillow does it on its own for color."""
    for codec, _, _, args in getattr(image, "tile", []):
        parts = args if isinstance(args, tuple) else (args,)
        if ";16" in str(parts[0]) or (codec.startswith("ppm") and parts[-1] > 255):
            return True
    return False


def _samples(
    image: Image.Image, deep: bool, name: str, notes: list[str]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return samples ``(H, W, 1 or 3)`` and alpha ``(H, W)`` of a loaded image, not yet turned upright."""
    mode = image.mode
    if mode == "F":
        raise PictureError(
            f"{name} has floating-point samples without a fixed range; scale them to 8 or 16 bits first"
        )
    if mode == "I" or mode.startswith("I;16"):
        return _from_integers(image, name, notes)
    if deep:
        notes.append("16-bit samples reduced to 8")
    key = image.info.get("transparency")
    if mode in ("1", "L", "RGB"):
        array = np.asarray(image.convert("L") if mode == "1" else image)
        pixels = array.reshape(*array.shape[:2], -1)
        if key is None:
            return _owned(pixels), None
        if deep:
            key = np.asarray(key) >> 8
        return _owned(pixels), _keyed(pixels, key)
    if mode in ("CMYK", "YCbCr", "HSV", "LAB"):
        notes.append(f"{mode} converted to RGB")
        return _owned(np.asarray(image.convert("RGB"))), None
    target = ("LA" if mode in ("LA", "La") else "RGBA") if image.has_transparency_data else "RGB"
    array = np.asarray(image if mode == target else image.convert(target))
    if target == "RGB":
        return _owned(array), None
    return _owned(array[..., :-1]), _owned(array[..., -1])


def _owned(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """Copy samples out of Pillow's memory, in one piece and writable."""
    return np.array(samples, dtype=np.uint8, order="C")


def _keyed(pixels: NDArray[Any], key: Any) -> NDArray[np.uint8]:
    """Alpha of a picture in which one color is transparent."""
    return np.where((pixels == np.asarray(key)).all(axis=2), 0, 255).astype(np.uint8)


def _from_integers(
    image: Image.Image, name: str, notes: list[str]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Reduce gray samples of 16 or 32 bits to 8.

    Mode I has 32 bits, but nothing says which range they fill: the smaller of 8 and 16 bits that holds all
    values is taken, except for PPM files, whose samples Pillow scales to 16 bits.
    """
    samples = np.asarray(image)[..., None]
    key = image.info.get("transparency")
    alpha = None if key is None else _keyed(samples, key)
    if image.mode == "I":
        low, high = int(samples.min()), int(samples.max())
        if low < 0 or high > 65535:
            raise PictureError(f"{name} has samples from {low} to {high}; scale them to 8 or 16 bits first")
        if high <= 255 and image.format != "PPM":
            notes.append("32-bit samples up to 255 taken as 8-bit ones")
            return _owned(samples), alpha
    notes.append("16-bit samples reduced to 8")
    return _owned(samples >> 8), alpha


def _exif_and_xmp(image: Image.Image, notes: list[str]) -> tuple[bytes | None, bytes | None, int]:
    """Exif and XMP of a loaded image, both upright, and the orientation that its samples still have."""
    exif, orientation = _exif(image, notes)
    xmp = image.info.get("xmp")
    if isinstance(xmp, str):
        xmp = xmp.encode()
    if not isinstance(xmp, bytes):
        return exif, None, orientation or 1
    xmp, xmp_orientation = exif_blocks.take_xmp_orientation(xmp)
    return exif, xmp or None, orientation or xmp_orientation or 1


def _exif(image: Image.Image, notes: list[str]) -> tuple[bytes | None, int | None]:
    try:
        block = image.info.get("exif")
        if block is None and "Raw profile type exif" in image.info:  # PNG files of older tools
            block = bytes.fromhex("".join(str(image.info["Raw profile type exif"]).split("\n")[3:]))
        if block is None and hasattr(image, "tag_v2"):
            block = exif_blocks.of_photograph(image.getexif())
        if isinstance(block, Image.Exif):
            block = block.tobytes()
        if not block:
            return None, None
        upright, orientation = exif_blocks.take_orientation(block)
    except Exception:  # a damaged block must not cost the picture
        notes.append("damaged Exif dropped")
        return None, None
    return upright or None, orientation


def _profile(icc: object, gray: bool, notes: list[str]) -> bytes | None:
    """Return the profile if the samples need it: it must fit them and not be sRGB, which is the default."""
    if not isinstance(icc, bytes) or not icc or is_srgb(icc):
        return None
    space = color_space(icc)
    if space == ("GRAY" if gray else "RGB"):
        return icc
    notes.append(f"ICC profile for {space} dropped" if space else "damaged ICC profile dropped")
    return None
