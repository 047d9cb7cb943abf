"""Where one file is cut: at given rates for a rate-distortion curve, and at some of its layers' borders."""

from __future__ import annotations

from nacre.api.encoding import Compressed

RATES = (0.05, 0.065, 0.08, 0.1, 0.125, 0.16, 0.2, 0.25, 0.32, 0.4, 0.5, 0.63, 0.8, 1.0, 1.25, 1.6, 1.9)
"""Bits a pixel. Nothing about a picture decides them: no cut is where it happens to do best for its bytes."""


def at_rates(made: Compressed) -> list[tuple[str, int]]:
    """Labels and file lengths of the prefixes of a full encode, shortest first; the last is all of it."""
    least, total = made.layers[0].file_bytes, len(made.data)
    sizes = [int(bpp * made.width * made.height / 8) for bpp in RATES]
    cuts = [(f"{bpp:g} bpp", min(max(size, least), total)) for bpp, size in zip(RATES, sizes, strict=True)]
    return [*cuts, ("whole file", total)]


def spread(borders: list[int], count: int) -> list[int]:
    """Return `count` of rising lengths or fewer, about evenly spread by their ratios, both ends included."""
    if len(borders) <= count:
        return borders
    wanted = [borders[0] * (borders[-1] / borders[0]) ** (k / (count - 1)) for k in range(count)]
    chosen: list[int] = []
    for number, size in enumerate(wanted):
        # Where borders are sparse the nearest is taken already; then the next, as long as enough are left.
        left = count - number - 1
        free = [border for border in borders if not chosen or border > chosen[-1]]
        chosen.append(min(free[: len(free) - left], key=lambda border: abs(border - size)))
    return chosen
