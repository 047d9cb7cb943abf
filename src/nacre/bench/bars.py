"""Bars that results are held against: what was wanted, what was found, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nacre.bench.markdown import table


@dataclass(frozen=True)
class Bar:
    """One line.

    Attributes
    ----------
    what
        What is compared, in words.
    found
        The numbers.
    wanted
        The bar, in words; empty where there is none.
    met
        None where there is no bar, or nothing was measured.
    """

    what: str
    found: str
    wanted: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """One word."""
        if self.met is None:
            return "–"
        return "met" if self.met else "**missed**"


def bars_table(bars: Iterable[Bar]) -> str:
    """Return a Markdown table."""
    rows = [[bar.what, bar.found, bar.wanted or "–", bar.verdict] for bar in bars]
    return table(["what", "found", "bar", "verdict"], rows)


def at_most(what: str, found: float, most: float, form: str) -> Bar:
    """A bar from above; `form` formats both numbers, such as "{:.1f} %"."""
    return Bar(what, form.format(found), f"≤ {form.format(most)}", found <= most)


def at_least(what: str, found: float, least: float, form: str) -> Bar:
    """A bar from below; see `at_most`."""
    return Bar(what, form.format(found), f"≥ {form.format(least)}", found >= least)
