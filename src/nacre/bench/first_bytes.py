"""What the very first bytes of a file show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from nacre import api
from nacre.bench.bars import Bar, at_least
from nacre.bench.each_picture import Row
from nacre.bench.markdown import table
from nacre.bench.measure import read_pixels
from nacre.picture.metrics import psnr

LEAST = {1500: 19.0, 2500: 21.5}
"""Bytes, and the mean PSNR in dB that they are to show."""


def measure(path: Path, *, codec: str, threads: int) -> Row:
    """PSNR of the first bytes of one file; None where they hold no picture."""
    pixels = read_pixels(path)
    made = api.compress(pixels, codec=codec, threads=threads)
    least = made.layers[0].file_bytes
    return {
        "psnr": [
            psnr(pixels, api.decompress(made.data[:size], threads=threads).rgb()) if size >= least else None
            for size in LEAST
        ]
    }


@dataclass(frozen=True)
class FirstBytes:
    """Rows of `measure` of all pictures."""

    rows: list[Row]

    def shown(self, k: int) -> list[float]:
        """PSNR of the pictures that the bytes of that number show."""
        return [row["psnr"][k] for row in self.rows if row["psnr"][k] is not None]

    def bars(self) -> list[Bar]:
        """Means of all pictures."""
        bars = []
        for k, (size, least) in enumerate(LEAST.items()):
            what = f"first {size:,} bytes, mean PSNR"
            shown = self.shown(k)
            if len(shown) == len(self.rows):
                bars.append(at_least(what, fmean(shown), least, "{:.2f} dB"))
            else:
                found = f"no picture yet in {len(self.rows) - len(shown)} of {len(self.rows)} files"
                bars.append(Bar(what, found, f"≥ {least:g} dB", False))
        return bars

    def section(self) -> list[str]:
        """Parts of a document."""
        rows = [
            [
                f"{size:,} bytes",
                *(f"{value:.2f}" for value in (fmean(shown), min(shown), max(shown))),
                str(len(shown)),
            ]
            for k, size in enumerate(LEAST)
            if (shown := self.shown(k))
        ]
        head = ["first", "mean (dB)", "smallest (dB)", "largest (dB)", "pictures"]
        return ["### The first bytes", table(head, rows)]
