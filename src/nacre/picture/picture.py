"""The picture that codecs take and give: 8-bit samples, alpha, metadata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Picture:
    r"""An upright picture of 8-bit samples.

    Parameters
    ----------
    pixels
        ``(H, W, 3)`` RGB or ``(H, W, 1)`` gray, uint8, both sides at least 1.
    alpha
        ``(H, W)`` uint8, 255 is opaque, not multiplied into ``pixels``; None where there is none.
    icc
        ICC profile of ``pixels``; None means sRGB.
    exif
        TIFF bytes without the head ``Exif\0\0``; its orientation is 1.
    xmp
        The XMP packet.
    notes
        What reading changed, one short phrase each.

    Raises
    ------
    TypeError
        If samples are not uint8.
    ValueError
        If a shape is none of the above.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or (self.alpha is not None and self.alpha.dtype != np.uint8):
            raise TypeError("a picture needs uint8 samples; convert the array first")
        if len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape:
            raise ValueError(f"a picture needs pixels of shape (H, W, 3) or (H, W, 1), not {shape}")
        if self.alpha is not None and self.alpha.shape != shape[:2]:
            raise ValueError(f"alpha of shape {self.alpha.shape} does not fit pixels of shape {shape}")

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def is_gray(self) -> bool:
        """Whether there is one channel instead of three."""
        return bool(self.pixels.shape[2] == 1)

    def rgb(self) -> NDArray[np.uint8]:
        """Return the samples as ``(H, W, 3)``, gray repeated over the channels (a copy then)."""
        return np.repeat(self.pixels, 3, axis=2) if self.is_gray else self.pixels
