"""The best files of a codec within numbers of bytes: cuts of nacre's, settings found for the others'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nacre import api
from nacre.bench.anchors import Anchor, largest_within
from nacre.bench.contract import Codec, Pixels
from nacre.bench.ours import NacreCodec
from nacre.codecs.registry import get_codec
from nacre.errors import TargetError
from nacre.picture.metrics import psnr


@dataclass(frozen=True, eq=False)
class SizedFile:
    """A file of one picture, and what it shows.

    Attributes
    ----------
    codec, setting
        What made it.
    allowed
        Bytes that it may have, where something bounds them.
    data
        The file; more than `allowed` only where the codec has none so small: then it is its smallest.
    pixels
        Decoded from `data`; shape (H, W, 3), uint8.
    psnr
        dB over the R'G'B' samples.
    """

    codec: str
    setting: str
    allowed: int | None
    data: bytes
    pixels: Pixels
    psnr: float

    @classmethod
    def of(cls, codec: Codec, setting: str, allowed: int | None, data: bytes, original: Pixels) -> SizedFile:
        """Decode a file and compare it with the original."""
        pixels = codec.decode(data)
        return cls(codec.name, setting, allowed, data, pixels, psnr(original, pixels))

    @property
    def fits(self) -> bool:
        """Whether it has no more bytes than allowed."""
        return self.allowed is None or len(self.data) <= self.allowed

    @property
    def bpp(self) -> float:
        """Bits a pixel."""
        return 8 * len(self.data) / (self.pixels.size // 3)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, without the file and its pixels."""
        return {
            "codec": self.codec,
            "setting": self.setting,
            "allowed": self.allowed,
            "fits": self.fits,
            "bytes": len(self.data),
            "bpp": self.bpp,
            "psnr": self.psnr,
        }


def at_bytes(codec: Codec, original: Pixels, budgets: Sequence[int]) -> list[SizedFile]:
    """Return the best file within each number of bytes, or the smallest one where none fits.

    Parameters
    ----------
    codec
        Progressive ones of nacre's are cut to the byte; an anchor's settings are searched; of any other codec
        the largest of its points is taken.
    original
        Shape (H, W, 3), uint8.
    budgets
        Bytes of the whole file at most.
    """
    if isinstance(codec, Anchor):
        found = _settings(codec, original, budgets)
    elif isinstance(codec, NacreCodec) and not get_codec(codec.codec).rates:
        found = _cuts(codec, original, budgets)
    else:
        found = _points(codec, original, budgets)
    return [
        SizedFile.of(codec, setting, allowed, data, original)
        for allowed, (setting, data) in zip(budgets, found, strict=True)
    ]


_Found = Iterator[tuple[str, bytes]]
"""Setting and file for each number of bytes."""


def _settings(codec: Anchor, original: Pixels, budgets: Sequence[int]) -> _Found:
    for allowed in budgets:
        try:
            fit = largest_within(codec, original, allowed)
            yield codec.label(fit.setting), fit.data
        except TargetError:
            yield codec.label(codec.scale[0]), codec.encode(original, codec.scale[0])


def _cuts(codec: NacreCodec, original: Pixels, budgets: Sequence[int]) -> _Found:
    made = api.compress(original, codec=codec.codec, iterations=codec.iterations, threads=codec.threads)
    least = made.layers[0].file_bytes
    for allowed in budgets:
        data = made.data[: max(allowed, least)]
        yield ("whole file" if len(data) == len(made.data) else "cut"), data


def _points(codec: Codec, original: Pixels, budgets: Sequence[int]) -> _Found:
    points = sorted(codec.points(original), key=lambda point: len(point.data))
    for allowed in budgets:
        best = [point for point in points if len(point.data) <= allowed][-1:] or points[:1]
        yield best[0].setting, best[0].data
