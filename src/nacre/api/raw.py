"""Header-less streams, for comparison with the papers byte for byte; these are not nacre files."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from nacre.api.checks import check_size, check_threads
from nacre.api.sources import FileSource, read_source
from nacre.errors import PictureError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from nacre.codecs.contract import RawCodec


def encode_raw(
    image: Any,
    *,
    codec: str,
    iterations: int | None = None,
    threads: int | None = None,
    max_pixels: int | None = None,
) -> builtins.bytes:
    """Encode a picture to its codes alone: no header, no entropy coding.

    Whoever decodes it must know the codec and the size of the picture.

    Parameters
    ----------
    image, threads, max_pixels
        As in `encode`.
    codec
        One of the codecs of Toderici et al. (2016).
    iterations
        The codec's own number by default.

    Raises
    ------
    UsageError
        If the codec has no such streams.
    PictureError
        If the picture has an alpha channel, or cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> thumbnail = np.zeros((32, 32, 3), np.uint8)
    >>> len(nacre.encode_raw(thumbnail, codec="lstm-fc", iterations=4))  # 16 patches of 4 bits, 4 times
    32
    """
    from nacre.codecs.contract import EncodeOptions
    from nacre.picture.reading import DEFAULT_MAX_PIXELS, as_picture

    check_threads(threads)
    chosen = _raw_codec(codec)
    picture = as_picture(image, max_pixels=max_pixels or DEFAULT_MAX_PIXELS)
    if picture.alpha is not None:
        raise PictureError("A header-less stream has no place for transparency; flatten the picture first.")
    return chosen.encode_raw(picture, EncodeOptions(iterations, False, threads))


def decode_raw(
    source: FileSource,
    *,
    codec: str,
    size: tuple[int, int],
    iterations: int | None = None,
    threads: int | None = None,
    max_pixels: int | None = None,
) -> Image:
    """Decode a header-less stream, or the whole iterations of a prefix of one.

    Parameters
    ----------
    source
        As in `decode`.
    codec
        The one that encoded it, with the same weights.
    size
        Width and height in pixels.
    iterations
        How many were encoded, by default all that the bytes may hold. Only a picture of one 8x8 patch
        needs it: its iterations have half a byte each.
    threads, max_pixels
        As in `decode`.

    Raises
    ------
    UsageError
        If the codec has no such streams, or size or iterations are none.
    TruncatedError
        If there is not one whole iteration.
    LimitError
        If the picture has more than `max_pixels` pixels.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> stream = nacre.encode_raw(np.zeros((32, 32, 3), np.uint8), codec="lstm-fc", iterations=4)
    >>> nacre.decode_raw(stream, codec="lstm-fc", size=(32, 32)).size
    (32, 32)
    """
    from nacre.codecs.contract import DecodeOptions
    from nacre.picture.reading import DEFAULT_MAX_PIXELS
    from nacre.picture.writing import to_pil

    check_threads(threads)
    width, height = size
    if width < 1 or height < 1:
        raise UsageError(f"A picture cannot have the size {width} x {height}; give its width and height.")
    if iterations is not None and iterations < 1:
        raise UsageError(f"The number of iterations cannot be {iterations}; give at least 1.")
    check_size(width, height, max_pixels or DEFAULT_MAX_PIXELS)
    chosen = _raw_codec(codec)
    data = read_source(source, None)
    return to_pil(chosen.decode_raw(data, width, height, DecodeOptions(threads), iterations))


def _raw_codec(name: str) -> RawCodec:
    from nacre.codecs.contract import RawCodec
    from nacre.codecs.registry import get_codec

    chosen = get_codec(name)
    if not isinstance(chosen, RawCodec):
        raise UsageError(f"{name} has no header-less streams; choose a codec of independent patches.")
    return chosen
