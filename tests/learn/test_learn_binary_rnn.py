"""BinaryRNN: its sizes, what it may see, and that it learns."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from test_learn_tables import random_codes, smooth_codes
from torch import Tensor, nn

from nacre.learn.nets.binary_rnn import CERTAIN, BinaryRNN
from nacre.learn.studies import estimate


def size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def draw_codes(iterations: int, depth: int, height: int, width: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 2, (1, iterations, depth, height, width), generator=generator).float() * 2 - 1


def test_sizes_are_those_of_the_paper() -> None:
    net = BinaryRNN(16, 32)
    one = net.iterations[0]
    assert size(one.before) == 49_216
    assert size(one.earlier) == 18_496
    assert size(one.line) == 114_944
    assert size(one.predict) == 6_240
    assert size(one.tell) == 36_960
    assert [size(each) for each in net.iterations] == [225_856] * 16
    assert size(net.carry) == 31_072


@pytest.mark.parametrize("cell", [(0, 0), (2, 3), (4, 5), (5, 0)])
def test_a_code_counts_for_those_after_it_alone(cell: tuple[int, int]) -> None:
    height, width, flipped = 6, 7, 1
    torch.manual_seed(0)
    net = BinaryRNN(3, 8)
    codes = draw_codes(3, 8, height, width)
    changed = codes.clone()
    changed[0, flipped, :, cell[0], cell[1]] *= -1
    with torch.no_grad():
        before, after = net(codes)[0], net(changed)[0]
    moved = ((before - after).abs() > 1e-6).any(1)
    place = cell[0] * width + cell[1]
    assert not moved[:flipped].any()
    assert not moved[flipped].flatten()[:place].any()
    # Its own prediction stays: the chances of a code and of its opposite make 1.
    both = 2 ** -before[flipped, :, cell[0], cell[1]] + 2 ** -after[flipped, :, cell[0], cell[1]]
    torch.testing.assert_close(both, torch.ones(8))
    later = moved[flipped].flatten()[place + 1 :]
    assert later.any()
    assert moved[flipped + 1, cell[0], cell[1]]
    assert moved[flipped + 1].any()


def test_the_row_above_is_seen_far_through_the_line() -> None:
    torch.manual_seed(0)
    net = BinaryRNN(1, 8)
    codes = draw_codes(1, 8, 9, 12)
    changed = codes.clone()
    changed[0, 0, :, 0, 0] *= -1
    with torch.no_grad():
        moved = (net(codes) - net(changed)).abs()[0, 0].amax(0) > 1e-7
    # 7x7 around a cell reach three rows; the state goes on.
    assert moved[4:].any()


def test_nothing_is_certain() -> None:
    net = BinaryRNN(1, 8)
    with torch.no_grad():
        last = net.iterations[0].predict[2]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        last.bias.fill_(100.0)
        bits = net(torch.ones(1, 1, 8, 4, 4)), net(-torch.ones(1, 1, 8, 4, 4))
    for found, chance in zip(bits, ((1 + CERTAIN) / 2, (1 - CERTAIN) / 2), strict=True):
        torch.testing.assert_close(found, torch.full_like(found, -math.log2(chance)), atol=1e-3, rtol=0)


def seconds_per_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second a step, so that a budget in minutes is one of steps."""
    clock = itertools.count()
    monkeypatch.setattr(estimate.time, "monotonic", lambda: next(clock))


def test_it_learns_what_codes_have_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_per_call(monkeypatch)
    found = estimate.train(smooth_codes(48, seed=0, side=8, channels=8), minutes=0.6)
    assert found.steps == 36
    assert found.bits < 0.92
    unseen = smooth_codes(4, seed=1, side=8, channels=8)
    bits = np.sum([found.measure(codes) for codes in unseen], axis=0)
    assert bits.shape == (2,)
    assert (bits < 0.95 * 4 * unseen[0][0].size).all()


def test_random_codes_take_a_bit_each(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_per_call(monkeypatch)
    found = estimate.train(random_codes(24, seed=0, side=6, channels=8), minutes=0.2)
    (unseen,) = random_codes(1, seed=1, side=6, channels=8)
    np.testing.assert_allclose(found.measure(unseen), unseen[0].size, rtol=0.05)


def test_training_is_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds_per_call(monkeypatch)
    codes = smooth_codes(4, seed=0, side=6, channels=8)
    first, second = (estimate.train(codes, minutes=0.1).measure(codes[0]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_smallest_budget_is_one_step() -> None:
    assert estimate.train(smooth_codes(2, seed=0, side=4, channels=8), minutes=1e-9).steps == 1


def test_certainty_has_a_price_in_half_the_digits_too() -> None:
    torch.manual_seed(0)
    net = BinaryRNN(1, 4)
    last = net.iterations[0].predict[2]
    assert isinstance(last, nn.Conv2d)
    last.bias = nn.Parameter(torch.full((4,), 60.0))
    with torch.autocast("cpu", torch.bfloat16):
        bits = net(-torch.ones(1, 1, 4, 2, 2))
    bits.mean().backward()
    expected = -math.log2((1 - CERTAIN) / 2)
    torch.testing.assert_close(bits.float(), torch.full_like(bits, expected).float(), rtol=0.02, atol=0.0)
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in net.parameters())
