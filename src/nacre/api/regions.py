"""Regions of interest: a mask becomes what the codec is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nacre.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nacre.codecs.contract import Codec
    from nacre.picture.picture import Picture


def regions(codec: Codec, picture: Picture, mask: Any, max_pixels: int) -> NDArray[np.uint8]:
    """How much each pixel matters, (H, W), 0 to 255; the mean of a mask's channels.

    Raises
    ------
    UsageError
        If the codec has no regions, or the mask is of another size than the picture.
    PictureError
        If the mask cannot be read.
    """
    import numpy as np

    from nacre.picture.reading import as_picture

    if not codec.describe().regions:
        raise UsageError(
            f"{codec.name} has no regions of interest; choose a codec that `nacre codecs` says has."
        )
    given = as_picture(mask, max_pixels=max_pixels)
    if (given.width, given.height) != (picture.width, picture.height):
        raise UsageError(
            f"The mask is {given.width} x {given.height} and the picture {picture.width} x {picture.height}; "
            "give a mask of the picture's size."
        )
    weights: NDArray[np.uint8] = np.rint(given.pixels.mean(2)).astype(np.uint8)
    return weights
