"""Fits the shipped integers of the binary entropy model to codes of training pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import (
    LEVELS,
    PARTNERS,
    VOTERS,
    Codes,
    Tables,
    channel_halves,
    voters,
)
from nacre.coding.passes import INTERLEAVED, neighbor_view, pass_view

VOTE_SCALE = 32
"""Votes are log-odds in units of 1/32."""

_HALF = np.array([0.1, 0.3, 0.5, 0.8, 1.2, 1.8, 2.6])
THRESHOLDS = np.rint(VOTE_SCALE * np.concatenate([-_HALF[::-1], _HALF])).astype(np.int16)
_PRIOR_SUM = 96
_RIDGE = 4.0
_NEWTON_STEPS = 8
_CONVERGED = 1 / VOTE_SCALE
"""Newton's error is squared by every step: after one this small, what is left is far below rounding."""

Floats = NDArray[np.floating]


def fit_tables(pictures: Sequence[Codes]) -> Tables:
    """Tables for the codes of many pictures.

    Parameters
    ----------
    pictures
        Each (T, H, W, C) int8 in {-1, +1}, all of one shape.

    Returns
    -------
    Tables
    """
    # (T, H, W, N, C): what the model knows of a cell is looked up for all pictures at once.
    codes = np.stack(pictures, axis=3)
    iterations, height, width, count, channels = codes.shape
    passes = len(INTERLEAVED)
    tables = Tables(
        weights=np.zeros((iterations, passes, channels, VOTERS), np.int8),
        biases=np.zeros((iterations, passes, channels), np.int16),
        partners=np.zeros((iterations, channels, PARTNERS), np.uint8),
        thresholds=THRESHOLDS,
        priors=np.ones((iterations, channels, LEVELS, 2), np.uint8),
    )
    thresholds = THRESHOLDS.astype(np.float32)
    grid = np.zeros((height + 2, width + 2, count, channels), np.int8)
    before = grid
    for t in range(iterations):
        now = np.zeros_like(grid)
        tables.partners[t] = _choose_partners(codes, t)
        counts = np.zeros((channels, LEVELS, 2))
        for number, offset in enumerate(INTERLEAVED):
            cells = pass_view(codes[t], offset)
            known = neighbor_view(now, offset, (0, 0))
            for half in channel_halves(channels):
                found = voters(now, before, number, tables.partners[t, half], half)
                known[..., half] = cells[..., half]
                for c in range(half.start, half.stop):
                    features = np.ones((VOTERS + 1, cells[..., c].size), np.float32)
                    features[:-1] = [v[..., c - half.start].ravel() for v in found]
                    ones = cells[..., c].ravel() > 0
                    integers = np.clip(np.rint(_logistic(features, ones) * VOTE_SCALE), -127, 127)
                    tables.weights[t, number, c] = integers[:-1]
                    tables.biases[t, number, c] = integers[-1]
                    level = np.searchsorted(thresholds, integers @ features, side="right")
                    counts[c] += np.bincount(2 * level + ones, minlength=2 * LEVELS).reshape(LEVELS, 2)
        tables.priors[t] = scale_priors(counts)
        before = now
    return tables


def _choose_partners(codes: Codes, t: int) -> NDArray[np.uint8]:
    """For each channel the channels of its own cell that tell most about it."""
    channels = codes.shape[-1]
    now = codes[t].reshape(-1, channels).astype(np.float64)
    before = codes[t - 1].reshape(-1, channels) if t else np.zeros_like(now)
    seen = np.concatenate([before, now], axis=1)
    seen -= seen.mean(0)
    target = now - now.mean(0)
    scale = np.sqrt(np.outer((target**2).sum(0), (seen**2).sum(0))) + 1e-9
    strength = np.abs(target.T @ seen) / scale
    for half in channel_halves(channels):
        # This iteration's channels are known only from halves that come before.
        strength[half, channels + half.start :] = -1
    # The same channel before is a voter already.
    strength[np.arange(channels), np.arange(channels)] = -1
    return np.argsort(-strength, axis=1, kind="stable")[:, :PARTNERS].astype(np.uint8)


def _logistic(features: NDArray[np.float32], ones: NDArray[np.bool_]) -> Floats:
    """Ridge logistic regression by Newton's method; features (F, n), result (F,)."""
    weights = np.zeros(len(features), np.float32)
    ridge = np.float32(_RIDGE) * np.eye(len(features), dtype=np.float32)
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(weights @ features, -20, 20)))
        gradient = features @ (p - ones) + _RIDGE * weights
        curvature = (features * (p * (1 - p))) @ features.T + ridge
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < _CONVERGED:
            break
    return weights


def scale_priors(counts: Floats) -> NDArray[np.uint8]:
    """Counts (..., 2) to priors of about one sum."""
    total = counts.sum(-1, keepdims=True)
    # A level that training never saw starts from what its place says, not from certainty.
    share = (counts + 1) / (total + 2)
    return np.clip(np.rint(share * _PRIOR_SUM), 1, _PRIOR_SUM - 1).astype(np.uint8)
