"""One picture through one codec: files at several rates, pixels back from them, and how good those are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from nacre.bench.contract import Codec, Pixels
from nacre.picture.metrics import compare
from nacre.picture.picture import Picture
from nacre.picture.reading import read


@dataclass(frozen=True)
class Measurement:
    """One file of one picture.

    Attributes
    ----------
    setting
        What the codec was asked for.
    bytes
        Bytes that count, headers included.
    bpp
        Bits per pixel of the true picture size.
    psnr
        dB over the R'G'B' samples of the picture, one mean error for all.
    ssim, ms_ssim
        In [0, 1], means over R', G' and B'.
    encoding_time, decoding_time
        Seconds of the whole calls, from array to bytes and from bytes to array.
    """

    setting: str
    bytes: int
    bpp: float
    psnr: float
    ssim: float
    ms_ssim: float
    encoding_time: float
    decoding_time: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def read_pixels(path: Path) -> Pixels:
    """Pixels (H, W, 3) uint8 of a picture file; alpha is left out, for most anchors have none.

    Raises
    ------
    PictureError
        If the file is no picture that nacre reads.
    """
    return read(path).rgb()


def measure(codec: Codec, pixels: Pixels) -> list[Measurement]:
    """Encode, decode from the bytes and compare, at every point of the codec.

    Parameters
    ----------
    codec
        The codec.
    pixels
        Shape (H, W, 3), uint8.

    Raises
    ------
    ValueError
        If the codec hands back pixels of another shape.
    """
    found = []
    for point in codec.points(pixels):
        start = perf_counter()
        decoded = codec.decode(point.data)
        decoding_time = perf_counter() - start
        if decoded.shape != pixels.shape:
            raise ValueError(f"it decoded to {decoded.shape}, not {pixels.shape}")
        quality = compare(Picture(pixels), Picture(decoded))
        found.append(
            Measurement(
                setting=point.setting,
                bytes=point.size,
                bpp=8 * point.size / (pixels.shape[0] * pixels.shape[1]),
                psnr=quality.psnr,
                ssim=quality.ssim,
                ms_ssim=quality.ms_ssim,
                encoding_time=point.seconds,
                decoding_time=decoding_time,
            )
        )
    return found


def from_dicts(rows: Iterable[dict[str, Any]]) -> list[Measurement]:
    """Measurements from what `as_dict` gave."""
    return [Measurement(**row) for row in rows]
