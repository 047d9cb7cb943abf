"""Pictures as browsers show them: the coded file itself where they read the format, else a near copy."""

from __future__ import annotations

import base64
import io
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, features

from nacre.bench.contract import Pixels
from nacre.picture.metrics import psnr

MARGIN = 10.0
"""dB by which a copy is nearer to the decoded pixels than these are to the original: a tenth of the error."""

ENOUGH = 45.0
"""dB at which a copy is near enough in any case: errors of less than two levels of 255."""

_QUALITIES = (40, 50, 60, 70, 78, 85, 90, 94, 97)


@dataclass(frozen=True)
class Copy:
    """What a page shows of some pixels.

    Attributes
    ----------
    address
        The picture itself, as a data URI.
    kind
        Of file: "JPEG", "WebP", "AVIF".
    psnr
        dB between what is shown and the pixels; None where they are the same.
    itself
        Whether it is the coded file, not a copy.
    """

    address: str
    kind: str
    psnr: float | None = None
    itself: bool = False


def of_file(data: bytes) -> Copy | None:
    """The file itself, if it is of a format that browsers read."""
    if data.startswith(b"\xff\xd8\xff"):
        return Copy(_address(data, "jpeg"), "JPEG", itself=True)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Copy(_address(data, "webp"), "WebP", itself=True)
    if data[4:12] == b"ftypavif":
        return Copy(_address(data, "avif"), "AVIF", itself=True)
    return None


def of_pixels(pixels: Pixels, own: float) -> Copy:
    """The smallest AVIF file that is near enough, or else WebP without loss.

    Parameters
    ----------
    pixels
        Shape (H, W, 3), uint8.
    own
        dB between them and the original; a copy is nearer by `MARGIN`, or as near as `ENOUGH`.
    """
    image = Image.fromarray(pixels)
    least = min(own + MARGIN, ENOUGH)

    @cache
    def at(quality: int) -> tuple[bytes, float]:
        data = _saved(image, "AVIF", quality=quality, subsampling="4:4:4")
        with Image.open(io.BytesIO(data)) as shown:
            return data, psnr(pixels, np.asarray(shown.convert("RGB")))

    if features.check("avif"):
        found = bisect_left(_QUALITIES, True, key=lambda quality: at(quality)[1] >= least)
        if found < len(_QUALITIES):
            data, near = at(_QUALITIES[found])
            return Copy(_address(data, "avif"), "AVIF", near)
    return Copy(_address(_saved(image, "WEBP", lossless=True), "webp"), "WebP")


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _address(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
