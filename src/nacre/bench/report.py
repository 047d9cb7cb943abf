"""What a run of the bench found: per picture, and as the mean curves that the field's plot scripts read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from nacre.bench import published
from nacre.bench.curves import (
    Curve,
    CurveRangeError,
    Delta,
    MeanDelta,
    bd_quality,
    bd_rate,
    decibels,
    per_picture,
)
from nacre.bench.measure import Measurement
from nacre.bench.timing import Times

METRICS = {"psnr-rgb": "psnr", "ms-ssim-rgb": "ms_ssim"}
"""CompressAI's keys of the metrics that curves are drawn for, and the field of a measurement."""

_KEYS = {
    "bpp": "bpp",
    **METRICS,
    "ssim-rgb": "ssim",
    "encoding_time": "encoding_time",
    "decoding_time": "decoding_time",
}


@dataclass
class CodecResults:
    """Measurements of one codec, by picture, each in the codec's order of settings."""

    name: str
    description: str
    pictures: dict[str, list[Measurement]] = field(default_factory=dict)

    def curve(self, picture: str, metric: str) -> Curve | None:
        """Quality in dB over rate for one picture, or None where there are too few points for a curve."""
        rows = self.pictures[picture]
        values = [getattr(row, _KEYS[metric]) for row in rows]
        try:
            return Curve.of([row.bpp for row in rows], decibels(metric, values))
        except CurveRangeError:
            return None

    def curves(self, metric: str) -> dict[str, Curve]:
        """Return the curves of all pictures that have one."""
        found = {picture: self.curve(picture, metric) for picture in self.pictures}
        return {picture: curve for picture, curve in found.items() if curve is not None}

    def mean_results(self) -> dict[str, list[float]]:
        """Return means over the pictures at equal setting, under CompressAI's keys.

        Settings that a picture lacks are left out.
        """
        by_setting = [{row.setting: row for row in rows} for rows in self.pictures.values()]
        shared = [s for s in by_setting[0] if all(s in rows for rows in by_setting)] if by_setting else []
        return {
            key: [fmean(getattr(rows[setting], name) for rows in by_setting) for setting in shared]
            for key, name in _KEYS.items()
        }

    def at_equal_rate(self, metric: str, rates: Sequence[float]) -> list[tuple[float, float]]:
        """Return (bpp, quality in dB) at those rates that all pictures' curves reach.

        The quality is interpolated per picture; the mean is taken in the metric's own unit.
        """
        curves = self.curves(metric)
        if len(curves) < len(self.pictures) or not curves:
            return []
        found = []
        for bpp in rates:
            try:
                mean = _mean_quality(metric, [curve.quality_at(bpp) for curve in curves.values()])
            except CurveRangeError:
                continue
            found.append((bpp, float(decibels(metric, mean))))
        return found

    def mean_curve(self, metric: str) -> Curve | None:
        """Return the mean curve, for comparison with published means, where nothing else exists."""
        results = self.mean_results()
        try:
            return Curve.of(results["bpp"], decibels(metric, results[metric]))
        except CurveRangeError:
            return None

    def as_dict(self) -> dict[str, Any]:
        """CompressAI's shape of a results file, with the pictures beside the means."""
        return {
            "name": self.name,
            "description": self.description,
            "results": self.mean_results(),
            "pictures": {
                picture: {
                    "setting": [row.setting for row in rows],
                    "bytes": [row.bytes for row in rows],
                    **{key: [getattr(row, name) for row in rows] for key, name in _KEYS.items()},
                }
                for picture, rows in self.pictures.items()
            },
        }


@dataclass(frozen=True)
class QualityAt:
    """Mean quality of the pictures whose curves reach a rate, and how many they are."""

    bpp: float
    mean: float | None
    pictures: int


@dataclass
class Report:
    """A run of the bench.

    Attributes
    ----------
    pictures
        Names of the pictures.
    codecs
        Results, in the order the codecs were named.
    anchor
        Name of the codec that deltas are taken against.
    threads, jobs
        Threads of each codec, and pictures measured at once.
    published
        Names of the published curves to show.
    times
        Medians of whole calls, if they were asked for.
    """

    pictures: list[str]
    codecs: list[CodecResults]
    anchor: str
    threads: int
    jobs: int
    published: Sequence[str] = ()
    times: list[Times] = field(default_factory=list)

    def codec(self, name: str) -> CodecResults:
        """Results of one codec."""
        return next(codec for codec in self.codecs if codec.name == name)

    def bd_rate(self, codec: str, metric: str = "psnr-rgb") -> MeanDelta:
        """BD-rate against the anchor in per cent: per picture, then the mean."""
        return self._delta(bd_rate, codec, metric)

    def bd_quality(self, codec: str, metric: str = "psnr-rgb") -> MeanDelta:
        """Quality difference to the anchor in dB: per picture, then the mean."""
        return self._delta(bd_quality, codec, metric)

    def _delta(self, delta: Any, codec: str, metric: str) -> MeanDelta:
        anchor, test = self.codec(self.anchor).curves(metric), self.codec(codec).curves(metric)
        return per_picture(delta, anchor, test, self.pictures)

    def published_bd_rate(self, name: str, metric: str = "psnr-rgb") -> Delta | None:
        """BD-rate of a published mean curve against the anchor's; None where they don't overlap."""
        mean, curve = self.codec(self.anchor).mean_curve(metric), published.load(name).curve(metric)
        if mean is None or curve is None:
            return None
        try:
            return bd_rate(mean, curve)
        except CurveRangeError:
            return None

    def quality_at(self, codec: str, bpp: float, metric: str = "psnr-rgb") -> QualityAt:
        """Quality at a rate: interpolated per picture in dB, then the mean in the metric's own unit."""
        values = []
        for curve in self.codec(codec).curves(metric).values():
            try:
                values.append(curve.quality_at(bpp))
            except CurveRangeError:
                continue
        if not values:
            return QualityAt(bpp, None, 0)
        return QualityAt(bpp, _mean_quality(metric, values), len(values))

    def as_dict(self) -> dict[str, Any]:
        """Return the whole report as plain data."""
        others = [codec.name for codec in self.codecs if codec.name != self.anchor]
        return {
            "pictures": self.pictures,
            "threads": self.threads,
            "jobs": self.jobs,
            "codecs": [codec.as_dict() for codec in self.codecs],
            "bd-rate": {
                "anchor": self.anchor,
                **{
                    metric: {name: _delta_dict(self.bd_rate(name, metric)) for name in others}
                    for metric in METRICS
                },
            },
            "times": [times.as_dict() for times in self.times],
        }


def _mean_quality(metric: str, values: Sequence[float]) -> float:
    """Return the mean of values in dB, in the metric's own unit."""
    if "ssim" not in metric:
        return fmean(values)
    return fmean(1 - 10 ** (-value / 10) for value in values)


def _delta_dict(delta: MeanDelta) -> dict[str, Any]:
    return {
        "mean": delta.mean,
        "low-db": delta.low,
        "high-db": delta.high,
        "pictures": {name: each.value for name, each in delta.per_picture.items()},
        "left-out": list(delta.left_out),
    }
