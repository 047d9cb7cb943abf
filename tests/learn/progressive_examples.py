"""A recipe of the tiny network of `progressive`."""

from __future__ import annotations

TINY = """
family = "progressive"
seed = 2
preset = "tiny"
crop = 64
batch = 4
steps = [0.7, 4.0]
coarse = 0.2
coarsest = 8.0

[optimizer]
rate = 3e-3
floor = 1e-4
warmup = 4
clip = 1.0
ema = 0.9
constant = 0.25
memory = 0.98
"""
