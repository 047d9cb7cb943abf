"""Distortion losses of pictures (N, 3, H, W) with values about [-0.5, 0.5]."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def l1(shown: Tensor, picture: Tensor) -> Tensor:
    """Mean absolute error."""
    return (shown - picture).abs().mean()


def l2(shown: Tensor, picture: Tensor) -> Tensor:
    """Mean squared error."""
    return ((shown - picture) ** 2).mean()


def rms(shown: Tensor, picture: Tensor) -> Tensor:
    """Root of each picture's mean squared error, averaged; more even over pictures and rates than `l2`."""
    return torch.sqrt(((shown - picture) ** 2).mean((1, 2, 3)) + 1e-8).mean()


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"l1": l1, "l2": l2, "rms": rms}
