"""What `progressive` is to reach, and what it reaches, but for time and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nacre.bench import byte_targets, embedding, first_bytes, jpeg_prefixes, same_symbols
from nacre.bench.against import Against
from nacre.bench.bars import Bar, at_most, bars_table
from nacre.bench.byte_targets import ByteTargets
from nacre.bench.each_picture import Plan
from nacre.bench.embedding import EmbeddingCost
from nacre.bench.first_bytes import FirstBytes
from nacre.bench.jpeg_prefixes import JpegPrefixes
from nacre.bench.markdown import counted
from nacre.bench.prefixes import ALLOWED_FALL, PrefixStudy
from nacre.bench.report import Report
from nacre.bench.same_symbols import SameSymbols

MOST_RATE = {"jpeg:420": -41.0, "webp": -4.0, "jpeg2000": 2.0}
"""Per cent: BD-rate by PSNR against others."""

METRIC = "psnr-rgb"


@dataclass(frozen=True)
class ProgressiveStudy:
    """All that was measured of the codec on a set of pictures."""

    pictures: int
    against: Against
    prefixes: PrefixStudy
    jpeg: JpegPrefixes
    first: FirstBytes
    cost: EmbeddingCost
    targets: ByteTargets
    symbols: SameSymbols

    def bars(self) -> list[Bar]:
        """Every bar, in the order of the sections."""
        return [
            *self._rate_bars(),
            *self.jpeg.bars(),
            *self.first.bars(),
            *self.cost.bars(),
            self._prefix_bar(),
            *self.targets.bars(),
            *self.symbols.bars(),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "bars": [asdict(bar) for bar in self.bars()],
            **self.against.as_dict(),
            "first-bytes-against-jpeg": self.jpeg.rows,
            "first-bytes": self.first.rows,
            "embedding": {"bd-rate": self.cost.delta.mean, "pictures": self.cost.rows},
            "byte-targets": self.targets.rows,
            "symbols": self.symbols.as_dict(),
        }

    def as_markdown(self) -> str:
        """The bars, and tables behind them."""
        preface = (
            f"One file of `{self.against.codec}` a picture, {counted(self.pictures, 'picture')}; everything "
            "is decoded from real bytes, headers included, unless a section says otherwise."
        )
        parts = [preface, bars_table(self.bars()), self.against.as_markdown()]
        for each in (self.jpeg, self.first, self.cost, self.targets, self.symbols):
            parts += each.section()
        return "\n\n".join(parts) + "\n"

    def _rate_bars(self) -> list[Bar]:
        bars = []
        for other, deltas in self.against.measured.items():
            what, mean, most = f"BD-rate against `{other}`", deltas[METRIC].mean, MOST_RATE.get(other)
            if mean is None:
                bars.append(Bar(what, "no common range", "" if most is None else f"≤ {most:+g} %"))
            elif most is None:
                bars.append(Bar(what, f"{mean:+.1f} %"))
            else:
                bars.append(at_most(what, mean, most, "{:+.1f} %"))
        return bars

    def _prefix_bar(self) -> Bar:
        of = counted(len(self.prefixes.pictures), "picture")
        what = f"{self.prefixes.prefixes:,} prefixes of {of}, all decoded: largest fall of the PSNR"
        return at_most(what, self.prefixes.largest_fall, ALLOWED_FALL, "{:.3f} dB")


def study(report: Report, prefixes: PrefixStudy, plan: Plan, pictures: Sequence[Path]) -> ProgressiveStudy:
    """Measure what the report and the prefixes do not hold.

    Parameters
    ----------
    report
        The codec of the plan and others on these pictures.
    prefixes
        Of the same codec on the same pictures.
    plan
        How to measure.
    pictures
        Picture files.
    """
    return ProgressiveStudy(
        len(pictures),
        Against.of(report, plan.codec),
        prefixes,
        JpegPrefixes(plan.rows(jpeg_prefixes.measure, pictures, "jpeg_prefixes")),
        FirstBytes(plan.rows(first_bytes.measure, pictures, "first_bytes")),
        EmbeddingCost(plan.rows(embedding.measure, pictures, "embedding", "direct", "contents")),
        ByteTargets(plan.rows(byte_targets.measure, pictures, "byte_targets")),
        same_symbols.compare(plan, pictures),
    )
