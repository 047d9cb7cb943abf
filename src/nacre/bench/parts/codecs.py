"""Which codecs the parts measure."""

from __future__ import annotations

OURS = "progressive"
GRU = "gru-conv"
LONG = f"{GRU}:iterations=12"
"""More iterations than the default, to reach 1 bpp after entropy coding."""

ANCHORS = ("jpeg:420", "webp", "avif", "jpeg2000", "jxl")
PUBLISHED = (
    "toderici-2017-residual-gru",
    "toderici-2017-1zb-lstm-additive",
    "johnston-2018-priming-sabr",
    "theis-2017",
    "balle-2017-opt-mse",
    "balle-2018-hyperprior-mse",
    "bpg444",
)
"""Codecs that do not run here; the others' published curves would only repeat what is measured."""
