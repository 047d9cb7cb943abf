"""Peak memory of whole encodes and decodes of a small and a large picture, each in a fresh process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from nacre import api
from nacre.bench.bars import Bar, at_most
from nacre.bench.memory import peak_memory
from nacre.bench.mosaic import mosaic
from nacre.bench.speed import LARGE, SMALL, prefix

MOST = {"decode 1 megapixel": 400e6, "decode 24 megapixels": 1.2e9, "encode 24 megapixels": 1.5e9}
"""Bytes."""


@dataclass(frozen=True)
class Peaks:
    """Resident bytes of a process at most, interpreter and libraries included.

    Attributes
    ----------
    start
        Of a process that reads the large picture and does nothing more.
    peaks
        By what was done.
    """

    start: int
    peaks: dict[str, int]

    def bars(self) -> list[Bar]:
        """Every peak that has a bar."""
        return [
            at_most(f"peak memory, {what}", self.peaks[what] / 1e6, most / 1e6, "{:,.0f} MB")
            for what, most in MOST.items()
        ]

    def section(self) -> list[str]:
        """Parts of a document."""
        shown = ", ".join(f"{what} {peak / 1e6:,.0f} MB" for what, peak in self.peaks.items())
        return [
            "### Peak memory",
            f"Fresh processes, interpreter, libraries and the picture included; files at 1 bpp: {shown}. A "
            f"process that reads the large picture and ends takes {self.start / 1e6:,.0f} MB.",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def measure_peaks(
    photographs: Sequence[Path],
    codec: str,
    *,
    threads: int,
    small: tuple[int, int] = SMALL,
    large: tuple[int, int] = LARGE,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Peaks:
    """Encode and decode both pictures; see `speed.time_calls`."""
    pixels = mosaic(photographs, *large)
    part = pixels[: small[0], : small[1]].copy()
    with tempfile.TemporaryDirectory() as folder:
        picture, files = Path(folder) / "large.png", {}
        Image.fromarray(pixels).save(picture, compress_level=1)
        for name, shown in (("1 megapixel", part), ("24 megapixels", pixels)):
            files[name] = Path(folder) / f"{name}.nacre"
            data = api.compress(shown, codec=codec, fast=True, threads=threads).data
            files[name].write_bytes(prefix(data, shown, 1.0))
        del pixels
        start = peak_memory("start", codec, picture, threads=threads)
        peaks = {}
        for done, what in enumerate(MOST):
            task, name = what.split(" ", 1)
            progress(done, len(MOST), f"memory to {what}")
            if task == "decode":
                peaks[what] = peak_memory("decode", codec, files[name], threads=threads)
            else:
                peaks[what] = peak_memory("encode", codec, picture, threads=threads)
    return Peaks(start, peaks)
