"""How near a decoded picture is to its original: PSNR, SSIM, block SSIM, MS-SSIM.

All take two uint8 arrays ``(H, W, 3)`` or ``(H, W, 1)`` of equal shape and compute in float64. The similarity
measures treat the channels alike: each is measured on its own, and the mean over the channels is the result.
They work strip by strip, so that memory beyond the pictures themselves stays small.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre.errors import PictureError
from nacre.picture.picture import Picture

WINDOW = 11
"""Side of the Gaussian window of SSIM and MS-SSIM; its standard deviation is 1.5."""

BLOCK = 8
"""Side of the uniform window of block SSIM."""

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales of MS-SSIM, finest first."""

_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2
_STRIP = 1 << 16  # samples a strip: its dozen float64 planes fit a second-level cache

Samples = NDArray[np.uint8]
Plane = NDArray[Any]  # (H, W): uint8 at the finest scale, float64 below


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` measures.

    Parameters
    ----------
    psnr
        In dB; infinite for equal pictures.
    ssim, ms_ssim
        At most 1, which only equal pictures reach.
    """

    psnr: float
    ssim: float
    ms_ssim: float


def compare(a: Picture, b: Picture) -> Comparison:
    """Measure two pictures of the same size.

    A gray picture beside an RGB one is taken as RGB. Alpha and ICC profiles are not looked at: the numbers
    are about the samples of ``pixels``.

    Raises
    ------
    PictureError
        If the sizes differ.
    """
    if (a.width, a.height) != (b.width, b.height):
        raise PictureError(
            f"pictures of {a.width}x{a.height} and {b.width}x{b.height} pixels cannot be compared; "
            "scale one of them first"
        )
    x, y = (a.pixels, b.pixels) if a.is_gray and b.is_gray else (a.rgb(), b.rgb())
    scales = [_scales(p, q, len(SCALE_WEIGHTS)) for p, q in _channels(x, y)]
    return Comparison(psnr(x, y), _mean([scale[0][0] for scale in scales]), _mean(map(_product, scales)))


def psnr(a: Samples, b: Samples) -> float:
    """Peak signal-to-noise ratio in dB, the squared error pooled over all channels.

    Returns infinity for equal pictures.

    Raises
    ------
    ValueError
        If the arrays are not uint8 pictures of equal shape.
    """
    _check(a, b)
    squares = 0.0
    for rows in _strips(*a.shape[:2]):
        difference = np.subtract(a[rows], b[rows], dtype=np.float64).ravel()
        squares += float(difference @ difference)  # integers below 2^53: exact in any order
    return 10 * math.log10(255**2 * a.size / squares) if squares else math.inf


def ssim(a: Samples, b: Samples) -> float:
    """Structural similarity with an 11x11 Gaussian window of standard deviation 1.5.

    Mean over the positions where the window lies inside the picture; population covariance, K1 = 0.01,
    K2 = 0.03. Window and deviation shrink together where the picture is smaller than the window.

    Raises
    ------
    ValueError
        If the arrays are not uint8 pictures of equal shape.
    """
    _check(a, b)
    return _mean([_scales(p, q, 1)[0][0] for p, q in _channels(a, b)])


def block_ssim(a: Samples, b: Samples) -> float:
    """Structural similarity with a uniform 8x8 window at every position inside the picture.

    The measure of the recurrent codecs' thumbnails; otherwise as :func:`ssim`.

    Raises
    ------
    ValueError
        If the arrays are not uint8 pictures of equal shape.
    """
    _check(a, b)
    side = min(BLOCK, *a.shape[:2])
    taps = np.full(side, 1 / side)
    return _mean([_similarity(p, q, taps)[0] for p, q in _channels(a, b)])


def ms_ssim(a: Samples, b: Samples) -> float:
    """Multi-scale structural similarity over five scales.

    The numbers are those of pytorch-msssim wherever it applies (sides above 160): per channel the product
    over the scales, then the mean over the channels; negative factors count as 0. Smaller pictures keep all
    five scales, with a window that shrinks as in :func:`ssim`.

    Raises
    ------
    ValueError
        If the arrays are not uint8 pictures of equal shape.
    """
    _check(a, b)
    return _mean([_product(_scales(p, q, len(SCALE_WEIGHTS))) for p, q in _channels(a, b)])


def _check(a: Samples, b: Samples) -> None:
    for array in (a, b):
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (1, 3) or not array.size:
            raise ValueError(
                "metrics need uint8 pictures of shape (H, W, 3) or (H, W, 1), "
                f"not {array.dtype} of shape {array.shape}"
            )
    if a.shape != b.shape:
        raise ValueError(f"metrics need pictures of equal shape, not {a.shape} and {b.shape}")


def _channels(a: Samples, b: Samples) -> Iterator[tuple[Plane, Plane]]:
    for channel in range(a.shape[2]):
        yield a[..., channel], b[..., channel]


def _scales(a: Plane, b: Plane, count: int) -> list[tuple[float, float]]:
    """Mean SSIM and mean contrast-structure term of one channel at ``count`` scales, finest first."""
    means = []
    for scale in range(count):
        if scale:
            a, b = _halved(a), _halved(b)
        means.append(_similarity(a, b, _gaussian(min(WINDOW, *a.shape))))
    return means


def _product(scales: list[tuple[float, float]]) -> float:
    """MS-SSIM of one channel: luminance counts at the coarsest scale alone."""
    factors = [cs for _, cs in scales[:-1]] + [scales[-1][0]]
    return math.prod(math.pow(max(f, 0.0), weight) for f, weight in zip(factors, SCALE_WEIGHTS, strict=True))


def _similarity(a: Plane, b: Plane, taps: NDArray[np.float64]) -> tuple[float, float]:
    """Means of the SSIM map and of its contrast-structure part over all positions inside the planes."""
    overlap = len(taps) - 1
    height, width = a.shape[0] - overlap, a.shape[1] - overlap
    total = total_cs = 0.0
    for rows in _strips(height, a.shape[1]):
        around = slice(rows.start, rows.stop + overlap)
        x, y = a[around].astype(np.float64), b[around].astype(np.float64)
        # The two variances are needed only as a sum, so four filterings do for the usual five.
        mean_x, mean_y = _filtered(x, taps), _filtered(y, taps)
        cross = _filtered(x * y, taps)
        power = _filtered(x * x + y * y, taps)
        means = mean_x * mean_y
        squares = mean_x * mean_x + mean_y * mean_y
        cs = (2 * (cross - means) + _C2) / (power - squares + _C2)
        total_cs += float(cs.sum())
        total += float((cs * (2 * means + _C1) / (squares + _C1)).sum())
    return total / (height * width), total_cs / (height * width)


def _gaussian(side: int) -> NDArray[np.float64]:
    """Taps of a Gaussian whose deviation is to 1.5 as ``side`` to 11; their sum is 1."""
    deviation = 1.5 * side / WINDOW
    taps = np.exp(-((np.arange(side) - (side - 1) / 2) ** 2) / (2 * deviation**2))
    return np.asarray(taps / taps.sum())


def _filtered(plane: NDArray[np.float64], taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate rows and columns with symmetric taps, at positions inside the plane only."""
    for _ in range(2):
        plane = _filtered_down(plane, taps).T
    return plane


def _filtered_down(plane: NDArray[np.float64], taps: NDArray[np.float64]) -> NDArray[np.float64]:
    last = len(taps) - 1
    rows = plane.shape[0] - last
    half, odd = divmod(len(taps), 2)
    result = plane[half : half + rows] * taps[half] if odd else np.zeros_like(plane[:rows])
    pair = np.empty_like(result)
    for k in range(half):
        np.add(plane[k : k + rows], plane[last - k : last - k + rows], out=pair)
        pair *= taps[k]
        result += pair
    return result


def _halved(plane: Plane) -> NDArray[np.float64]:
    """Mean of 2x2 samples; an odd side gets one more sample in front.

    That sample is 0, as in pytorch-msssim, but repeats the first one in planes too small for it to apply:
    there zeros would outweigh the picture.
    """
    height, width = plane.shape
    if height % 2 or width % 2:
        mode = "edge" if min(plane.shape) < WINDOW else "constant"
        plane = np.pad(plane, ((height % 2, 0), (width % 2, 0)), mode=mode)  # type: ignore[call-overload]
    total = np.add(plane[::2, ::2], plane[::2, 1::2], dtype=np.float64)
    total += plane[1::2, ::2]
    total += plane[1::2, 1::2]
    total /= 4
    return total


def _strips(height: int, width: int) -> Iterator[slice]:
    step = max(WINDOW, _STRIP // width)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def _mean(values: Any) -> float:
    values = list(values)
    return math.fsum(values) / len(values)
