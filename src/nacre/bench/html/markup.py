"""Texts and tables as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from nacre.bench.tables import Section, Table


def text(words: str) -> str:
    """Escape; what stands in backticks becomes code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(words))


def paragraph(words: str) -> str:
    """A paragraph, or nothing for no words."""
    return f"<p>{text(words)}</p>" if words else ""


def table(content: Table, caption: str) -> str:
    """Make a table that scrolls by itself where the page is narrow; the caption is for screen readers."""
    head = "".join(f'<th scope="col">{text(cell)}</th>' for cell in content.head)
    body = "".join(_row(row) for row in content.rows)
    label = escape(caption.replace("`", ""))
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def section(content: Section, level: int = 3) -> str:
    """Heading, table and note."""
    title = f"<h{level}>{text(content.title)}</h{level}>"
    return f"{title}{table(content.table, content.title)}{paragraph(content.note)}"


def folded(summary: str, content: str) -> str:
    """Content that opens when it is asked for."""
    return f"<details><summary>{text(summary)}</summary>{content}</details>"


def definitions(pairs: Sequence[tuple[str, str]]) -> str:
    """A list of terms and what they are."""
    return f"<dl>{''.join(f'<dt>{text(term)}</dt><dd>{text(what)}</dd>' for term, what in pairs)}</dl>"


def _row(cells: Sequence[str]) -> str:
    first, *others = map(text, cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'
