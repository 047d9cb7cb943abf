"""What codecs make of thumbnails: means at several sizes, and the bytes that a quality takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

CHOSEN = (64, 128)
"""Bytes at which the paper compares."""


@dataclass(frozen=True)
class Point:
    """Means over all thumbnails at one setting.

    Attributes
    ----------
    budget
        Bytes that a thumbnail may take.
    bytes
        Bytes that it takes.
    too_large
        Thumbnails whose smallest file is above the budget, and was taken.
    block_ssim, luma_ssim, psnr
        See `Quality`.
    """

    budget: int
    bytes: float
    too_large: int
    block_ssim: float
    luma_ssim: float
    psnr: float


@dataclass(frozen=True)
class Curve:
    """One codec's points, in order of bytes.

    Attributes
    ----------
    own
        Whether it is one of nacre's codecs.
    prefixes
        Whether the points are prefixes of one stream, so that there is something between them.
    """

    name: str
    description: str
    own: bool
    prefixes: bool
    points: list[Point]

    def at(self, budget: int) -> Point | None:
        """Return the point of that budget, if there is one."""
        return next((point for point in self.points if point.budget == budget), None)

    def bytes_to_reach(self, wanted: float) -> float | None:
        """Bytes at which the mean block SSIM first reaches `wanted`, between points by a straight line.

        Returns the bytes of the first point if that already does, and None if no point does: nothing is
        extrapolated.
        """
        if self.points[0].block_ssim >= wanted:
            return self.points[0].bytes
        for low, high in pairwise(self.points):
            if high.block_ssim >= wanted:
                share = (wanted - low.block_ssim) / (high.block_ssim - low.block_ssim)
                return low.bytes + share * (high.bytes - low.bytes)
        return None


@dataclass(frozen=True)
class ThumbnailStudy:
    """All codecs on the same thumbnails.

    Attributes
    ----------
    left_out
        Codecs that did not run, with the reason.
    """

    thumbnails: int
    curves: list[Curve]
    left_out: dict[str, str] = field(default_factory=dict)

    def targets(self) -> dict[str, Point]:
        """Points of today's codecs at 64 bytes, see `opponents_at`."""
        return self.opponents_at(CHOSEN[0])

    def opponents_at(self, budget: int) -> dict[str, Point]:
        """Points of today's codecs at a budget; of JPEG's variants the one of the highest block SSIM.

        `webp:one-segment` stands beside `webp`: only an optional package writes it.
        """
        best: dict[str, tuple[str, Point]] = {}
        for curve in self.curves:
            point = curve.at(budget)
            kind = "jpeg" if curve.name.startswith("jpeg:") else curve.name
            if curve.own or point is None:
                continue
            if kind not in best or point.block_ssim > best[kind][1].block_ssim:
                best[kind] = (curve.name, point)
        return dict(best.values())

    def bytes_to_reach(self) -> dict[str, dict[str, float | None]]:
        """Bytes that nacre's codecs need for the block SSIM of `targets`, codec by codec.

        A codec with one network a rate has nothing between its rates and is left out.
        """
        targets = self.targets()
        return {
            curve.name: {name: curve.bytes_to_reach(point.block_ssim) for name, point in targets.items()}
            for curve in self.curves
            if curve.own and curve.prefixes
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "bytes_to_reach": self.bytes_to_reach()}
