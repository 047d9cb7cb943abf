"""What the bench asks of a codec: real bytes at several rates, and pixels from those bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Shape (H, W, 3), uint8, R'G'B'."""


@dataclass(frozen=True)
class Point:
    """One file of one picture.

    Attributes
    ----------
    setting
        What was asked for ("q75", "iteration 3"); equal settings of different pictures are averaged in mean
        curves.
    data
        The bytes that are decoded.
    size
        The bytes that count, headers included. They are `len(data)`, except where a codec says otherwise in
        its description.
    seconds
        Duration of the whole call that made the bytes.
    """

    setting: str
    data: bytes
    size: int
    seconds: float


class Codec(Protocol):
    """A codec on the bench; it must be picklable, for pictures are shared among processes."""

    @property
    def name(self) -> str:
        """Name on the command line, in tables and plots."""

    @property
    def description(self) -> str:
        """Library, version and what its sizes and settings mean."""

    @property
    def identity(self) -> str:
        """Everything but the picture that its measurements depend on: settings, versions, weights."""

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """Files of rising size."""

    def repeat(self, pixels: Pixels, setting: str) -> bytes:
        """Call once more what made the point of that setting, for timing."""

    def decode(self, data: bytes) -> Pixels:
        """Pixels from the bytes of a point."""
