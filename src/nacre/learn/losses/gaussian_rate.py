"""Bits of noisy latents, and what a quantizer gives back of them, under a Gaussian with heavier tails."""

from __future__ import annotations

import torch
from torch import Tensor

TAIL = 1 / 512
"""Share of a Laplace distribution of three times the deviation."""


def _below(x: Tensor) -> Tensor:
    return 0.5 * torch.erfc(-x * 0.5**0.5)


def bits(values: Tensor, mean: Tensor, deviation: Tensor, step: Tensor) -> Tensor:
    """Bits of every value known to plus and minus half a step; the shapes broadcast."""
    distance = (values - mean).abs()
    far, near = distance + step / 2, distance - step / 2
    gauss = _below(-near / deviation) - _below(-far / deviation)
    width = deviation * (3 * 0.5**0.5)
    laplace = 0.5 * (torch.exp(-near.clamp(min=0) / width) - torch.exp(-far / width))
    return -torch.log2((1 - TAIL) * gauss + TAIL * laplace + 1e-9)


@torch.no_grad()
def quantized(values: Tensor, mean: Tensor, deviation: Tensor, step: Tensor, zero: Tensor) -> Tensor:
    """What a decoder shows of values: the conditional mean of the cell that each falls into.

    Parameters
    ----------
    zero
        Half the width of the cell around the mean, in steps: 0.5 of a uniform quantizer, 1 of whole
        bit planes.
    """
    residual = (values - mean) / step
    level = (residual.abs() + 1 - zero).floor().clamp(min=0)
    near = (level - 1 + zero) * step / deviation
    far = (level + zero) * step / deviation
    mass = _below(-near) - _below(-far)
    density = (torch.exp(-near.square() / 2) - torch.exp(-far.square() / 2)) * (2 * torch.pi) ** -0.5
    # Far out in the tail the mean is one deviation's reach from the near edge; the middle is close enough.
    middle = torch.where(
        mass > 1e-6, density / mass, torch.minimum((near + far) / 2, near + 1 / near.clamp(min=1))
    )
    return mean + residual.sign() * torch.where(level > 0, middle * deviation, 0)


def cell_mass(level: Tensor, deviation: Tensor, zero: Tensor) -> Tensor:
    """Probability of signed levels of `quantized`, deviations in steps."""
    near, far = (level - 1 + zero) / deviation, (level + zero) / deviation
    tails = _below(-near) - _below(-far)
    return torch.where(level > 0, tails, 1 - 2 * _below(-zero / deviation)).clamp(min=1e-7)
