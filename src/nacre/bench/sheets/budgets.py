"""What codecs make of one photograph within some numbers of bytes."""

from __future__ import annotations

from collections.abc import Sequence

from nacre.bench.anchors import ANCHORS, Anchor, anchor
from nacre.bench.at_bytes import SizedFile, at_bytes
from nacre.bench.contract import Codec, Pixels
from nacre.bench.ours import ours
from nacre.bench.sheets.drawing import Cell, Row
from nacre.bench.sheets.sheet import Sheet
from nacre.codecs.registry import get_codec
from nacre.errors import UsageError

RATES = (0.04, 0.1, 0.2, 0.4, 0.8)
"""Bits a pixel that budgets are chosen by: of 0.4 megapixels 2, 5, 10, 20 and 40 kB."""

OPPONENTS = ("jpeg:420", "webp", "avif")
"""Codecs that stand beside nacre's, as far as Pillow has them here."""


def usual_budgets(width: int, height: int) -> list[int]:
    """Bytes of one significant digit near `RATES`, rising."""
    wanted = (bpp * width * height / 8 for bpp in RATES)
    return sorted({max(1, int(float(f"{size:.0e}"))) for size in wanted})


def by_budgets(
    original: Pixels, own: Sequence[str], against: Sequence[str], budgets: Sequence[int], threads: int
) -> Sheet:
    """Make a row for each budget and a column for each codec.

    Parameters
    ----------
    original
        Shape (H, W, 3), uint8.
    own
        Codecs of nacre.
    against
        Anchors of the bench; without any, those of `OPPONENTS` that are here.
    budgets
        Bytes of a file at most, rising; `usual_budgets` without any.

    Raises
    ------
    UsageError
        If a codec is unknown or not installed.
    """
    for name in own:
        get_codec(name)
    codecs: list[Codec] = [*(ours(name, threads=threads) for name in own), *_anchors(against, threads)]
    height, width = original.shape[:2]
    columns = [at_bytes(codec, original, budgets or usual_budgets(width, height)) for codec in codecs]
    files = list(zip(*columns, strict=True))
    return Sheet(files, [Row(f"at most {row[0].allowed:,} bytes", list(map(_cell, row))) for row in files])


def _anchors(names: Sequence[str], threads: int) -> list[Anchor]:
    unknown = sorted(set(names) - ANCHORS.keys())
    if unknown:
        raise UsageError(f"There is no codec {unknown[0]!r} to compare with; choose of {', '.join(ANCHORS)}.")
    if names:
        return [anchor(name, threads=threads) for name in names]
    found = []
    for name in OPPONENTS:
        try:
            found.append(anchor(name, threads=threads))
        except UsageError:  # this Pillow was built without it
            continue
    return found


def _cell(file: SizedFile) -> Cell:
    """A file larger than allowed is said to be the smallest."""
    facts = f"{len(file.data):,} bytes   {file.bpp:.3f} bpp   {file.psnr:.2f} dB"
    return Cell(file.pixels, file.codec, facts if file.fits else f"smallest: {facts}", warns=not file.fits)
