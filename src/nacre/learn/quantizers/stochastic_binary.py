"""The stochastic binarizer of Toderici et al. (2016), equations 5 to 7."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, noise: Tensor) -> Tensor:
        # 1 with probability (1 + x) / 2, formed in float32: half precision rounds it away near the ends.
        return torch.where(noise < (1 + x.float()) / 2, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        # E[b(x)] = x, and the gradient of that expectation is one.
        return grads[0], None


class _HardStraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return hard_sign(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0]


def hard_sign(x: Tensor) -> Tensor:
    """-1 where x < 0, +1 elsewhere (0 and -0 give +1); equation 7."""
    return torch.where(x < 0, -1.0, 1.0).to(x.dtype)


class StochasticBinarizer(nn.Module):
    """Map [-1, 1] to {-1, +1}: stochastic in training, fixed in evaluation; gradients pass unchanged.

    Parameters
    ----------
    noise
        Share of elements drawn at random in training (`a` of the annealed binarizer). 1 is the paper's
        binarizer; the rest takes the fixed sign, which closes the gap between training and use.
    """

    def __init__(self, noise: float = 1.0) -> None:
        super().__init__()
        self.noise = noise

    def forward(self, x: Tensor) -> Tensor:
        """Binarize `x` (any shape, values in [-1, 1]); same shape and dtype."""
        if not self.training:
            return _HardStraightThrough.apply(x) if x.requires_grad else hard_sign(x)
        u = torch.rand(x.shape, device=x.device, dtype=torch.float32)
        if self.noise < 1:
            keep = torch.rand(x.shape, device=x.device, dtype=torch.float32) < self.noise
            # Draws of 0 and 1 make the stochastic rule the sign rule: 0 < (1 + x) / 2 where x >= 0, 1 never.
            u = torch.where(keep, u, (x < 0).float())
        return _StraightThrough.apply(x, u)
