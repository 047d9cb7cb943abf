"""Header-less streams: the codes alone, bit for bit as the papers count.

Bits of iterations 1 to t; within one the code locations in raster order, within one its channels; +1 is
1; most significant bit first, zeros at the end. Family, size and number of iterations come from outside.
"""

from __future__ import annotations

import numpy as np

from nacre.codecs.recurrent.contexts import Codes
from nacre.errors import TruncatedError


def pack(codes: Codes) -> bytes:
    """Codes (T, H, W, C) in {-1, +1} to bytes."""
    return np.packbits(codes.ravel() > 0).tobytes()


def unpack(data: bytes, height: int, width: int, channels: int, most: int, count: int | None = None) -> Codes:
    """The whole iterations that `data` holds, at most `most` of them: (T, height, width, channels).

    Parameters
    ----------
    count
        Their number, which the bytes of a single 8x8 patch alone do not tell: zeros at the end may be
        one more iteration.

    Raises
    ------
    TruncatedError
        If it holds not even one.
    """
    size = height * width * channels
    held = min(8 * len(data) // size, most)
    count = held if count is None else min(held, count)
    if count < 1:
        raise TruncatedError(
            f"One iteration of a picture of this size has {-(-size // 8)} bytes, more than "
            f"the {len(data)} at hand; check the size and the codec."
        )
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=count * size)
    codes: Codes = 2 * bits.astype(np.int8) - 1
    return codes.reshape(count, height, width, channels)
