"""The memory that a decode may take at most, by what its header claims (SECURITY.md)."""

from __future__ import annotations

from dataclasses import dataclass

from nacre.container.header import Header

START = 200e6
"""Bytes of interpreter, libraries and weights."""
_NARROW = 32
"""Pixels that a shorter side counts as, for codecs pad."""


@dataclass(frozen=True)
class Cap:
    """Resident bytes beyond the start.

    Attributes
    ----------
    a_tile_pixel, tile
        Bytes for each pixel of a tile, and the pixels of the largest tile that there can be.
    a_pixel
        Bytes for each pixel of the picture.
    """

    a_tile_pixel: int
    tile: int
    a_pixel: int

    def of(self, pixels: int) -> float:
        """Bytes for a picture of so many pixels, the start included."""
        return START + self.a_tile_pixel * min(pixels, self.tile) + self.a_pixel * pixels


UNITS = Cap(350, 1 << 19, 16)
CAPS = {1: Cap(150, 1_500_000, 24), 7: Cap(350, 1 << 21, 16)}
"""By codec number; the others code independent units."""


def memory_cap(header: Header) -> float:
    """Resident bytes of a process that decodes one file, of whichever length."""
    pixels = max(header.width, _NARROW) * max(header.height, _NARROW)
    return CAPS.get(header.codec, UNITS).of(pixels)
