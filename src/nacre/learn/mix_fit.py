"""Trains the integer network of the entropy model `mix` on codes of training pictures.

Weights are rounded to integers in the last third of the training already, straight through, so that what is
shipped is what was trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nacre.codecs.recurrent.contexts import Codes, Known, channel_halves
from nacre.codecs.recurrent.mix import EXACT, MOST_HIDDEN, PLACES, SEEN, VOTE_PLACES, Mix, seen_by
from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.errors import AgreementError
from nacre.learn.code_tables import scale_priors

NETWORKS = (0, 1, 2, 4, 7, 11)
"""The first iteration of each network."""
HIDDEN = 128
STEPS = 1200
_BATCH = 512
_RATE = 4e-3
_DECAY = 1.0
"""Of the weights, a step and a rate of 1. A network has more weights than hundreds of crops have cells."""
_ROUNDED_FROM = 0.65
_MOST = 127
_HELD_OUT = 6
"""One picture in so many is not trained on: what a vote means is counted on these."""
_HALF = np.array([0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.2, 1.5, 1.9, 2.4, 3.0, 3.7, 4.5, 5.5])
THRESHOLDS = np.rint(np.concatenate([-_HALF[::-1], _HALF]) * 2**VOTE_PLACES).astype(np.int16)


def fit_mix(pictures: Sequence[Codes], seed: int = 1) -> Mix:
    """A network for the codes of many pictures.

    Parameters
    ----------
    pictures
        Each (T, H, W, C) int8 in {-1, +1}, at least six.

    Raises
    ------
    AgreementError
        If a sum may leave the exact range.
    """
    count, channels = len(pictures[0]), pictures[0].shape[-1]
    network = np.searchsorted(NETWORKS, np.arange(count), side="right") - 1
    halves = channel_halves(channels)
    shape = (int(network[-1]) + 1, len(INTERLEAVED), len(halves))
    width = channels // len(halves)
    mix = Mix(
        network=network.astype(np.uint8),
        first=np.zeros((*shape, SEEN * channels, HIDDEN), np.int8),
        first_bias=np.zeros((*shape, HIDDEN), np.int16),
        last=np.zeros((*shape, HIDDEN, width), np.int8),
        last_bias=np.zeros((count, len(INTERLEAVED), channels), np.int32),
        thresholds=THRESHOLDS,
        priors=np.ones((count, channels, len(THRESHOLDS) + 1, 2), np.uint8),
    )
    learned = [p for i, p in enumerate(pictures) if i % _HELD_OUT]
    held_out = pictures[::_HELD_OUT]
    torch.manual_seed(seed)
    for place in np.ndindex(shape):
        which, number, half = place
        (iterations,) = np.nonzero(network == which)
        examples = _Examples.of(learned, iterations, number, halves[half])
        if not len(examples.seen):  # pictures of one row or column have no cells in some passes
            continue
        votes = _train(examples, len(iterations))
        mix.first[place], mix.first_bias[place], mix.last[place] = votes.integers()
        mix.last_bias[iterations, number, halves[half]] = _fixed(votes.last_bias, 2 * PLACES)
    _count(mix, held_out)
    if mix.bound() >= EXACT:
        raise AgreementError("A sum of the entropy model may leave the exact range; train it anew.")
    return mix


@dataclass(frozen=True)
class _Examples:
    """What is seen (n, F), of which of the iterations (n,), and whether codes are +1 (n, c)."""

    seen: Tensor
    iterations: Tensor
    ones: Tensor

    @classmethod
    def of(
        cls, pictures: Sequence[Codes], iterations: NDArray[np.intp], number: int, channels: slice
    ) -> _Examples:
        seen: list[NDArray[np.int8]] = []
        ones: list[NDArray[np.int8]] = []
        order: list[NDArray[np.int64]] = []
        for codes in pictures:
            for i, t in enumerate(iterations):
                known, cells = _known(codes, int(t), number, channels)
                for parts, found in ((seen, seen_by(known, number)), (ones, cells[..., channels] > 0)):
                    parts.append(found.reshape(-1, found.shape[-1]).astype(np.int8))
                order.append(np.full(len(seen[-1]), i))
        return cls(*(torch.from_numpy(np.concatenate(found)) for found in (seen, order, ones)))


def _known(codes: Codes, t: int, number: int, channels: slice) -> tuple[Known, Codes]:
    """What is known when some channels of a pass are coded, and the pass's codes."""
    border = ((1, 1), (1, 1), (0, 0))
    now = np.zeros_like(codes[t])
    for before in INTERLEAVED[:number]:
        pass_view(now, before)[...] = pass_view(codes[t], before)
    cells = pass_view(codes[t], INTERLEAVED[number])
    pass_view(now, INTERLEAVED[number])[..., : channels.start] = cells[..., : channels.start]
    past = [codes[i] if i >= 0 else np.zeros_like(now) for i in (t - 1, t - 2)]
    return Known(*(np.pad(grid, border) for grid in (now, *past))), cells


def _fixed(value: Tensor, places: int) -> NDArray[np.floating]:
    rounded: NDArray[np.floating] = np.rint(value.detach().double().numpy() * 2.0**places)
    return rounded


def _rounded(value: Tensor) -> Tensor:
    """As the integers will be; the gradient passes straight through."""
    return value + ((value * 2**PLACES).round().clamp(-_MOST, _MOST) / 2**PLACES - value).detach()


class _Votes(nn.Module):
    """Log-odds of one call's codes; the network that `Mix` holds in integers."""

    def __init__(self, inputs: int, outputs: int, iterations: int, live: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.randn(inputs, HIDDEN) * max(1, live) ** -0.5)
        self.first_bias = nn.Parameter(torch.zeros(HIDDEN))
        self.last = nn.Parameter(torch.zeros(HIDDEN, outputs))
        self.last_bias = nn.Parameter(torch.zeros(iterations, outputs))

    def forward(self, seen: Tensor, iterations: Tensor, rounded: bool) -> Tensor:
        first, bias, last = (_rounded(p) if rounded else p for p in (self.first, self.first_bias, self.last))
        hidden = (seen @ first + bias).clamp(0, MOST_HIDDEN / 2**PLACES)
        return hidden @ last + self.last_bias[iterations]

    def integers(self) -> tuple[NDArray[np.floating], ...]:
        parameters = (self.first, self.first_bias, self.last)
        return tuple(np.clip(_fixed(p, PLACES), -_MOST, _MOST) for p in parameters)


def _train(examples: _Examples, iterations: int) -> _Votes:
    live = (examples.seen != 0).any(0)
    votes = _Votes(examples.seen.shape[1], examples.ones.shape[1], iterations, int(live.sum()))
    with torch.no_grad():
        votes.first.mul_(live[:, None])
    optimizer = torch.optim.AdamW(votes.parameters(), lr=_RATE, weight_decay=_DECAY, betas=(0.9, 0.98))
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1 - step / STEPS)
        drawn = torch.randint(len(examples.seen), (_BATCH,))
        found = votes(examples.seen[drawn].float(), examples.iterations[drawn], step > _ROUNDED_FROM * STEPS)
        loss = nn.functional.binary_cross_entropy_with_logits(found, examples.ones[drawn].float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return votes


def _count(mix: Mix, pictures: Sequence[Codes]) -> None:
    """Set the priors to how often codes of each level are +1."""
    levels = len(mix.thresholds) + 1
    for t in range(len(mix.network)):
        channels = mix.priors.shape[1]
        counts = np.zeros((channels, levels, 2))
        for number, half in _calls(channels):
            for codes in pictures:
                known, cells = _known(codes, t, number, half)
                level = np.searchsorted(mix.thresholds, mix.votes(known, t, number, half), side="right")
                for i, c in enumerate(range(half.start, half.stop)):
                    slots = 2 * level[..., i].ravel() + (cells[..., c].ravel() > 0)
                    counts[c] += np.bincount(slots, minlength=2 * levels).reshape(levels, 2)
        # All channels count for what a level means, each for how it differs.
        mix.priors[t] = scale_priors(counts + 0.1 * counts.mean(0))


def _calls(channels: int) -> Iterator[tuple[int, slice]]:
    return ((number, half) for number in range(len(INTERLEAVED)) for half in channel_halves(channels))
