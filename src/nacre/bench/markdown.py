"""A report as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nacre.bench.report import Report
from nacre.bench.tables import RATES, counted, preface, sections, times_section
from nacre.bench.timing import Times

__all__ = ["RATES", "counted", "render", "table", "times_table"]


def render(report: Report, rates: Sequence[float] = RATES) -> str:
    """Return the whole report, with the quality at those bits per pixel."""
    parts = [preface(report)]
    for section in sections(report, rates):
        parts += [f"### {section.title}", table(section.table.head, section.table.rows)]
        parts += [section.note] if section.note else []
    parts += ["### Codecs", "\n".join(f"* `{codec.name}`: {codec.description}" for codec in report.codecs)]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is left-aligned, the others right-aligned."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def times_table(times: Sequence[Times]) -> str:
    """Medians of whole calls and peaks of fresh processes."""
    section = times_section(times)
    return f"{table(section.table.head, section.table.rows)}\n\n{section.note}"
