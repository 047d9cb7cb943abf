"""Targets: which prefix of a full encode to keep.

A progressive codec encodes once; a target is then a choice of prefix. Sizes here are bytes of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nacre.errors import TargetError, UsageError

Kind = Literal["bytes", "bpp", "psnr", "ssim", "quality"]

STEEPEST, SHALLOWEST = 3000.0, 3.0
"""Slopes -dMSE/dbpp at quality 0 and 100."""


@dataclass(frozen=True)
class Target:
    """One wish: `bytes` at most, bits a pixel at most, least PSNR in dB, least SSIM, or quality 0 to 100."""

    kind: Kind
    value: float

    @classmethod
    def choose(cls, **wishes: float | None) -> Target | None:
        """The one wish that is given, None when none is.

        Raises
        ------
        UsageError
            If several are given or a value is out of range.
        """
        given = {k: v for k, v in wishes.items() if v is not None}
        if len(given) > 1:
            raise UsageError(f"The targets {' and '.join(given)} exclude each other; give one.")
        for kind, value in given.items():
            high = {"quality": 100.0, "ssim": 1.0}.get(kind, float("inf"))
            low = 0.0
            if not low <= value <= high or (kind in ("bytes", "bpp") and value <= 0):
                raise UsageError(f"The target {kind} cannot be {value}; give a number in its range.")
            return cls(kind, value)  # type: ignore[arg-type]
        return None


@dataclass(frozen=True)
class Prefix:
    """A file length and the PSNR of the picture it shows; None when it was not measured."""

    bytes: int
    psnr: float | None


def reach(
    target: Target | None,
    prefixes: Sequence[Prefix],
    total: int,
    pixels: int,
    measure: Callable[[int], float] | None,
) -> int:
    """The length of the prefix that a target asks for.

    Parameters
    ----------
    prefixes
        Layers in order; the first is the least that shows a picture.
    total
        Bytes of the full file.
    pixels
        Width times height.
    measure
        PSNR or SSIM, whichever is the target, of the picture that a prefix of so many bytes shows. None
        for a PSNR that the prefixes state exactly.

    Raises
    ------
    TargetError
        If no prefix reaches the target; the message names the nearest that can be reached.
    """
    if target is None:
        return total
    if target.kind in ("bytes", "bpp"):
        size = int(target.value if target.kind == "bytes" else target.value * pixels / 8)
        least = prefixes[0].bytes
        if size < least:
            raise TargetError(
                f"The smallest file of this picture has {least} bytes, more than {size}; ask for more."
            )
        return min(size, total)
    if measure is not None and target.kind in ("psnr", "ssim"):
        return _least(target, better_prefixes(prefixes), measure)
    if target.kind == "psnr":
        for prefix in prefixes:
            if prefix.psnr is not None and prefix.psnr >= target.value:
                return prefix.bytes
        best = max((p.psnr for p in prefixes if p.psnr is not None), default=0.0)
        raise TargetError(
            f"The full encode reaches {best:.2f} dB, less than {target.value:g} dB; "
            "ask for less, or for more iterations of a recurrent codec."
        )
    return _equal_slope(target.value, better_prefixes(prefixes), pixels)


def better_prefixes(prefixes: Sequence[Prefix]) -> list[Prefix]:
    """The first prefix, and those whose picture is better than all before."""
    kept: list[Prefix] = []
    for prefix in prefixes:
        if not kept or (prefix.psnr is not None and prefix.psnr > (kept[-1].psnr or 0.0)):
            kept.append(prefix)
    return kept


def _least(target: Target, prefixes: Sequence[Prefix], measure: Callable[[int], float]) -> int:
    low, high = 0, len(prefixes) - 1
    best = measure(prefixes[high].bytes)
    if best < target.value:
        reached = f"{best:.2f} dB" if target.kind == "psnr" else f"SSIM {best:.4f}"
        raise TargetError(
            f"The full encode reaches {reached}, less than {target.value:g}; "
            "ask for less, or for more iterations of a recurrent codec."
        )
    while low < high:
        middle = (low + high) // 2
        if measure(prefixes[middle].bytes) >= target.value:
            high = middle
        else:
            low = middle + 1
    return prefixes[low].bytes


def _equal_slope(quality: float, prefixes: Sequence[Prefix], pixels: int) -> int:
    """Minimize MSE + slope * bpp over prefixes, so all pictures of a quality pay alike for a bit.

    The slope falls geometrically from 3000 at quality 0 to 3 at quality 100.
    """
    slope = STEEPEST * (SHALLOWEST / STEEPEST) ** (quality / 100)

    def cost(prefix: Prefix) -> float:
        error = 255.0**2 * 10.0 ** (-(prefix.psnr or 0.0) / 10)
        return float(error + slope * 8 * prefix.bytes / pixels)

    return min(prefixes, key=cost).bytes
