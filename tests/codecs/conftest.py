from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nacre.codecs.recurrent.contexts import HERE, LEVELS, VOTERS, Tables

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
