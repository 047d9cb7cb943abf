"""Peak memory of decoding whole, valid files of several sizes, beside the cap that is promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nacre import api
from nacre.bench.hard_input.caps import memory_cap
from nacre.bench.hard_input.claims import decode_alone
from nacre.bench.hard_input.fresh import fresh
from nacre.bench.hard_input.valid_files import drawn, options, ramp
from nacre.container.header import parse_header
from nacre.picture.picture import Picture

SIZES: dict[str, tuple[tuple[int, int], ...]] = {
    "gru-conv": ((64, 64), (1000, 1000), (1000, 4000)),
}
_OTHERS = ((64, 64), (724, 724), (1000, 1000), (2000, 3000))
ALPHA = (2000, 3000)
"""Height and width of the pictures with alpha."""
_WITH_ALPHA = ("progressive", "residual-fc")


@dataclass(frozen=True)
class Footprint:
    """One decode in a fresh process.

    Attributes
    ----------
    peak, cap
        Resident bytes at most: found, and promised.
    """

    codec: str
    width: int
    height: int
    alpha: bool
    bytes: int
    seconds: float
    peak: int
    cap: float


def footprints_of(codec: str) -> Iterator[Footprint]:
    """Decode files of rising size."""
    for height, width in SIZES.get(codec, _OTHERS):
        yield _measured(codec, height, width, alpha=False)
    if codec in _WITH_ALPHA:
        yield _measured(codec, *ALPHA, alpha=True)


def _measured(codec: str, height: int, width: int, *, alpha: bool) -> Footprint:
    data = fresh(_encoded, codec, height, width, alpha)
    found = fresh(decode_alone, data)
    cap = memory_cap(parse_header(data)[0])
    return Footprint(codec, width, height, alpha, len(data), found.slowest, found.peak, cap)


def _encoded(codec: str, height: int, width: int, alpha: bool) -> bytes:
    picture = Picture(drawn(height, width), ramp(height, width) if alpha else None)
    return api.encode(picture, codec=codec, threads=1, fast=True, **options(codec, 1))
