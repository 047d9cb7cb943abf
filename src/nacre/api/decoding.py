"""Files in, pictures out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from nacre.api.checks import check_threads, parse_checked, refuse_if_damaged, warn_if_damaged
from nacre.api.sources import FileSource, read_source
from nacre.container.file import ParsedFile
from nacre.errors import TruncatedError

if TYPE_CHECKING:
    from PIL.Image import Image

    from nacre.codecs.contract import Coded
    from nacre.picture.picture import Picture


def decompress(
    source: FileSource,
    *,
    max_bytes: int | None = None,
    threads: int | None = None,
    max_pixels: int | None = None,
    strict: bool = False,
) -> Picture:
    """Decode a file, or any prefix of one, to a `Picture` with its metadata; see `decode`."""
    return _decompress(source, max_bytes, threads, max_pixels, strict)


def decode(
    source: FileSource,
    *,
    max_bytes: int | None = None,
    threads: int | None = None,
    max_pixels: int | None = None,
    strict: bool = False,
) -> Image:
    """Decode a nacre file, or any prefix of one, to a Pillow image.

    Parameters
    ----------
    source
        The file's bytes, its path, or a binary file object.
    max_bytes
        Use only so many bytes from the start.
    threads
        All cores by default.
    max_pixels
        Refuse larger pictures; 89,478,485 by default.
    strict
        Refuse a damaged file instead of showing what comes before the damage.

    Returns
    -------
    PIL.Image.Image
        Mode L, LA, RGB or RGBA; ICC profile, Exif and XMP in `info`.

    Raises
    ------
    FormatError
        If it is not a nacre file, or damaged and `strict` is set.
    TruncatedError
        If it ends before the first layer.
    WeightsError
        If its weights are not installed.
    LimitError
        If it has more than `max_pixels` pixels.

    Warns
    -----
    NacreWarning
        If the file is damaged.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    >>> data = nacre.encode(noise)
    >>> nacre.decode(data).size
    (80, 64)
    >>> nacre.decode(data[: len(data) // 2]).mode  # the first half of the file is a picture too
    'RGB'
    """
    from nacre.picture.writing import to_pil

    return to_pil(_decompress(source, max_bytes, threads, max_pixels, strict))


def coded(parsed: ParsedFile) -> Coded:
    """What a codec is given of a parsed file."""
    from nacre.codecs.contract import Coded

    header = parsed.header
    return Coded(
        weights_tag=header.weights_tag,
        parameters=header.parameters,
        width=header.width,
        height=header.height,
        gray=header.gray,
        alpha=header.alpha,
        stream=parsed.stream,
    )


def with_metadata(picture: Picture, parsed: ParsedFile) -> Picture:
    """The picture with what the file holds beside it."""
    return dataclasses.replace(picture, icc=parsed.icc, exif=parsed.exif, xmp=parsed.xmp)


def _decompress(
    source: FileSource, max_bytes: int | None, threads: int | None, max_pixels: int | None, strict: bool
) -> Picture:
    from nacre.codecs.contract import DecodeOptions
    from nacre.codecs.registry import get_codec_by_number

    check_threads(threads)
    parsed = parse_checked(read_source(source, max_bytes), max_pixels)
    codec = get_codec_by_number(parsed.header.codec)
    if strict:
        refuse_if_damaged(parsed)
    try:
        picture = codec.decode(coded(parsed), DecodeOptions(threads))
    except TruncatedError:
        refuse_if_damaged(parsed)
        raise
    warn_if_damaged(parsed, stacklevel=3)  # whoever calls `decode` or `decompress`
    return with_metadata(picture, parsed)
