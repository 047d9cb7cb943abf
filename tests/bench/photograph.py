from __future__ import annotations

import numpy as np

from nacre.bench.contract import Pixels


def photograph(seed: int, height: int = 48, width: int = 64) -> Pixels:
    """Smooth waves with some grain: enough like a photograph for every codec."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / rng.uniform(4, 20) + y / rng.uniform(4, 20) + rng.uniform(0, 6)) for _ in range(3)]
    picture = 128 + 70 * np.stack(waves, axis=-1) + rng.normal(0, 6, (height, width, 3))
    return picture.clip(0, 255).astype(np.uint8)
