"""How near two pictures are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nacre.picture.metrics import Comparison


def compare(a: Any, b: Any) -> Comparison:
    """PSNR, SSIM and MS-SSIM between two pictures of equal size, given as `encode` takes them.

    Raises
    ------
    PictureError
        If one cannot be read or the sizes differ.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> black = np.zeros((32, 48, 3), np.uint8)
    >>> round(nacre.compare(black, black + 16).psnr, 2)  # 20 log10(255 / 16)
    24.05
    >>> nacre.compare(black, black).ssim
    1.0
    """
    from nacre.picture.metrics import compare as measure
    from nacre.picture.reading import as_picture

    return measure(as_picture(a), as_picture(b))
