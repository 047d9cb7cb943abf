"""Drawn pictures: what the tiny network was trained on, and what the tests encode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw(height: int, width: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Smooth shades, a few discs and bars with hard edges, some grain; (height, width, 3)."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    picture = np.zeros((height, width, 3))
    for channel in range(3):
        angle, period = generator.uniform(0, 6.3), generator.uniform(20, 90)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) / period * 6.3)
        picture[..., channel] = generator.uniform(60, 200) + generator.uniform(10, 60) * wave
    for _ in range(generator.integers(2, 7)):
        color = generator.uniform(0, 255, 3)
        top, left = generator.uniform(0, height), generator.uniform(0, width)
        size = generator.uniform(3, 20)
        if generator.random() < 0.5:
            inside = (y - top) ** 2 + (x - left) ** 2 < size**2
        else:
            inside = (abs(y - top) < size) & (abs(x - left) < generator.uniform(2, 15))
        picture[inside] = color
    picture += generator.normal(0, generator.uniform(0, 8), picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def shades(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """A drawn picture by number."""
    return draw(height, width, np.random.default_rng(seed))


def gray(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """The same without color, (height, width, 1)."""
    return shades(height, width, seed).mean(axis=2, keepdims=True).astype(np.uint8)


def disc(height: int, width: int) -> NDArray[np.uint8]:
    """An alpha plane: a disc with a soft edge, 0 outside, 255 inside."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2, x - width / 2)
    return (255 * np.clip(min(height, width) / 2.5 - distance, 0, 4) / 4).astype(np.uint8)
