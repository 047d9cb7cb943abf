"""Which of two encodes of a picture serves a wish better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from nacre.codecs.contract import Allocation, Encoded


def serves_better(first: Encoded, second: Encoded, wish: Allocation | None) -> bool:
    """Whether the first of two encodes of a picture is the better one for a wish.

    For a size that is a higher PSNR, for a PSNR fewer bytes, and without a wish a higher PSNR in the mean
    over whole iterations.
    """
    if wish is None:
        return _mean(first) > _mean(second)
    if wish.bytes is not None and wish.lengths is not None:
        after, before = (_psnr_at(each, wish.bytes, wish.lengths(each)) for each in (first, second))
        return after > before
    if wish.psnr is not None:
        return bytes_to(first, wish.psnr) < bytes_to(second, wish.psnr)
    return len(first.stream) < len(second.stream)


def _mean(encoded: Encoded) -> float:
    return fmean(layer.psnr or 0.0 for layer in encoded.layers if layer.whole)


def bytes_to(encoded: Encoded, psnr: float) -> float:
    """Bytes of the stream after which a PSNR is reached."""
    return next((layer.end for layer in encoded.layers if (layer.psnr or 0.0) >= psnr), math.inf)


def _psnr_at(encoded: Encoded, size: int, lengths: Sequence[int]) -> float:
    """Of the picture that the first `size` bytes of a file show, 0 where there is none."""
    layers = zip(encoded.layers, lengths, strict=False)
    return max((layer.psnr or 0.0 for layer, length in layers if length <= size), default=0.0)
