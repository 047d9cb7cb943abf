"""A report as titled tables with notes, whatever they are written as.

`Code` in backticks is all the markup there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nacre.bench import published
from nacre.bench.curves import MeanDelta
from nacre.bench.report import QualityAt, Report
from nacre.bench.timing import Times

RATES = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
"""Bits per pixel at which tables state the quality."""


@dataclass(frozen=True)
class Table:
    """Cells of text; the first column names what the others are about."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """A table under its title, with what is to be said about it."""

    title: str
    table: Table
    note: str = ""


def sections(report: Report, rates: Sequence[float] = RATES) -> list[Section]:
    """BD-rates, the quality at those bits per pixel, published curves, times: what there is of them."""
    found = [*_bd_rates(report), *_fixed_rates(report, rates), *_published(report)]
    return [*found, times_section(report.times)] if report.times else found


def preface(report: Report) -> str:
    """Say what was measured, and how."""
    return (
        f"{counted(len(report.pictures), 'picture')}, {counted(report.threads, 'thread')} a codec. Every "
        "rate is that of a real file, headers included, and every quality that of the pixels decoded from "
        "it, unless a codec's description below says otherwise. PSNR pools the error over the R'G'B' "
        "samples of a picture; means are over pictures."
    )


def _bd_rates(report: Report) -> list[Section]:
    rows = []
    for codec in report.codecs:
        if codec.name == report.anchor:
            continue
        psnr, ms_ssim = report.bd_rate(codec.name, "psnr-rgb"), report.bd_rate(codec.name, "ms-ssim-rgb")
        quality = report.bd_quality(codec.name, "psnr-rgb")
        rows.append([f"`{codec.name}`", *_delta(psnr), _signed(quality.mean, "{:+.2f}"), *_delta(ms_ssim)])
    if not rows:
        return []
    head = ["codec", "BD-rate, PSNR (%)", "over (dB)", "pictures", "BD-PSNR (dB)"]
    head += ["BD-rate, MS-SSIM (%)", "over (dB)", "pictures"]
    note = (
        "Monotone piecewise cubic interpolation over the range that both curves of a picture cover, picture "
        "by picture, then the mean; negative saves. The range is the mean of the pictures' ranges; "
        "pictures without a common range are not counted. MS-SSIM counts as -10 log10(1 - x)."
    )
    return [Section(f"BD-rate against `{report.anchor}`", Table(head, rows), note)]


def _fixed_rates(report: Report, rates: Sequence[float]) -> list[Section]:
    head = ["codec", *(f"{bpp:g} bpp" for bpp in rates)]
    note = (
        "Interpolated on each picture's own curve, then the mean. In brackets: the pictures whose curves "
        f"reach that rate, of {len(report.pictures)}; means over different pictures do not compare. A dash: "
        "no picture's curve reaches it."
    )
    found = []
    for title, metric, form in (("PSNR (dB)", "psnr-rgb", "{:.2f}"), ("MS-SSIM", "ms-ssim-rgb", "{:.4f}")):
        rows = [
            [
                f"`{codec.name}`",
                *(_quality(report.quality_at(codec.name, bpp, metric), form) for bpp in rates),
            ]
            for codec in report.codecs
        ]
        found.append(Section(f"{title} at fixed rates", Table(head, rows)))
    return [*found[:-1], replace(found[-1], note=note)]


def _published(report: Report) -> list[Section]:
    rows = []
    for name in report.published:
        cells = [name, published.load(name).dataset]
        for metric in ("psnr-rgb", "ms-ssim-rgb"):
            delta = report.published_bd_rate(name, metric)
            cells += (
                ["–", "–"] if delta is None else [f"{delta.value:+.1f}", f"{delta.low:.1f}–{delta.high:.1f}"]
            )
        rows.append(cells)
    if not rows:
        return []
    head = [
        "published curve",
        "pictures",
        "BD-rate, PSNR (%)",
        "over (dB)",
        "BD-rate, MS-SSIM (%)",
        "over (dB)",
    ]
    note = (
        "Only means were published, so these compare mean curves with the anchor's mean curve, and may "
        "differ by several per cent from means of per-picture values. They mean something where the "
        "pictures are the same."
    )
    return [Section(f"Published curves against `{report.anchor}`, mean curves", Table(head, rows), note)]


def times_section(times: Sequence[Times]) -> Section:
    """Medians of whole calls and peaks of fresh processes."""
    rows = [
        [
            f"`{each.codec}`",
            f"{each.bpp:.2f}",
            _milliseconds(each.encoding_time),
            _milliseconds(each.decoding_time),
            _milliseconds(each.decoding_time / each.megapixels),
            _megabytes(each.encoding_memory),
            _megabytes(each.decoding_memory),
        ]
        for each in times
    ]
    head = [
        "codec",
        "bpp",
        "encode (ms)",
        "decode (ms)",
        "decode (ms/MP)",
        "encode peak (MB)",
        "decode peak (MB)",
    ]
    first = times[0]
    note = (
        f"{counted(first.threads, 'thread')}; medians of {first.repeats} whole calls from array to bytes "
        "and from bytes to array in one process, the codecs taking turns; mean over "
        f"{counted(first.pictures, 'picture')} of {first.megapixels:.2f} megapixels on average. Encoding "
        "with nacre makes the file for all rates. Peaks are resident memory of a fresh process, "
        "interpreter and libraries included."
    )
    return Section("Times and memory", Table(head, rows), note)


def _delta(delta: MeanDelta) -> list[str]:
    if delta.mean is None:
        return ["–", "no common range", "0"]
    return [f"{delta.mean:+.1f}", f"{delta.low:.1f}–{delta.high:.1f}", str(len(delta.per_picture))]


def _quality(quality: QualityAt, form: str) -> str:
    return "–" if quality.mean is None else f"{form.format(quality.mean)} ({quality.pictures})"


def _signed(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}" if seconds < 1 else f"{seconds * 1000:.0f}"


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:.0f}"


def counted(number: int, thing: str) -> str:
    """Return "1 thing" or "2 things"."""
    return f"{number} {thing}" + ("" if number == 1 else "s")
