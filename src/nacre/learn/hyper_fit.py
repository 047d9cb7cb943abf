"""Fits the contexts of hyper-latents to those of training pictures; SPEC.md, section 9.4.

Means and scales are linear in what is known, and learned by the code length of a logistic distribution.
The distributions that ship are counted, once all of it is in integers.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from nacre.codecs.progressive.hyper_contexts import (
    AROUND,
    FRACTIONS,
    PLACES,
    REACH,
    HyperContexts,
    Prediction,
)
from nacre.codecs.progressive.shapes import HYPER_MOST
from nacre.coding.stream import FINE_TOTAL
from nacre.errors import AgreementError
from nacre.runtime.integer import EXACT

SCALES, SCALE_STEPS, SCALE_BEGIN = 18, 3, 9
"""Scale i stands for a logistic distribution of 2^(i/3 - 3)."""
STEPS = 800
_BATCH, _RATE = 16, 2e-2
_RARE = 1e-3
"""A channel of which a smaller share differs from its most common value is not coded."""
_PRIOR_COUNT = 64
"""Hyper-latents that a logistic distribution counts for beside those seen."""
_LEAST_DEVIATION = 0.3


def fit_hyper_contexts(grids: NDArray[np.int8], seed: int = 1) -> HyperContexts:
    """Contexts for the hyper-latents of many pictures.

    Parameters
    ----------
    grids
        (N, Z, rows, columns) in -32..32.

    Raises
    ------
    AgreementError
        If a sum may leave the exact range.
    """
    values = np.moveaxis(grids, 1, 0).reshape(grids.shape[1], -1).astype(np.int64)
    counts = np.stack([np.bincount(v + HYPER_MOST, minlength=2 * HYPER_MOST + 1) for v in values])
    coded = np.flatnonzero(counts.max(1) < (1 - _RARE) * values.shape[1])
    centers = np.rint(values[coded].mean(1))
    centered = torch.from_numpy(grids[:, coded] - centers[:, None, None]).float()
    deviations = torch.from_numpy(values[coded].std(1)).float().clamp_min(_LEAST_DEVIATION)
    learned = _learned(centered, deviations, seed)
    contexts = HyperContexts(
        constants=(counts.argmax(1) - HYPER_MOST).astype(np.int8),
        coded=coded.astype(np.uint8),
        centers=centers.astype(np.int8),
        **learned.integers(),
        weights=_weights(np.zeros((SCALES * FRACTIONS, 2 * REACH + 1))),
    )
    magnitude = np.abs(contexts.across.astype(np.int64)).sum((2, 3)) * (2 * HYPER_MOST)
    if magnitude.max(initial=0) + np.abs(contexts.biases.astype(np.int64)).max(initial=0) >= EXACT:
        raise AgreementError("A sum of the hyper-latents' contexts may leave the exact range; train anew.")
    contexts.weights[...] = _weights(_seen(contexts, grids))
    return contexts


class _Linear(nn.Module):
    """Mean and log scale of every hyper-latent, in deviations of its channel."""

    def __init__(self, deviations: Tensor) -> None:
        super().__init__()
        count = len(deviations)
        self.deviations = deviations
        self.across = nn.Parameter(torch.zeros(2, count, count, 3, 3))
        self.beside = nn.Parameter(torch.zeros(2, count))
        self.biases = nn.Parameter(torch.zeros(2, 2, count))

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of scales, in steps, for (N, L, h, w)."""
        count, (height, width) = values.shape[1], values.shape[2:]
        before = torch.ones(count, count).tril(-1)[:, :, None, None]
        odd = ((torch.arange(height)[:, None] + torch.arange(width)) % 2).float()
        four = torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]).expand(count, 1, 3, 3)
        scaled = values / self.deviations[:, None, None]
        found = []
        for kind, seen in enumerate((scaled, scaled.abs())):
            sums = F.conv2d(seen, self.across[kind] * before, padding=1)
            beside = F.conv2d(seen, four, padding=1, groups=count) * odd
            sums = sums + self.beside[kind][:, None, None] * beside
            even_bias, odd_bias = self.biases[kind][:, :, None, None]
            found.append(sums + even_bias * (1 - odd) + odd_bias * odd)
        return found[0] * self.deviations[:, None, None], found[1] + self._start[:, None, None]

    @property
    def _start(self) -> Tensor:
        """Log scale of a logistic distribution with the channel's deviation."""
        return torch.log(self.deviations * (math.sqrt(3) / math.pi))

    def integers(self) -> dict[str, NDArray[np.signedinteger]]:
        """The arrays of `HyperContexts` by name."""
        deviations = self.deviations.double()
        octave = SCALE_STEPS / math.log(2)
        across, beside, biases = (
            p.detach().double().clone() for p in (self.across, self.beside, self.biases)
        )
        count = len(deviations)
        across = across * torch.ones(count, count).tril(-1)[:, :, None, None] / deviations[:, None, None]
        across[0] *= deviations[:, None, None, None]
        biases[0] *= deviations
        beside[1] /= deviations
        biases[1] += self._start.double()
        for part in (across, beside, biases):
            part[1] *= octave
        biases[1] += SCALE_BEGIN
        shorts = [
            np.clip(np.rint(part.numpy() * 2.0**PLACES), -(2**15) + 1, 2**15 - 1).astype(np.int16)
            for part in (across, beside)
        ]
        return {
            "across": shorts[0].reshape(2, count, count, len(AROUND)),
            "beside": shorts[1],
            "biases": np.rint(biases.numpy() * 2.0**PLACES).astype(np.int32),
        }


def _learned(values: Tensor, deviations: Tensor, seed: int) -> _Linear:
    linear = _Linear(deviations)
    if not len(deviations):
        return linear
    optimizer = torch.optim.Adam(linear.parameters(), _RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=STEPS, pct_start=0.1)
    generator = torch.Generator().manual_seed(seed)
    with torch.enable_grad():
        for _ in range(STEPS):
            batch = values[torch.randint(0, len(values), (_BATCH,), generator=generator)]
            loss = _bits(batch, *linear(batch)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return linear


def _bits(values: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    scale = torch.exp(log_scale.clamp(-3, 3))
    above = torch.sigmoid((values + 0.5 - mean) / scale)
    return -torch.log2((above - torch.sigmoid((values - 0.5 - mean) / scale)).clamp_min(2**-20))


def _seen(contexts: HyperContexts, grids: NDArray[np.int8]) -> NDArray[np.float64]:
    """How often each difference came up under each distribution."""
    counts = np.zeros((SCALES * FRACTIONS, 2 * REACH + 1))
    for grid in grids:
        rows, columns = grid.shape[1:]
        prediction = Prediction(contexts, (rows, columns))
        for i, channel in enumerate(contexts.coded):
            for call in prediction.calls(i, grid[channel]):
                np.add.at(counts, (call.distribution, grid[channel][call.chosen] - call.base + REACH), 1)
            prediction.learn(i, grid[channel])
    return counts


def _weights(counts: NDArray[np.float64]) -> NDArray[np.int32]:
    """Weights by scale and fraction, of what was seen and of logistic distributions; (S, 8, 129)."""
    scales = np.exp2((np.arange(SCALES) - SCALE_BEGIN) / SCALE_STEPS)[:, None, None]
    above = ((np.arange(FRACTIONS) - FRACTIONS // 2) / FRACTIONS)[:, None]
    edges = np.arange(2 * REACH + 2) - REACH - 0.5
    below = 1 / (1 + np.exp(np.clip((above - edges) / scales, -60, 60)))
    mixed = counts + _PRIOR_COUNT * np.diff(below).reshape(counts.shape)
    shares = mixed / mixed.sum(1, keepdims=True)
    weights = 1 + np.floor(shares * (FINE_TOTAL - counts.shape[1])).astype(np.int32)
    weights[np.arange(len(weights)), weights.argmax(1)] += FINE_TOTAL - weights.sum(1)
    return weights.reshape(SCALES, FRACTIONS, -1)
