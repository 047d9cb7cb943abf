"""Codes to send."""

from __future__ import annotations

import numpy as np

from nacre.codecs.recurrent.contexts import Codes

KINDS = ("random", "minus", "plus", "alternating", "smooth")


def codes_of(kind: str, shape: tuple[int, int, int, int], seed: int = 0) -> Codes:
    """Codes (T, H, W, C): random, minus, plus, alternating or smooth."""
    if kind in ("minus", "plus"):
        return np.full(shape, 1 if kind == "plus" else -1, np.int8)
    if kind == "alternating":
        return (2 * (np.indices(shape).sum(0) % 2) - 1).astype(np.int8)
    noise = np.random.default_rng(seed).normal(0, 1 if kind == "random" else 0.3, shape)
    if kind == "smooth":
        t, y, x, c = np.indices(shape)
        noise += np.sin(y / 3 + c) + np.cos(x / 4 - c * t)
    return np.where(noise < 0, -1, 1).astype(np.int8)
