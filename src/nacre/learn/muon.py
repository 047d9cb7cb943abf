"""Muon: steps whose matrices are orthogonal, for runs that are short of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor

_LEAST = 24
"""Rows and columns of the smallest matrix that is worth orthogonalizing."""
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_MATCH = 0.2
"""About the root mean square of Adam's steps at a learning rate of 1, so that one rate serves both."""


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalized for matrices and kernels; Adam for biases and for what is small.

    Jordan et al. (2024), https://kellerjordan.github.io/posts/muon; steps are scaled as Liu et al.
    (2025, arXiv 2502.16982, section 2.2) do, which makes rates of Adam good ones here. A kernel counts
    as a matrix of its first axis by all others.

    Parameters
    ----------
    groups
        As of every optimizer.
    lr
        Learning rate.
    betas
        Memory of Adam's means, a step.
    momentum
        Memory of the gradient of matrices, a step.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        momentum: float = 0.95,
    ) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "momentum": momentum})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step along the gradients at hand."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    way = _along_matrix if _is_matrix(parameter) else _along_elements
                    parameter.sub_(way(parameter.grad, self.state[parameter], group), alpha=group["lr"])
        return loss


def _is_matrix(parameter: Tensor) -> bool:
    return parameter.ndim >= 2 and min(len(parameter), parameter[0].numel()) >= _LEAST


def _along_matrix(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    mean = state.setdefault("mean", torch.zeros_like(gradient))
    mean.lerp_(gradient, 1 - group["momentum"])
    ahead = gradient.lerp(mean, group["momentum"]).flatten(1)
    size = _MATCH * max(ahead.shape) ** 0.5
    return (size * orthogonal(ahead)).view_as(gradient)


def _along_elements(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    if not state:
        state.update(step=0, mean=torch.zeros_like(gradient), square=torch.zeros_like(gradient))
    state["step"] += 1
    first, second = group["betas"]
    mean = state["mean"].lerp_(gradient, 1 - first) / (1 - first ** state["step"])
    square = state["square"].lerp_(gradient**2, 1 - second) / (1 - second ** state["step"])
    return mean / (square.sqrt() + 1e-8)


def orthogonal(matrix: Tensor) -> Tensor:
    """About the nearest matrix whose rows or columns, whichever are fewer, are orthonormal.

    Newton-Schulz iteration in bfloat16: singular values come out between 0.7 and 1.2, which is enough
    for a step and takes no decomposition.
    """
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(_ROUNDS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)
