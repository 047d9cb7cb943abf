"""Steps of Muon."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from nacre.learn.muon import Muon, orthogonal


def stepped(optimizer: torch.optim.Optimizer, parameter: Tensor, gradients: list[Tensor]) -> Tensor:
    """What the steps moved the parameter by."""
    before = parameter.detach().clone()
    for gradient in gradients:
        parameter.grad = gradient
        optimizer.step()
    return parameter.detach() - before


@pytest.mark.parametrize("shape", [(48, 48), (32, 200), (200, 32)])
def test_singular_values_come_out_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 1e-4
    found = torch.linalg.svd(orthogonal(matrix))
    assert 0.5 < found.S.min() <= found.S.max() < 1.4
    # The directions are the matrix's own.
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    assert torch.trace(u.T @ orthogonal(matrix) @ v.T) > 0.6 * min(shape)


def test_nothing_stays_nothing() -> None:
    assert orthogonal(torch.zeros(32, 32)).abs().max() == 0


def test_small_parameters_step_as_adam_does() -> None:
    generator = torch.Generator().manual_seed(2)
    for shape in [(7,), (3, 64), (64, 2, 3, 3), (1, 1)]:
        gradients = [torch.randn(shape, generator=generator) for _ in range(5)]
        a, b = (torch.nn.Parameter(torch.zeros(shape)) for _ in range(2))
        muon = Muon([{"params": [a]}], lr=1e-2, betas=(0.9, 0.99))
        adam = torch.optim.Adam([b], lr=1e-2, betas=(0.9, 0.99))
        torch.testing.assert_close(stepped(muon, a, gradients), stepped(adam, b, gradients))


@pytest.mark.parametrize("shape", [(64, 96), (96, 16, 3, 3)])
def test_one_rate_serves_both(shape: tuple[int, ...]) -> None:
    gradient = torch.randn(shape, generator=torch.Generator().manual_seed(3))

    def moved_by(gradient: Tensor) -> Tensor:
        parameter = torch.nn.Parameter(torch.zeros(shape))
        return stepped(Muon([{"params": [parameter]}], lr=0.1), parameter, [gradient])

    moved, again = moved_by(gradient), moved_by(gradient * 1e-3)
    assert math.sqrt((moved**2).mean()) == pytest.approx(0.2 * 0.1, rel=0.3)
    # A step does not depend on the gradient's size.
    assert ((again - moved) ** 2).mean() < 0.05**2 * (moved**2).mean()


def test_parameters_without_a_gradient_stay() -> None:
    parameter = torch.nn.Parameter(torch.ones(32, 32))
    Muon([{"params": [parameter]}], lr=1.0).step()
    assert (parameter == 1).all()


def test_steps_go_on_from_a_saved_state() -> None:
    generator = torch.Generator().manual_seed(4)
    gradients = [[torch.randn(s, generator=generator) for s in ((32, 40), (40,))] for _ in range(4)]

    def run(optimizer: Muon, parameters: list[Tensor], some: list[list[Tensor]]) -> None:
        for pair in some:
            for parameter, gradient in zip(parameters, pair, strict=True):
                parameter.grad = gradient
            optimizer.step()

    whole, cut = ([torch.nn.Parameter(torch.zeros(g.shape)) for g in gradients[0]] for _ in range(2))
    run(Muon([{"params": whole}], lr=0.1), whole, gradients)
    first = Muon([{"params": cut}], lr=0.1)
    run(first, cut, gradients[:2])
    second = Muon([{"params": cut}], lr=0.1)
    second.load_state_dict(first.state_dict())
    run(second, cut, gradients[2:])
    assert all(torch.equal(a, b) for a, b in zip(whole, cut, strict=True))
