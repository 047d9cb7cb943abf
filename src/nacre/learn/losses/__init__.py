"""Distortion losses of pictures (N, 3, H, W) with values about [-0.5, 0.5]."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from nacre.learn.losses.dissimilarity import block_dissimilarity, dissimilarity, scale_dissimilarity


def l1(shown: Tensor, picture: Tensor) -> Tensor:
    """Mean absolute error."""
    return (shown - picture).abs().mean()


def l2(shown: Tensor, picture: Tensor) -> Tensor:
    """Mean squared error."""
    return ((shown - picture) ** 2).mean()


def rms(shown: Tensor, picture: Tensor) -> Tensor:
    """Root of each picture's mean squared error, averaged; more even over pictures and rates than `l2`."""
    return torch.sqrt(((shown - picture) ** 2).mean((1, 2, 3)) + 1e-8).mean()


def ssim_l1(shown: Tensor, picture: Tensor) -> Tensor:
    """Absolute error weighted by (1 - SSIM) / 2 where it stands, the weights averaging to 1.

    No gradient passes through the weights (Johnston et al. 2018, section 3.2). They are normalized by
    their mean over the batch instead of a running mean, so that a resumed run is exact.
    """
    with torch.no_grad():
        weight = dissimilarity(*_levels(shown, picture))
        weight = (weight + 1e-6) / (weight.mean() + 1e-6)
    return (weight * (shown - picture).abs()).mean()


def rms_ssim(shown: Tensor, picture: Tensor) -> Tensor:
    """`rms` plus a share of what block SSIM is short of 1; a tenth of a decibel counts like 0.004 of it."""
    return rms(shown, picture) + 0.4 * _block_short(shown, picture)


def block_ssim(shown: Tensor, picture: Tensor) -> Tensor:
    """What block SSIM is short of 1, and enough of `rms` to keep colors; 0.1 dB counts like 0.0008 of it."""
    return rms(shown, picture) + 2 * _block_short(shown, picture)


def rms_ms_ssim(shown: Tensor, picture: Tensor) -> Tensor:
    """`rms` plus what multi-scale SSIM is short of 1; a tenth of a decibel counts like 0.0005 of it."""
    return rms(shown, picture) + scale_dissimilarity(*_levels(shown, picture)).mean()


def _block_short(shown: Tensor, picture: Tensor) -> Tensor:
    return block_dissimilarity(*_levels(shown, picture)).mean()


def _levels(*pictures: Tensor) -> tuple[Tensor, ...]:
    """From 0 to 1, as SSIM wants them: its luminance would be another on values about 0."""
    return tuple(picture + 0.5 for picture in pictures)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": l1,
    "l2": l2,
    "rms": rms,
    "rms-ssim": rms_ssim,
    "block-ssim": block_ssim,
    "rms-ms-ssim": rms_ms_ssim,
    "ssim-l1": ssim_l1,
}
