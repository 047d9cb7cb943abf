"""The binarizer's facts, from its definition."""

from __future__ import annotations

import io

import numpy as np
import onnxruntime
import pytest
import torch

from nacre.learn.onnx_files import export_graph
from nacre.learn.quantizers.stochastic_binary import StochasticBinarizer, hard_sign


@pytest.mark.parametrize("x", [-0.9, -0.3, 0.0, 0.5, 1.0])
def test_is_unbiased(x: float) -> None:
    torch.manual_seed(0)
    draws = StochasticBinarizer()(torch.full((200_000,), x))
    assert abs(draws.mean().item() - x) <= 4 * ((1 - x * x) / 200_000) ** 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("training", [True, False])
def test_gives_signs_of_the_same_type(dtype: torch.dtype, training: bool) -> None:
    bits = StochasticBinarizer().train(training)(torch.linspace(-1, 1, 999).to(dtype))
    assert bits.dtype == dtype
    assert set(bits.unique().tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize("training", [True, False])
def test_gradients_pass_unchanged(training: bool) -> None:
    x = torch.linspace(-1, 1, 101, requires_grad=True)
    StochasticBinarizer(0.5).train(training)(x).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.ones(101))


def test_evaluation_is_the_sign_and_draws_nothing() -> None:
    x = torch.randn(1000)
    state = torch.get_rng_state()
    binarizer = StochasticBinarizer().eval()
    first, second = binarizer(x), binarizer(x)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first, second)
    assert torch.equal(first, torch.where(x < 0, -1.0, 1.0))


def test_certain_values_are_never_drawn_otherwise() -> None:
    torch.manual_seed(1)
    binarizer = StochasticBinarizer()
    assert binarizer(torch.ones(100_000)).eq(1).all()
    assert binarizer(-torch.ones(100_000)).eq(-1).all()


def test_zero_and_minus_zero_give_one() -> None:
    assert hard_sign(torch.tensor([0.0, -0.0])).tolist() == [1, 1]


def test_without_noise_training_takes_the_sign() -> None:
    x = torch.cat([torch.randn(10_000), torch.tensor([0.0, -0.0, 1e-9, -1e-9])])
    assert torch.equal(StochasticBinarizer(0.0)(x), hard_sign(x))


def test_noise_is_the_share_of_stochastic_bits() -> None:
    torch.manual_seed(2)
    # Half the bits have the mean 0.5, the others are 1.
    mean = StochasticBinarizer(0.5)(torch.full((200_000,), 0.5)).mean().item()
    assert mean == pytest.approx(0.75, abs=0.01)


def test_exported_graph_gives_the_same_bits() -> None:
    x = torch.randn(1, 1, 250, 400)
    x = torch.where(x.abs() < 1e-3, 0.1, x)
    model = export_graph(StochasticBinarizer(), (x,), ["x"], ["bits"])
    buffer = io.BytesIO(model.SerializeToString())
    (bits,) = onnxruntime.InferenceSession(buffer.getvalue()).run(None, {"x": x.numpy()})
    np.testing.assert_array_equal(bits, hard_sign(x).numpy())
