"""One codec against each of the others that a report holds, and against published curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nacre.bench import published
from nacre.bench.curves import CurveRangeError, Delta, MeanDelta, bd_rate, per_picture
from nacre.bench.equal_slopes import mean_curve
from nacre.bench.markdown import table
from nacre.bench.report import METRICS, Report


@dataclass(frozen=True)
class Against:
    """BD-rates of one codec in per cent; negative ones save.

    Attributes
    ----------
    codec
        The codec that is tested.
    measured
        By the other's name and the metric: picture by picture, then the mean.
    published
        By the curve's name and the metric: of mean curves, for nothing else was published; None where they
        share no range.
    """

    codec: str
    measured: dict[str, dict[str, MeanDelta]]
    published: dict[str, dict[str, Delta | None]]

    @classmethod
    def of(cls, report: Report, codec: str) -> Against:
        """One codec of a report against all the others in it."""
        others = [other.name for other in report.codecs if other.name != codec]
        return cls(
            codec,
            {
                other: {metric: _measured(report, codec, other, metric) for metric in METRICS}
                for other in others
            },
            {
                name: {metric: _published(report, codec, name, metric) for metric in METRICS}
                for name in report.published
            },
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "codec": self.codec,
            "bd-rate": {
                other: {
                    metric: {
                        "mean": delta.mean,
                        "low-db": delta.low,
                        "high-db": delta.high,
                        "pictures": {name: each.value for name, each in delta.per_picture.items()},
                        "left-out": list(delta.left_out),
                    }
                    for metric, delta in deltas.items()
                }
                for other, deltas in self.measured.items()
            },
            "bd-rate-of-mean-curves": {
                name: {metric: None if delta is None else delta.value for metric, delta in deltas.items()}
                for name, deltas in self.published.items()
            },
        }

    def as_markdown(self) -> str:
        """A table of what was measured, and one of published curves."""
        rows = [
            [f"`{other}`", *(cell for delta in deltas.values() for cell in _cells(delta))]
            for other, deltas in self.measured.items()
        ]
        head = ["against", "BD-rate, PSNR (%)", "over (dB)", "pictures better"]
        head += ["BD-rate, MS-SSIM (%)", "over (dB)", "pictures better"]
        parts = [f"### `{self.codec}` against each of the others", table(head, rows), _NOTE]
        if self.published:
            rows = [
                [name, published.load(name).dataset, *(c for d in deltas.values() for c in _mean_cells(d))]
                for name, deltas in self.published.items()
            ]
            head = [
                "against",
                "pictures",
                "BD-rate, PSNR (%)",
                "over (dB)",
                "BD-rate, MS-SSIM (%)",
                "over (dB)",
            ]
            title = f"### `{self.codec}` against published curves, mean curves"
            parts += [title, table(head, rows), _PUBLISHED_NOTE]
        return "\n\n".join(parts)


_NOTE = (
    "Picture by picture over the range that both curves cover, then the mean; negative saves. A picture is "
    "better where its own BD-rate is negative."
)
_PUBLISHED_NOTE = (
    "Only means were published, of codecs with one setting for all pictures. So the mean curve of the codec "
    "here is that of cuts of equal slope, chosen on each picture's curve: mean curves of cuts at equal rates "
    "would not compare. They mean something where the pictures are the same."
)


def _measured(report: Report, codec: str, other: str, metric: str) -> MeanDelta:
    anchor, test = report.codec(other).curves(metric), report.codec(codec).curves(metric)
    return per_picture(bd_rate, anchor, test, report.pictures)


def _published(report: Report, codec: str, name: str, metric: str) -> Delta | None:
    curve, mean = published.load(name).curve(metric), mean_curve(report.codec(codec), metric)
    if curve is None or mean is None:
        return None
    try:
        return bd_rate(curve, mean)
    except CurveRangeError:
        return None


def _cells(delta: MeanDelta) -> list[str]:
    if delta.mean is None:
        return ["–", "no common range", "–"]
    better = sum(each.value < 0 for each in delta.per_picture.values())
    return [
        f"{delta.mean:+.1f}",
        f"{delta.low:.1f}–{delta.high:.1f}",
        f"{better} of {len(delta.per_picture)}",
    ]


def _mean_cells(delta: Delta | None) -> list[str]:
    return ["–", "–"] if delta is None else [f"{delta.value:+.1f}", f"{delta.low:.1f}–{delta.high:.1f}"]
