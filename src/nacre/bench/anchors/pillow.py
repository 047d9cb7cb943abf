"""JPEG, WebP, AVIF and JPEG 2000 through Pillow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL
from PIL import AvifImagePlugin, Image, features

from nacre.bench.anchors.anchor import Anchor
from nacre.bench.contract import Pixels
from nacre.errors import UsageError

QUALITIES = tuple(float(q) for q in range(101))

# Smooth photographs need the upper ends to reach 2 bits per pixel, busy ones the lower ends to go below 0.2.
JPEG_LADDER = tuple(map(float, (2, 4, 6, 8, 10, 15, 20, 25, 30, 40, 50, 60, 70, 78, 85, 90, 93, 96)))
WEBP_LADDER = tuple(map(float, (0, 2, 5, 10, 20, 30, 40, 50, 60, 70, 78, 84, 89, 94, 97)))
AVIF_LADDER = tuple(map(float, (2, 8, 15, 22, 30, 38, 46, 54, 62, 70, 78, 86, 93)))

JPEG2000_BPP = (0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5)
JPEG2000_LADDER = tuple(24 / bpp for bpp in JPEG2000_BPP)
JPEG2000_SCALE = tuple(float(f"{ratio:.4g}") for ratio in np.geomspace(2000, 1.5, 720))


@dataclass(frozen=True)
class PillowAnchor(Anchor):
    """A format that Pillow writes; `options` go to `Image.save` besides the setting."""

    format: str = ""
    feature: str = ""
    options: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if not features.check(self.feature):
            raise UsageError(
                f"this Pillow has no {self.format}; install its wheel, or leave the codec {self.name!r} out"
            )

    @property
    def description(self) -> str:
        """Pillow, the library behind it, and the options that never change."""
        behind = features.version(self.feature) or "?"
        options = ", ".join(f"{key}={value}" for key, value in self.options)
        return f"Pillow {PIL.__version__}, {self.feature} {behind}; {options}"

    def encode(self, pixels: Pixels, setting: float) -> bytes:
        """Return a whole file for pixels (H, W, 3) uint8."""
        out = io.BytesIO()
        Image.fromarray(pixels).save(
            out, self.format, **dict(self.options), **self.save_options(pixels, setting)
        )
        return out.getvalue()

    def save_options(self, pixels: Pixels, setting: float) -> dict[str, Any]:
        """Return the setting as Pillow takes it."""
        return {"quality": int(setting)}

    def decode(self, data: bytes) -> Pixels:
        """Pixels (H, W, 3) uint8 of a file."""
        with Image.open(io.BytesIO(data), formats=[self.format]) as image:
            return np.asarray(image.convert("RGB"))


class AvifAnchor(PillowAnchor):
    """AVIF, whose threads Pillow takes as an option for writing and as a module default for reading."""

    def save_options(self, pixels: Pixels, setting: float) -> dict[str, Any]:
        """Quality and threads."""
        return {"quality": int(setting), "max_threads": self.threads}

    def decode(self, data: bytes) -> Pixels:
        """Pixels (H, W, 3) uint8 of a file."""
        with _avif_threads(self.threads):
            return super().decode(data)


@contextmanager
def _avif_threads(threads: int) -> Iterator[None]:
    before = AvifImagePlugin.DEFAULT_MAX_THREADS
    AvifImagePlugin.DEFAULT_MAX_THREADS = threads
    try:
        yield
    finally:
        AvifImagePlugin.DEFAULT_MAX_THREADS = before


class Jpeg2000Anchor(PillowAnchor):
    """JPEG 2000 by compression ratio against 24 bits per pixel."""

    def save_options(self, pixels: Pixels, setting: float) -> dict[str, Any]:
        """One quality layer at the ratio; no more resolutions than the shorter side can be halved."""
        resolutions = min(6, int(min(pixels.shape[:2])).bit_length())
        return {"quality_mode": "rates", "quality_layers": [setting], "num_resolutions": resolutions}


def jpeg(variant: str, threads: int) -> Anchor:
    """JPEG with optimised Huffman tables: "420", "444", or "progressive" (4:2:0)."""
    options: tuple[tuple[str, Any], ...] = (
        ("optimize", True),
        ("subsampling", "4:4:4" if variant == "444" else "4:2:0"),
    )
    if variant == "progressive":
        options += (("progressive", True),)
    return PillowAnchor(
        f"jpeg:{variant}",
        JPEG_LADDER,
        QUALITIES[1:],
        threads=threads,
        format="JPEG",
        feature="libjpeg_turbo" if features.check("libjpeg_turbo") else "jpg",
        options=options,
    )


def webp(threads: int) -> Anchor:
    """WebP, lossy, slowest method."""
    options = (("method", 6),)
    return PillowAnchor(
        "webp", WEBP_LADDER, QUALITIES, threads=threads, format="WEBP", feature="webp", options=options
    )


def avif(variant: str, threads: int) -> Anchor:
    """AVIF at Pillow's default speed: "" (4:2:0, Pillow's default) or "444"."""
    return AvifAnchor(
        f"avif:{variant}" if variant else "avif",
        AVIF_LADDER,
        QUALITIES,
        threads=threads,
        format="AVIF",
        feature="avif",
        options=(("subsampling", "4:4:4" if variant == "444" else "4:2:0"),),
    )


def jpeg2000(threads: int) -> Anchor:
    """JPEG 2000 with the colour transform and the 9/7 wavelet.

    Pillow's defaults leave both out, which costs about 3 dB; no comparison should use them.
    """
    return Jpeg2000Anchor(
        "jpeg2000",
        JPEG2000_LADDER,
        JPEG2000_SCALE,
        unit="ratio ",
        threads=threads,
        format="JPEG2000",
        feature="jpg_2000",
        options=(("mct", 1), ("irreversible", True)),
    )
