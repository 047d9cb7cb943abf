"""Files in, shorter files out."""

from __future__ import annotations

import builtins

from nacre.api.sources import FileSource, read_source
from nacre.container.file import parse_file
from nacre.errors import TargetError, UsageError


def cut(
    source: FileSource, *, bytes: int | None = None, bpp: float | None = None, psnr: float | None = None
) -> builtins.bytes:
    """Shorten a file without encoding anew: the result is a prefix of it.

    Parameters
    ----------
    bytes, bpp
        Size at most; a file that is smaller already comes back as it is.
    psnr
        Cut at the first rate point of the header that reaches so many dB. Rate points of `progressive` are
        estimates, good to some tenths of a decibel; `encode` measures.

    Raises
    ------
    UsageError
        If not exactly one target is given.
    TargetError
        If the size is below the first layer, or no rate point at hand reaches the PSNR.
    FormatError, TruncatedError
        If the source is not a nacre file.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    >>> data = nacre.encode(noise)
    >>> nacre.cut(data, bytes=1000) == data[:1000]
    True
    >>> nacre.cut(data, bytes=10)
    Traceback (most recent call last):
    nacre.errors.TargetError: The smallest cut of this file has ... bytes, more than 10; ask for more.
    """
    from nacre.codecs.targets import Target

    target = Target.choose(bytes=bytes, bpp=bpp, psnr=psnr)
    if target is None:
        raise UsageError("Give a target to cut at: bytes, bpp or psnr.")
    data = read_source(source, None)
    parsed = parse_file(data)
    points = parsed.rate_points()
    if target.kind == "psnr":
        reached = [p.offset for p in points if p.psnr >= target.value and p.offset <= len(data)]
        if not reached:
            best = max((p.psnr for p in points if p.offset <= len(data)), default=0.0)
            raise TargetError(
                f"No rate point of the file reaches {target.value:g} dB, the best has {best:.2f} dB."
            )
        return data[: reached[0]]
    pixels = parsed.header.width * parsed.header.height
    size = int(target.value if target.kind == "bytes" else target.value * pixels / 8)
    least = points[0].offset if points else parsed.header_bytes + 1
    if size < least:
        raise TargetError(f"The smallest cut of this file has {least} bytes, more than {size}; ask for more.")
    return data[:size]
