"""The codec's stream behind its hyper-latents: passes over the bit planes, and alpha between them."""

from __future__ import annotations

from nacre.codecs.progressive.planes import Planes
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitCoder, EndOfStreamError

ALPHA_EVERY = 100
"""Passes between two layers of alpha."""


def code_next(coder: BitCoder, planes: Planes, alpha: AlphaCoder | None) -> bool:
    """Send or receive the next pass and the alpha layer that is due behind it; False if in part."""
    if not planes.code_pass(coder):
        return False
    if alpha is not None and planes.done % ALPHA_EVERY == 0:
        try:
            alpha.code_layer(coder)
        except EndOfStreamError:
            return False
    return True


def code_rest_of(coder: BitCoder, alpha: AlphaCoder) -> None:
    """Send or receive the layers of alpha that are left; raises `EndOfStreamError` as they do."""
    while not alpha.done:
        alpha.code_layer(coder)
