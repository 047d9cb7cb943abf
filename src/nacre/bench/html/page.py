"""The page: a template, filled with what a report holds."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

import nacre
from nacre.bench import plots
from nacre.bench.files import finite
from nacre.bench.html import markup
from nacre.bench.html.comparing import RATES, SIDE, Row
from nacre.bench.html.copies import ENOUGH, MARGIN
from nacre.bench.html.each_picture import each_picture
from nacre.bench.report import Report
from nacre.bench.tables import counted, preface, sections


def render(report: Report, compared: Sequence[Row]) -> str:
    """Return the whole page.

    Parameters
    ----------
    report
        What was measured.
    compared
        What `nacre.bench.html.comparing.compare` gives; without any the page has no comparer.

    Raises
    ------
    UsageError
        If matplotlib is not installed.
    """
    pictures = counted(len(report.pictures), "picture")
    return _file("page.html").substitute(
        title=f"{pictures}, {counted(len(report.codecs), 'codec')}",
        style=_file("page.css").template,
        lead=markup.paragraph(preface(report)),
        comparer=_comparer(report, compared) if compared else "",
        plots=_plots(report),
        tables="".join(map(markup.section, sections(report))),
        pictures=each_picture(report),
        run=_run(report),
    )


def _file(name: str) -> Template:
    return Template(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _comparer(report: Report, compared: Sequence[Row]) -> str:
    data = json.dumps({"rates": RATES, "anchor": report.anchor, "pictures": finite(list(compared))})
    left_out = len(report.pictures) - len(compared)
    only = f" The first {len(compared)} of {len(report.pictures)} pictures are here." if left_out else ""
    return _file("comparer.html").substitute(
        data=data.replace("<", "\\u003c"),  # nothing in a name may end the element
        script=_file("comparer.js").template,
        only=only,
        margin=f"{MARGIN:g}",
        enough=f"{ENOUGH:g}",
        side=f"{SIDE:,}",
    )


def _plots(report: Report) -> str:
    return "".join(
        f'<figure role="img" aria-label="{escape(_label(report, title))}">'
        f"{plots.inline_svg(report, metric)}</figure>"
        for metric, title in plots.TITLES.items()
    )


def _label(report: Report, title: str) -> str:
    names = ", ".join(codec.name for codec in report.codecs)
    return f"Plot: {title} over bits per pixel, for {names}. The tables below hold the numbers."


def _run(report: Report) -> str:
    codecs = [(f"`{codec.name}`", codec.description) for codec in report.codecs]
    machine = f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}"
    how = f"{counted(report.threads, 'thread')} a codec, {counted(report.jobs, 'picture')} at once"
    return markup.definitions([("nacre", nacre.__version__), ("machine", machine), ("run", how), *codecs])
