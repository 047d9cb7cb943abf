"""The codecs of Toderici et al. (2016) beside others, as Markdown: at fixed rates, and where curves end."""

from __future__ import annotations

from nacre.bench.installed import left_out_list
from nacre.bench.markdown import render, table
from nacre.bench.report import CodecResults, Report

RATES = (0.25, 0.5, 1.0)
"""Bits per pixel at which the quality is stated."""


def as_markdown(report: Report, left_out: dict[str, str]) -> str:
    """The report at those rates, the ends of all curves, and what was left out."""
    note = (
        "Means over pictures at the first and the last setting. A codec that ends below 1 bpp does not reach "
        "it, so the tables above have a dash there, or the few pictures that do. Two rates make no curve: "
        "what `static-conv` gives stands here alone."
    )
    rows = [row for codec in report.codecs for row in _ends(codec)]
    head = ["codec", "setting", "bpp", "PSNR (dB)", "MS-SSIM"]
    parts = [render(report, RATES).rstrip(), "### Ends of the curves", table(head, rows), note]
    return "\n\n".join([*parts, *left_out_list(left_out)]) + "\n"


def _ends(codec: CodecResults) -> list[list[str]]:
    settings = [row.setting for row in next(iter(codec.pictures.values()))]
    means = codec.mean_results()
    return [
        [
            f"`{codec.name}`",
            settings[k],
            f"{means['bpp'][k]:.3f}",
            f"{means['psnr-rgb'][k]:.2f}",
            f"{means['ms-ssim-rgb'][k]:.4f}",
        ]
        for k in (0, -1)
    ]
