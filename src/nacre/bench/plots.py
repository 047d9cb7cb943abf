"""Rate-distortion plots with matplotlib, drawn without a display."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nacre.bench import published
from nacre.bench.curves import decibels
from nacre.bench.files import write_whole
from nacre.bench.report import METRICS, Report
from nacre.bench.thumbnail_curves import ThumbnailStudy
from nacre.errors import UsageError

TITLES = {
    "psnr-rgb": "PSNR over R'G'B' (dB)",
    "ssim-rgb": "SSIM, -10 log10(1 - x) (dB)",
    "ms-ssim-rgb": "MS-SSIM, -10 log10(1 - x) (dB)",
}
"""Metrics that can be drawn, by CompressAI's keys."""
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
    return _write(partial(_draw, report), path)


def save_thumbnails(study: ThumbnailStudy, path: Path) -> list[Path]:
    """Draw block SSIM and luma SSIM against bytes, and write them as `save` does.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    return _write(partial(_draw_thumbnails, study), path)


_INK = "#012345"  # stands for the color of the text around, which SVG can name and matplotlib cannot


def inline_svg(report: Report, metric: str) -> str:
    """Draw one metric as an SVG element for a page of HTML: no background, ink of the page's own color.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    require()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    inks = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color", "grid.color")
    looks: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": metric,
        "legend.frameon": False,
        **dict.fromkeys(inks, _INK),
    }
    with rc_context(looks):
        figure = Figure(figsize=(6.6, 5.6), layout="constrained")
        _draw_metric(figure.subplots(), report, metric)
        figure.legend(fontsize="small", loc="outside lower center", ncols=2)
        out = io.StringIO()
        empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=empty)
    _, start, drawn = out.getvalue().partition("<svg")
    named = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{metric}-", drawn)  # a page holds several
    return start + named.replace(_INK, "currentColor")


def _write(draw: Callable[[], Any], path: Path) -> list[Path]:
    require()
    from matplotlib import rc_context

    written = []
    with rc_context({"svg.hashsalt": "nacre"}):  # the same results give the same SVG
        figure = draw()
        for suffix, metadata in ((".png", {}), (".svg", {"Date": None})):
            out = io.BytesIO()
            figure.savefig(out, format=suffix[1:], dpi=150, metadata=metadata)
            written.append(path.with_suffix(suffix))
            write_whole(written[-1], out.getvalue())
    return written


def _draw(report: Report) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 2), METRICS, strict=True):
        _draw_metric(axes, report, metric)
        axes.legend(fontsize="x-small", loc="lower right")
    figure.suptitle(_title(report))
    return figure


def _draw_metric(axes: Any, report: Report, metric: str) -> None:
    from matplotlib import colormaps

    for codec in report.codecs:
        points = codec.at_equal_rate(metric, RATES)
        style: dict[str, Any] = {"linewidth": 2}
        if not points:  # too few for curves: their means, with nothing in between
            results = codec.mean_results()
            points = list(zip(results["bpp"], decibels(metric, results[metric]), strict=True))
            style = {"marker": "o", "linestyle": "none"}
        axes.plot([bpp for bpp, _ in points], [q for _, q in points], label=codec.name, **style)
    for number, name in enumerate(report.published):
        results = published.load(name).results
        if metric in results:
            bpp, quality = np.asarray(results["bpp"]), decibels(metric, results[metric])
            order = np.argsort(bpp)
            order = order[bpp[order] <= RATES[-1]]  # further right, a curve would squeeze all others
            thin: dict[str, Any] = {
                "linewidth": 0.9,
                "color": colormaps["Dark2"](number % 8),
                "linestyle": ("--", ":")[number // 8 % 2],
            }
            axes.plot(bpp[order], quality[order], label=f"{name}, published", **thin)
    axes.set_xlim(0, RATES[-1])
    axes.set_xlabel("bits per pixel")
    axes.set_ylabel(TITLES[metric])
    axes.grid(alpha=0.3)


def _draw_thumbnails(study: ThumbnailStudy) -> Any:
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6), layout="constrained")
    titles = {"block_ssim": "block SSIM", "luma_ssim": "SSIM of luma"}
    for axes, (metric, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        for number, curve in enumerate(study.curves):
            axes.plot(
                [point.bytes for point in curve.points],
                [getattr(point, metric) for point in curve.points],
                label=curve.name,
                color=colormaps["tab20"](number),
                marker="o",
                markersize=3,
                linestyle="none" if curve.own and not curve.prefixes else "-" if curve.own else "--",
            )
        axes.set_xlim(0, None)
        axes.set_xlabel("bytes a thumbnail, without headers")
        axes.set_ylabel(title)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="x-small", loc="lower right")
    figure.suptitle(f"Mean over {study.thumbnails:,} thumbnails of 32x32 pixels")
    return figure


def _title(report: Report) -> str:
    count = len(report.pictures)
    title = f"Mean over {count} picture{'' if count == 1 else 's'} at equal rate"
    return f"{title} (published: over Kodak at equal setting)" if report.published else title
