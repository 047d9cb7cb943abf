from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nacre.codecs.recurrent.contexts import HERE, LEVELS, VOTERS, Tables, channel_halves
from nacre.codecs.recurrent.mix import SEEN, Mix

MakeTables = Callable[[int, int, int], Tables]


@pytest.fixture(scope="session")
def make_tables() -> MakeTables:
    """Random tables of (iterations, channels, seed), with every kind of partner."""

    def make(iterations: int, channels: int, seed: int) -> Tables:
        generator = np.random.default_rng(seed)
        half = channels // 2 if channels > len(HERE) else 0
        partners = generator.integers(0, channels, (iterations, channels, 3))
        partners[:, half:, 0] = channels + generator.integers(0, max(half, 1), (iterations, channels - half))
        if not half:
            partners[..., 0] %= channels
        return Tables(
            weights=generator.integers(-128, 128, (iterations, 4, channels, VOTERS)).astype(np.int8),
            biases=generator.integers(-90, 90, (iterations, 4, channels)).astype(np.int16),
            partners=partners.astype(np.uint8),
            thresholds=np.sort(generator.integers(-300, 300, 14)).astype(np.int16),
            priors=generator.integers(1, 256, (iterations, channels, LEVELS, 2)).astype(np.uint8),
        )

    return make


@pytest.fixture(scope="session")
def make_mix() -> Callable[[int, int, int], Mix]:
    """Random networks of (iterations, channels, seed), two of them by turns."""

    def make(iterations: int, channels: int, seed: int) -> Mix:
        generator = np.random.default_rng(seed)
        halves, hidden = len(channel_halves(channels)), 5
        shape = (2, 4, halves)
        return Mix(
            network=(np.arange(iterations) % 2).astype(np.uint8),
            first=generator.integers(-127, 128, (*shape, SEEN * channels, hidden)).astype(np.int8),
            first_bias=generator.integers(-900, 900, (*shape, hidden)).astype(np.int16),
            last=generator.integers(-127, 128, (*shape, hidden, channels // halves)).astype(np.int8),
            last_bias=generator.integers(-90_000, 90_000, (iterations, 4, channels)).astype(np.int32),
            thresholds=np.sort(generator.integers(-1500, 1500, 20)).astype(np.int16),
            priors=generator.integers(1, 256, (iterations, channels, 21, 2)).astype(np.uint8),
        )

    return make
