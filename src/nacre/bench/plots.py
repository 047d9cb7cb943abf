"""Rate-distortion plots with matplotlib, drawn without a display."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from nacre.bench import published
from nacre.bench.curves import decibels
from nacre.bench.files import write_whole
from nacre.bench.report import METRICS, Report
from nacre.errors import UsageError

_TITLES = {"psnr-rgb": "PSNR over R'G'B' (dB)", "ms-ssim-rgb": "MS-SSIM, -10 log10(1 - x) (dB)"}
RATES = tuple(float(bpp) for bpp in np.geomspace(0.03, 2.5, 200))
"""Rates at which curves are drawn, as far as every picture's own curve reaches."""


def require() -> None:
    """Check that matplotlib is there, before an hour of measuring.

    Raises
    ------
    UsageError
        If it is not.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise UsageError("plots need matplotlib: run `pip install nacre[bench]`") from None


def save(report: Report, path: Path) -> list[Path]:
    """Draw mean quality at equal rate, and write them as PNG and as SVG beside each other.

    Parameters
    ----------
    report
        What to draw; its published curves are thinner and named "published".
    path
        Where; its suffix is replaced by .png and .svg.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    require()
    from matplotlib import rc_context

    written = []
    with rc_context({"svg.hashsalt": "nacre"}):  # the same results give the same SVG
        figure = _draw(report)
        for suffix, metadata in ((".png", {}), (".svg", {"Date": None})):
            out = io.BytesIO()
            figure.savefig(out, format=suffix[1:], dpi=150, metadata=metadata)
            written.append(path.with_suffix(suffix))
            write_whole(written[-1], out.getvalue())
    return written


def _draw(report: Report) -> Any:
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 2), METRICS, strict=True):
        for codec in report.codecs:
            points = codec.at_equal_rate(metric, RATES)
            axes.plot([bpp for bpp, _ in points], [q for _, q in points], label=codec.name, linewidth=2)
        for number, name in enumerate(report.published):
            results = published.load(name).results
            if metric in results:
                bpp, quality = np.asarray(results["bpp"]), decibels(metric, results[metric])
                order = np.argsort(bpp)
                order = order[bpp[order] <= RATES[-1]]  # further right, a curve would squeeze all others
                style = {
                    "linewidth": 0.9,
                    "color": colormaps["Dark2"](number % 8),
                    "linestyle": ("--", ":")[number // 8 % 2],
                }
                axes.plot(bpp[order], quality[order], label=f"{name}, published", **style)
        axes.set_xlim(0, RATES[-1])
        axes.set_xlabel("bits per pixel")
        axes.set_ylabel(_TITLES[metric])
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small", loc="lower right")
    figure.suptitle(_title(report))
    return figure


def _title(report: Report) -> str:
    count = len(report.pictures)
    title = f"Mean over {count} picture{'' if count == 1 else 's'} at equal rate"
    return f"{title} (published: over Kodak at equal setting)" if report.published else title
