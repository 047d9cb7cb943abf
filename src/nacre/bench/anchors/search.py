"""The largest file of an anchor that fits a number of bytes."""

from __future__ import annotations

from dataclasses import dataclass

from nacre.bench.anchors.anchor import Anchor
from nacre.bench.contract import Pixels
from nacre.errors import TargetError

_LOOK_AHEAD = (
    3  # sizes rise with the setting but for small dips, so the steps just above the bound are tried too
)


@dataclass(frozen=True)
class Fit:
    """A file that fits: its bytes and the setting that made it."""

    setting: float
    data: bytes


def largest_within(anchor: Anchor, pixels: Pixels, max_bytes: int) -> Fit:
    """Return the largest setting of `anchor.scale` whose file holds at most `max_bytes`.

    Parameters
    ----------
    anchor
        Any anchor.
    pixels
        Shape (H, W, 3), uint8.
    max_bytes
        Bytes of the whole file, headers included.

    Raises
    ------
    TargetError
        If even the smallest file is larger.
    """
    scale = anchor.scale
    low = anchor.encode(pixels, scale[0])
    if len(low) > max_bytes:
        raise TargetError(
            f"the smallest {anchor.name} file of this picture has {len(low)} bytes; allow more than "
            f"{max_bytes}"
        )
    best, best_data = 0, low
    beyond = len(scale)
    while beyond - best > 1:
        middle = (best + beyond) // 2
        data = anchor.encode(pixels, scale[middle])
        if len(data) <= max_bytes:
            best, best_data = middle, data
        else:
            beyond = middle
    for step in range(beyond + 1, min(beyond + 1 + _LOOK_AHEAD, len(scale))):
        data = anchor.encode(pixels, scale[step])
        if len(data) <= max_bytes:
            best, best_data = step, data
    return Fit(scale[best], best_data)
