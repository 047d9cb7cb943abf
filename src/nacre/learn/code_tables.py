"""Fits the shipped integers of the binary entropy model to codes of training pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import (
    BEFORE,
    HERE,
    LEVELS,
    PARTNERS,
    VOTERS,
    CodeModel,
    Codes,
    Tables,
    channel_halves,
)
from nacre.coding.passes import INTERLEAVED, pass_view

VOTE_SCALE = 32
"""Votes are log-odds in units of 1/32."""

_HALF = np.array([0.1, 0.3, 0.5, 0.8, 1.2, 1.8, 2.6])
THRESHOLDS = np.rint(VOTE_SCALE * np.concatenate([-_HALF[::-1], _HALF])).astype(np.int16)
_PRIOR_SUM = 48
_RIDGE = 4.0
_NEWTON_STEPS = 6

Floats = NDArray[np.float64]


def fit_tables(pictures: Sequence[Codes]) -> Tables:
    """Tables for the codes of many pictures.

    Parameters
    ----------
    pictures
        Each (T, H, W, C) int8 in {-1, +1}; T and C equal for all.

    Returns
    -------
    Tables
    """
    iterations, _, _, channels = pictures[0].shape
    tables = Tables(
        weights=np.zeros((iterations, len(INTERLEAVED), channels, VOTERS), np.int8),
        biases=np.zeros((iterations, len(INTERLEAVED), channels), np.int16),
        partners=np.zeros((iterations, channels, PARTNERS), np.uint8),
        thresholds=THRESHOLDS,
        priors=np.ones((iterations, channels, LEVELS, 2), np.uint8),
    )
    for t in range(iterations):
        tables.partners[t] = _choose_partners(pictures, t)
        counts = np.zeros((channels, LEVELS, 2))
        for number in range(len(INTERLEAVED)):
            features, ones = _samples(pictures, tables, t, number)
            weights = _logistic(features, ones)
            integers = np.clip(np.rint(weights * VOTE_SCALE), -127, 127)
            tables.weights[t, number] = integers[:, :-1]
            tables.biases[t, number] = integers[:, -1]
            level = np.searchsorted(THRESHOLDS, np.einsum("ncf,cf->nc", features, integers), side="right")
            slots = (np.arange(channels) * LEVELS + level) * 2 + ones
            counts += np.bincount(slots.ravel().astype(np.int64), minlength=counts.size).reshape(counts.shape)
        tables.priors[t] = _scale_priors(counts)
    return tables


def _choose_partners(pictures: Sequence[Codes], t: int) -> NDArray[np.uint8]:
    """For each channel the channels of its own cell that tell most about it."""
    channels = pictures[0].shape[3]
    now = np.concatenate([p[t].reshape(-1, channels) for p in pictures]).astype(np.float64)
    before = np.concatenate([p[t - 1].reshape(-1, channels) for p in pictures]).astype(np.float64) * (t > 0)
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


class _Recorder:
    """A coder that sends nowhere; `CodeModel` keeps its grids up to date while it runs."""

    def code(self, bits: NDArray[np.uint8] | None, ones: NDArray[np.integer]) -> NDArray[np.uint8]:
        assert bits is not None
        return bits

    def mark(self) -> None:
        """Nothing to note."""


def _samples(
    pictures: Sequence[Codes], tables: Tables, t: int, number: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Voters (n, C, 17) with a constant 1 at the end, and the bits (n, C), of one pass."""
    features, ones = [], []
    for codes in pictures:
        model = CodeModel(*codes.shape[1:], None)
        recorder = _Recorder()
        for earlier in range(max(0, t - 1), t):
            model.begin(earlier)
            for n, offset in enumerate(INTERLEAVED):
                model.code_pass(recorder, earlier, n, pass_view(codes[earlier], offset))
        model.begin(t)
        for n, offset in enumerate(INTERLEAVED[:number]):
            model.code_pass(recorder, t, n, pass_view(codes[t], offset))
        cells = pass_view(codes[t], INTERLEAVED[number])
        features.append(
            model.all_voters(number, tables.partners[t], cells).reshape(-1, codes.shape[3], VOTERS)
        )
        ones.append((cells > 0).reshape(-1, codes.shape[3]))
    stacked = np.concatenate(features).astype(np.float32)
    constant = np.ones((*stacked.shape[:2], 1), np.float32)
    return np.concatenate([stacked, constant], axis=2), np.concatenate(ones).astype(np.int64)


def _logistic(features: NDArray[np.float32], ones: NDArray[np.int64]) -> Floats:
    """Ridge logistic regression of every channel by Newton's method; (C, 17)."""
    count = features.shape[2]
    weights = np.zeros((features.shape[1], count))
    for c in range(features.shape[1]):
        x, y, w = features[:, c].astype(np.float64), ones[:, c], weights[c]
        for _ in range(_NEWTON_STEPS):
            p = 1 / (1 + np.exp(-np.clip(x @ w, -20, 20)))
            gradient = x.T @ (p - y) + _RIDGE * w
            curvature = (x * (p * (1 - p))[:, None]).T @ x + _RIDGE * np.eye(count)
            w -= np.linalg.solve(curvature, gradient)
    return weights


def _scale_priors(counts: Floats) -> NDArray[np.uint8]:
    total = counts.sum(-1, keepdims=True)
    # A level that training never saw starts from what its place says, not from certainty.
    share = (counts + 1) / (total + 2)
    return np.clip(np.rint(share * _PRIOR_SUM), 1, _PRIOR_SUM - 1).astype(np.uint8)


assert len(HERE) + len(BEFORE) + PARTNERS == VOTERS
