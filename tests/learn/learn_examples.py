"""A recipe and pictures that the tests of the learn wing share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TINY = """
family = "gru-conv"
seed = 3
preset = "tiny"

[optimizer]
rate = 5e-3
warmup = 5
clip = 0.5
ema = 0.9

[[phases]]
until = 0.5
iterations = 2
crop = 32
batch = 4

[[phases]]
until = 1.0
iterations = 4
crop = 32
batch = 4
loss = "rms"
masked = 0.3
noise = 0.2
"""


def draw(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Shades with a bright and a dark patch, (height, width, 3); other seeds, other pictures."""
    g = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin((a * x + b * y) / 14) for a, b in g.uniform(-1, 1, (3, 2))]
    picture = 128 + np.stack(waves, axis=-1) * g.uniform(20, 70, 3)
    for value in (30, 220):
        top, left = g.integers(0, height - 8), g.integers(0, width - 8)
        picture[top : top + height // 3, left : left + width // 3] = value + g.uniform(-30, 30, 3)
    return picture.clip(0, 255).astype(np.uint8)
