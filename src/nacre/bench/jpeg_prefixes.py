"""First bytes of one uncut file against first bytes of one progressive JPEG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from PIL import Image, ImageFile

from nacre import api
from nacre.bench.bars import Bar, at_least
from nacre.bench.contract import Pixels
from nacre.bench.each_picture import Row
from nacre.bench.markdown import table
from nacre.bench.measure import read_pixels
from nacre.errors import NacreError
from nacre.picture.metrics import psnr

RATES = (0.25, 0.5)
"""Bits a pixel that are kept of either file."""
QUALITIES = (75, 50)
"""Of the progressive JPEG; whichever shows more at a rate is the opponent there, picture by picture."""

LEAST_GAIN = 1.8
"""dB in the mean, at each rate."""
LEAST_WHOLE = 34.0
"""dB of the whole files in the mean: they must be worth having as they are."""


def measure(path: Path, *, codec: str, threads: int) -> Row:
    """PSNR of the first bytes of both files, and of the whole one of nacre.

    Raises
    ------
    NacreError
        If the picture is so small that these bytes hold nothing.
    """
    pixels = read_pixels(path)
    area = pixels.shape[0] * pixels.shape[1]
    data = api.compress(pixels, codec=codec, threads=threads).data
    jpegs = {quality: progressive_jpeg(pixels, quality) for quality in QUALITIES}
    sizes = [int(bpp * area / 8) for bpp in RATES]
    return {
        "whole_bytes": len(data),
        "whole_psnr": psnr(pixels, api.decompress(data, threads=threads).rgb()),
        "psnr": [psnr(pixels, api.decompress(data[:size], threads=threads).rgb()) for size in sizes],
        "jpeg_bytes": {str(quality): len(jpeg) for quality, jpeg in jpegs.items()},
        "jpeg_psnr": {
            str(quality): [psnr(pixels, decode_truncated(jpeg[:size])) for size in sizes]
            for quality, jpeg in jpegs.items()
        },
    }


def progressive_jpeg(pixels: Pixels, quality: int) -> bytes:
    """Return a whole file, 4:2:0, with the scans that Pillow writes."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, progressive=True)
    return out.getvalue()


def decode_truncated(data: bytes) -> Pixels:
    """Pixels (H, W, 3) uint8 of a JPEG that may be cut, but for its header."""
    try:
        with _truncated_allowed(), Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise NacreError(
            f"{len(data)} bytes of a JPEG hold no picture ({error}); take larger ones"
        ) from error


@contextmanager
def _truncated_allowed() -> Iterator[None]:
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


@dataclass(frozen=True)
class JpegPrefixes:
    """Rows of `measure` of all pictures."""

    rows: list[Row]

    def best_jpeg(self, row: Row, k: int) -> float:
        """PSNR of the better JPEG of a picture at the rate of that number."""
        return float(max(values[k] for values in row["jpeg_psnr"].values()))

    def gains(self, k: int) -> list[float]:
        """By picture, in dB."""
        return [row["psnr"][k] - self.best_jpeg(row, k) for row in self.rows]

    def bars(self) -> list[Bar]:
        """The mean at every rate, and of whole files."""
        whole = fmean(row["whole_psnr"] for row in self.rows)
        bars = [
            at_least(
                f"first {bpp:g} bpp of one file minus those of one progressive JPEG, mean PSNR",
                fmean(self.gains(k)),
                LEAST_GAIN,
                "{:+.2f} dB",
            )
            for k, bpp in enumerate(RATES)
        ]
        return [*bars, at_least("the same files whole, mean PSNR", whole, LEAST_WHOLE, "{:.2f} dB")]

    def section(self) -> list[str]:
        """Parts of a document."""
        rows = [
            [
                f"{bpp:g} bpp",
                f"{fmean(row['psnr'][k] for row in self.rows):.2f}",
                *(_mean([row["jpeg_psnr"][str(q)][k] for row in self.rows]) for q in QUALITIES),
                _mean([self.best_jpeg(row, k) for row in self.rows]),
                f"{fmean(self.gains(k)):+.2f}",
                f"{min(self.gains(k)):+.2f}",
            ]
            for k, bpp in enumerate(RATES)
        ]
        head = ["first", "nacre (dB)", *(f"JPEG q{q} (dB)" for q in QUALITIES)]
        head += ["better JPEG (dB)", "mean gain (dB)", "smallest gain (dB)"]
        note = (
            "One file of each kind a picture, made without a rate in mind: a progressive JPEG is cut at the "
            "same byte and decoded as far as it goes. A JPEG that is shorter than that counts whole."
        )
        return ["### First bytes against those of a progressive JPEG", table(head, rows), note]


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.2f}"
