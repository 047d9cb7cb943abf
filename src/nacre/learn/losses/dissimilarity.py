"""Structural dissimilarity of two pictures, pixel by pixel or window by window."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from nacre.picture.metrics import SCALE_WEIGHTS

_WINDOW, _SIGMA = 11, 1.5
_BLOCK = 8
_SCALE_WINDOW = 5
"""Side of a uniform window about as wide as the Gaussian one."""
_K1, _K2 = 0.01, 0.03


def dissimilarity(a: Tensor, b: Tensor) -> Tensor:
    """(1 - SSIM) / 2 of pictures (N, C, H, W) with a range of 1, at every pixel and channel.

    Local moments are weighted with a Gaussian of 11 x 11 and sigma 1.5; beyond the border lies the
    nearest pixel (Wang et al. 2004).
    """
    return _dissimilarity(a.float(), b.float(), _blurred)


def block_dissimilarity(a: Tensor, b: Tensor) -> Tensor:
    """(1 - SSIM) / 2 of pictures as above, in uniform windows of 8 x 8 at every place inside them."""
    return _dissimilarity(a.float(), b.float(), lambda x: F.avg_pool2d(x, _BLOCK, 1))


def scale_dissimilarity(a: Tensor, b: Tensor) -> Tensor:
    """Contrast and structure that pictures as above, of 5 x 5 or more, are short of over scales; shape (N,).

    Multi-scale SSIM (Wang et al. 2003) to first order: what its factors are short of 1, weighted with
    their exponents instead of multiplied. Scales are those of its five on which windows of 5 x 5 fit;
    the last one counts luminance too.
    """
    a, b = a.float(), b.float()
    short: list[Tensor] = []
    for scale in range(len(SCALE_WEIGHTS)):
        if scale:
            a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
        if min(a.shape[2:]) < _SCALE_WINDOW:
            break
        luminance, structure = _terms(a, b, lambda x: F.avg_pool2d(x, _SCALE_WINDOW, 1))
        short.append((1 - structure).mean((1, 2, 3)))
    short[-1] = (1 - luminance * structure).mean((1, 2, 3))
    weights = torch.tensor(SCALE_WEIGHTS[: len(short)], device=a.device)
    return torch.stack(short, 1) @ (weights / weights.sum())


def _dissimilarity(a: Tensor, b: Tensor, local: Callable[[Tensor], Tensor]) -> Tensor:
    luminance, structure = _terms(a, b, local)
    return (1 - luminance * structure) / 2


def _terms(a: Tensor, b: Tensor, local: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Likeness of luminance, and of contrast and structure."""
    mean_a, mean_b = local(a), local(b)
    variance_a = (local(a * a) - mean_a**2).clamp_min(0)
    variance_b = (local(b * b) - mean_b**2).clamp_min(0)
    covariance = local(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + _K1**2) / (mean_a**2 + mean_b**2 + _K1**2)
    return luminance, (2 * covariance + _K2**2) / (variance_a + variance_b + _K2**2)


def _blurred(x: Tensor) -> Tensor:
    place = torch.arange(_WINDOW, dtype=x.dtype, device=x.device) - _WINDOW // 2
    kernel = torch.exp(-(place**2) / (2 * _SIGMA**2))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, 1, _WINDOW)
    padded = F.pad(x, (_WINDOW // 2,) * 4, mode="replicate")
    across = F.conv2d(padded, kernel, groups=x.shape[1])
    return F.conv2d(across, kernel.transpose(2, 3), groups=x.shape[1])
