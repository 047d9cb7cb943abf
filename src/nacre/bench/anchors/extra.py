"""JPEG XL, jpegli and OpenJPEG through imagecodecs, which the `bench` extra brings."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from nacre.bench.anchors.anchor import Anchor
from nacre.bench.anchors.pillow import JPEG_LADDER, QUALITIES
from nacre.bench.contract import Pixels
from nacre.errors import UsageError

JXL_LADDER = (25.0, 20.0, 15.0, 12.0, 10.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.5, 1.0, 0.7, 0.5)
JXL_SCALE = tuple(float(f"{distance:.4g}") for distance in np.geomspace(25, 0.05, 200))
OPENJPEG_LADDER = tuple(float(db) for db in range(24, 47, 2))
OPENJPEG_SCALE = tuple(db / 10 for db in range(150, 600))


def _imagecodecs(name: str) -> ModuleType:
    try:
        import imagecodecs
    except ImportError:
        raise UsageError(f"the codec {name!r} needs imagecodecs: run `pip install nacre[bench]`") from None
    return imagecodecs  # type: ignore[no-any-return, unused-ignore]


@dataclass(frozen=True)
class ImagecodecsAnchor(Anchor):
    """A codec of imagecodecs.

    Attributes
    ----------
    codec
        imagecodecs' name for it: its functions are `<codec>_encode` and `<codec>_decode`.
    argument
        The argument of `<codec>_encode` that takes the setting.
    options
        Arguments of `<codec>_encode` that never change.
    threaded
        Whether its functions take `numthreads`.
    """

    codec: str = ""
    argument: str = "level"
    options: tuple[tuple[str, Any], ...] = ()
    threaded: bool = True
    _library: str = field(init=False, default="")

    def __post_init__(self) -> None:
        library = _imagecodecs(self.name)
        if not getattr(getattr(library, self.codec.upper(), None), "available", False):
            raise UsageError(
                f"imagecodecs {library.__version__} here has no {self.codec}; leave the codec "
                f"{self.name!r} out"
            )
        version = getattr(library, f"{self.codec}_version")()
        object.__setattr__(self, "_library", f"imagecodecs {library.__version__}, {version}")

    @property
    def description(self) -> str:
        """Library, version, and the options that never change."""
        options = ", ".join(f"{key}={value}" for key, value in self.options)
        return f"{self._library}; {options}" if options else self._library

    def encode(self, pixels: Pixels, setting: float) -> bytes:
        """Return a whole file for pixels (H, W, 3) uint8."""
        encode = getattr(_imagecodecs(self.name), f"{self.codec}_encode")
        arguments = {**dict(self.options), **self._threads(), self.argument: setting}
        return bytes(encode(np.ascontiguousarray(pixels), **arguments))

    def decode(self, data: bytes) -> Pixels:
        """Pixels (H, W, 3) uint8 of a file."""
        decode = getattr(_imagecodecs(self.name), f"{self.codec}_decode")
        return np.asarray(decode(data, **self._threads()), np.uint8)

    def _threads(self) -> dict[str, int]:
        return {"numthreads": self.threads} if self.threaded else {}


def jxl(threads: int) -> Anchor:
    """JPEG XL by Butteraugli distance, effort 7 (libjxl's default)."""
    return ImagecodecsAnchor(
        "jxl",
        JXL_LADDER,
        JXL_SCALE,
        unit="distance ",
        threads=threads,
        codec="jpegxl",
        argument="distance",
        options=(("effort", 7),),
    )


def jpegli(threads: int) -> Anchor:
    """Jpegli by quality; imagecodecs' own wheels don't carry it, builds that do are used."""
    return ImagecodecsAnchor(
        "jpegli", JPEG_LADDER, QUALITIES[1:], threads=threads, codec="jpegli", threaded=False
    )


def openjpeg(threads: int) -> Anchor:
    """JPEG 2000 by OpenJPEG's PSNR target, 9/7 wavelet and colour transform."""
    return ImagecodecsAnchor(
        "openjpeg",
        OPENJPEG_LADDER,
        OPENJPEG_SCALE,
        unit="psnr ",
        threads=threads,
        codec="jpeg2k",
        options=(("reversible", False), ("mct", True)),
    )
