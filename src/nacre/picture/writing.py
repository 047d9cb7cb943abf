"""Pictures to Pillow images and files."""

from __future__ import annotations

import io
import os
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, PngImagePlugin

from nacre.errors import NacreWarning, PictureError
from nacre.picture import exif as exif_blocks
from nacre.picture.picture import Picture
from nacre.picture.pillow import quiet
from nacre.picture.replacing import replacing


@dataclass(frozen=True)
class _Format:
    """A file format: Pillow's name for it, what it can hold, how it is saved."""

    name: str
    suffixes: tuple[str, ...]
    alpha: bool
    metadata: bool  # ICC, Exif and XMP
    gray: bool = True  # as one channel; otherwise gray is written as RGB
    options: dict[str, Any] = field(default_factory=dict)


_FORMATS = (
    _Format("PNG", (".png",), alpha=True, metadata=True),
    _Format(
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        alpha=False,
        metadata=True,
        options={"quality": 95, "subsampling": "4:4:4"},
    ),
    _Format(
        "WEBP",
        (".webp",),
        alpha=True,
        metadata=True,
        gray=False,
        options={"lossless": True, "exact": True},
    ),
    _Format("TIFF", (".tif", ".tiff"), alpha=True, metadata=True),
    _Format("AVIF", (".avif",), alpha=True, metadata=True, options={"quality": 95, "subsampling": "4:4:4"}),
    _Format("JPEG2000", (".jp2", ".j2k"), alpha=True, metadata=False, options={"mct": 1}),
    _Format("BMP", (".bmp",), alpha=False, metadata=False),
    _Format("PPM", (".ppm", ".pgm", ".pnm"), alpha=False, metadata=False),
    _Format("TGA", (".tga",), alpha=True, metadata=False),
)
_TIFF_XMP = 0x02BC


def to_pil(picture: Picture) -> Image.Image:
    r"""Make a Pillow image of mode L, LA, RGB or RGBA.

    Its ``info`` holds ``icc_profile``, ``exif`` (with the head ``Exif\0\0``) and ``xmp`` where the picture
    has them, under the names that Pillow's own plugins use.
    """
    planes = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha[..., None]]
    samples = np.concatenate(planes, axis=2)
    image = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    image.info.update(pillow_info(picture.icc, picture.exif, picture.xmp))
    return image


def pillow_info(icc: bytes | None, exif: bytes | None, xmp: bytes | None) -> dict[str, bytes]:
    r"""Name metadata as Pillow does; Exif gets its head ``Exif\0\0``."""
    headed = None if exif is None else exif_blocks.HEAD + exif
    named = {"icc_profile": icc, "exif": headed, "xmp": xmp}
    return {key: value for key, value in named.items() if value is not None}


def write(
    picture: Picture,
    target: str | os.PathLike[str] | BinaryIO,
    *,
    format: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a picture file: whole or not at all.

    PNG, WebP, TIFF and JPEG 2000 are written without loss, JPEG and AVIF at quality 95 in 4:4:4.

    Parameters
    ----------
    target
        A path, or a binary file object, which is left open.
    format
        Name or suffix of the format ("PNG", "jpg"); by default that of the path, PNG where there is none.
    overwrite
        Whether an existing file may be replaced.

    Raises
    ------
    PictureError
        If the format is unknown or can't hold alpha that the picture has, or writing fails.
    ExistsError
        If the file exists and ``overwrite`` is not set.

    Warns
    -----
    NacreWarning
        If the format can't hold metadata that the picture has.
    """
    if hasattr(target, "write"):
        name = "the picture"
        kind = _format(format or "PNG", name)
        data = _encoded(picture, kind, name)
        try:
            target.write(data)
        except BrokenPipeError:  # the reader went away: the caller's to judge
            raise
        except OSError as error:
            raise PictureError(_unwritable(name, error)) from error
        return
    name = repr(os.fspath(target))
    kind = _format(format or Path(target).suffix or "PNG", name)
    try:
        with replacing(target, overwrite=overwrite) as file:
            file.write(_encoded(picture, kind, name))
    except (OSError, ValueError) as error:
        raise PictureError(_unwritable(name, error)) from error


def _format(wanted: str, name: str) -> _Format:
    key = wanted.removeprefix(".").lower()
    for kind in _FORMATS:
        if key == kind.name.lower() or f".{key}" in kind.suffixes:
            return kind
    known = ", ".join(kind.name for kind in _FORMATS)
    raise PictureError(
        f"{name} cannot be written as {wanted!r}, which is no known format; choose one of {known}"
    )


def _encoded(picture: Picture, kind: _Format, name: str) -> bytes:
    if picture.alpha is not None and not kind.alpha:
        raise PictureError(
            f"{name} cannot be written as {kind.name}, which holds no transparency; choose PNG, WebP or TIFF"
        )
    first = picture if kind.metadata else replace(picture, icc=None, exif=None, xmp=None)
    if picture.is_gray and not kind.gray:
        first = replace(first, icc=None)  # it would not fit the samples
    # Blocks may be damaged or too long for the format: the picture goes before what is said about it.
    attempts = [first, replace(first, exif=None), replace(first, exif=None, xmp=None)]
    failure: Exception | None = None
    for attempt in attempts:
        try:
            data = _saved(attempt, kind)
        except (
            Exception
        ) as error:  # Pillow's plugins raise nearly anything, such as KeyError for a missing codec
            failure = failure or error
            continue
        _warn_of_loss(picture, attempt, kind)
        return data
    why = " ".join(str(failure).split()).rstrip(". ")
    raise PictureError(f"{name} cannot be written as {kind.name} ({why}); choose another format") from failure


def _saved(picture: Picture, kind: _Format) -> bytes:
    buffer = io.BytesIO()
    with quiet(picture.width * picture.height):
        to_pil(picture).save(buffer, kind.name, **kind.options, **_save_arguments(picture, kind))
    return buffer.getvalue()


def _save_arguments(picture: Picture, kind: _Format) -> dict[str, Any]:
    """Metadata as the format's plugin wants it."""
    arguments: dict[str, Any] = dict(pillow_info(picture.icc, picture.exif, picture.xmp))
    if kind.name == "PNG" and picture.xmp is not None:
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", picture.xmp)
        arguments["pnginfo"] = text
    if kind.name == "TIFF" and (picture.exif is not None or picture.xmp is not None):
        tags = Image.Exif()
        if picture.exif is not None:
            whole = Image.Exif()
            whole.load(picture.exif)
            tags.load(exif_blocks.of_photograph(whole))
        if picture.xmp is not None:
            tags[_TIFF_XMP] = picture.xmp
        arguments["exif"] = tags
    return arguments


def _warn_of_loss(picture: Picture, written: Picture, kind: _Format) -> None:
    lost = [
        name
        for name, before, after in (
            ("ICC profile", picture.icc, written.icc),
            ("Exif", picture.exif, written.exif),
            ("XMP", picture.xmp, written.xmp),
        )
        if before is not None and after is None
    ]
    if lost:
        warnings.warn(f"{kind.name} cannot hold {' and '.join(lost)}, dropped", NacreWarning, stacklevel=4)


def _unwritable(name: str, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{name} cannot be written because its folder does not exist; create it first"
    if isinstance(error, IsADirectoryError):
        return f"{name} is a directory; name a file in it"
    reason = getattr(error, "strerror", None) or str(error)
    return f"{name} cannot be written ({reason}); choose another place"
