"""The amplified copy of what is missing that encoders may see."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from nacre.codecs.recurrent.unit_shapes import Architecture
from nacre.learn.nets.amplified import amplified
from nacre.learn.tasks.gru_conv import GruConvTask
from nacre.learn.tasks.units import UnitTask

PHASE = {"until": 1.0, "iterations": 1, "crop": 32, "batch": 2}
FAMILIES: list[Architecture | None] = ["residual-fc", "lstm-fc", "lstm-conv", "static-conv", None]


def build(architecture: Architecture | None, gain: float) -> torch.nn.Module:
    torch.manual_seed(3)
    task: Any = GruConvTask("tiny", [PHASE], gain=gain)
    if architecture:
        task = UnitTask(architecture, "tiny", [PHASE], gain=gain)
    return task.module.eval()  # type: ignore[no-any-return]


def test_what_is_missing_stays_and_small_values_grow() -> None:
    missing = torch.linspace(-0.5, 0.5, 24).reshape(1, 3, 2, 4)
    seen = amplified(missing, 16.0)
    assert seen.shape == (1, 6, 2, 4)
    assert torch.equal(seen[:, :3], missing)
    assert seen[0, 3, 0, 0].item() == pytest.approx(math.tanh(-8))
    assert amplified(torch.full((1, 1, 1, 1), 0.01), 16.0)[0, 1].item() == pytest.approx(0.16, abs=2e-3)
    assert amplified(missing, 0.0) is missing


@pytest.mark.parametrize("architecture", FAMILIES)
@torch.no_grad()
def test_weights_without_it_compute_what_they_did(architecture: Architecture | None) -> None:
    without, with_it = build(architecture, 0.0), build(architecture, 8.0)
    side = 8 if architecture in ("residual-fc", "lstm-fc") else 32
    pictures = torch.rand(4, 3, side, side) - 0.5
    before = [shown for _, shown in without(pictures, 1)]
    stored = {name: value.clone() for name, value in without.state_dict().items()}
    with_it.load_state_dict(stored)
    for expected, (_, found) in zip(before, with_it(pictures, 1), strict=True):
        torch.testing.assert_close(found, expected)
    # Its own weights come back as they are.
    again = build(architecture, 8.0)
    again.load_state_dict(with_it.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), with_it.parameters(), strict=True))


@pytest.mark.parametrize("architecture", FAMILIES)
def test_encoders_learn_from_it(architecture: Architecture | None) -> None:
    net = build(architecture, 8.0)
    side = 8 if architecture in ("residual-fc", "lstm-fc") else 32
    for _, shown in net(torch.rand(4, 3, side, side) - 0.5, 1):
        shown.square().mean().backward()
    weight = next(p for p in net.parameters() if p.ndim > 1)  # the encoder's first layer
    assert weight.grad is not None
    assert weight.grad[:, weight.shape[1] // 2 :].abs().max() > 0
