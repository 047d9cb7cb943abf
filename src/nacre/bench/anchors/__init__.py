"""Classical codecs to compare with, all behind one protocol and all making real files.

>>> from nacre.bench.anchors import anchor, largest_within
>>> import numpy as np
>>> fit = largest_within(anchor("jpeg:420"), np.zeros((64, 64, 3), np.uint8), 2000)
>>> len(fit.data) <= 2000
True
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nacre.bench.anchors import extra, pillow
from nacre.bench.anchors.anchor import Anchor
from nacre.bench.anchors.search import Fit, largest_within
from nacre.errors import UsageError

__all__ = ["ANCHORS", "Anchor", "Fit", "anchor", "largest_within"]

ANCHORS: dict[str, Callable[[int], Anchor]] = {
    "jpeg:420": partial(pillow.jpeg, "420"),
    "jpeg:444": partial(pillow.jpeg, "444"),
    "jpeg:progressive": partial(pillow.jpeg, "progressive"),
    "webp": pillow.webp,
    "avif": partial(pillow.avif, ""),
    "avif:444": partial(pillow.avif, "444"),
    "jpeg2000": pillow.jpeg2000,
    "jxl": extra.jxl,
    "jpegli": extra.jpegli,
    "openjpeg": extra.openjpeg,
}
"""Anchors by name; each makes itself for a number of threads."""


def anchor(name: str, *, threads: int = 1) -> Anchor:
    """Return the anchor of that name.

    Raises
    ------
    UsageError
        If there is none, or if the library behind it is not installed.
    """
    if name not in ANCHORS:
        raise UsageError(f"there is no anchor {name!r}; choose among {', '.join(ANCHORS)}")
    return ANCHORS[name](threads)
