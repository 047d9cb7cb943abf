"""Files of a size that was asked for: exact to the byte, or an error that names the smallest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from nacre import api
from nacre.bench.bars import Bar, at_most
from nacre.bench.each_picture import Row
from nacre.bench.measure import read_pixels
from nacre.errors import TargetError

ASKED = (2_500, 25_001)
"""Bytes asked for, besides the smallest file, one byte less, and more than the whole file."""
MOST = 1_200
"""Bytes that the smallest file of every picture may have."""


def measure(path: Path, *, codec: str, threads: int) -> Row:
    """Ask for several sizes of one picture, and for one that cannot be."""
    pixels = read_pixels(path)
    whole = api.compress(pixels, codec=codec, threads=threads)
    least, total = whole.layers[0].file_bytes, len(whole.data)
    asked = [size for size in (least, *ASKED, total + 1) if size >= least]
    wrong = []
    for size in asked:
        data = api.compress(pixels, codec=codec, bytes=size, threads=threads).data
        shown = api.decompress(data, threads=threads).rgb()
        if len(data) != min(size, total) or shown.shape != pixels.shape:
            wrong.append(size)
    return {
        "smallest": least,
        "whole": total,
        "asked": asked,
        "wrong": wrong,
        "names_smallest": _refusal(pixels, codec, threads, least),
    }


def _refusal(pixels: object, codec: str, threads: int, least: int) -> bool:
    """Whether one byte less is refused with an error that names the smallest size."""
    try:
        api.compress(pixels, codec=codec, bytes=least - 1, threads=threads)
    except TargetError as error:
        return str(least) in str(error)
    return False


@dataclass(frozen=True)
class ByteTargets:
    """Rows of `measure` of all pictures."""

    rows: list[Row]

    def bars(self) -> list[Bar]:
        """Exact sizes, refusals, and the smallest file."""
        asked = sum(len(row["asked"]) for row in self.rows)
        exact = asked - sum(len(row["wrong"]) for row in self.rows)
        refused = sum(row["names_smallest"] for row in self.rows)
        largest = max(self.rows, key=lambda row: int(row["smallest"]))
        smallest = at_most(
            f"smallest file, largest over pictures ({largest['picture']})",
            largest["smallest"],
            MOST,
            "{:,.0f} bytes",
        )
        return [
            Bar("`--bytes N`: file of min(N, whole) bytes", f"{exact} of {asked}", "all", exact == asked),
            Bar(
                "`--bytes` one below the smallest file: an error that names it",
                f"{refused} of {len(self.rows)}",
                "all",
                refused == len(self.rows),
            ),
            smallest,
        ]

    def section(self) -> list[str]:
        """Parts of a document."""
        sizes = {row["picture"]: int(row["smallest"]) for row in self.rows}
        low, high = min(sizes, key=lambda name: sizes[name]), max(sizes, key=lambda name: sizes[name])
        asked = " and ".join(f"{size:,}" for size in ASKED)
        return [
            "### Sizes asked for",
            f"Smallest files: {fmean(sizes.values()):,.0f} bytes on average, {sizes[low]:,} ({low}) to "
            f"{sizes[high]:,} ({high}). Asked for were the smallest size, {asked} bytes, "
            "and one byte more than the whole file; all files made were decoded.",
        ]
