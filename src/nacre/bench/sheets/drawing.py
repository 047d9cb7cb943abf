"""Rows of captioned pictures, drawn as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from nacre.bench.contract import Pixels
from nacre.errors import UsageError

MARGIN, GAP, LINE = 16, 12, 20
INK, FAINT, WARNING = "#1a1a1a", "#5f5f5f", "#b3261e"
_TITLE, _HEADING, _NAME, _FACTS = (ImageFont.load_default(size) for size in (20, 17, 15, 13))


@dataclass(frozen=True, eq=False)
class Cell:
    """One picture, and two lines below it; the second is red where it warns."""

    pixels: Pixels
    name: str
    facts: str
    warns: bool = False


@dataclass(frozen=True, eq=False)
class Row:
    """Pictures beside each other, with a heading above them."""

    heading: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Window:
    """The part of each picture that is shown, in pixels from its upper left corner."""

    width: int
    height: int
    left: int = 0
    top: int = 0

    def check(self, width: int, height: int) -> None:
        """Refuse a window that is not inside a picture of that size.

        Raises
        ------
        UsageError
            If it is not.
        """
        if self.left + self.width > width or self.top + self.height > height:
            raise UsageError(
                f"The window {self.width}x{self.height}+{self.left}+{self.top} is not inside the picture of "
                f"{width}x{height} pixels; choose a smaller one."
            )


def draw(title: str, rows: Sequence[Row], window: Window, side: int) -> Image.Image:
    """Draw a sheet.

    Parameters
    ----------
    title
        Stands above, with the scale behind it.
    rows
        From top to bottom.
    window
        What is shown of each picture.
    side
        Pixels of the long side that a picture shrinks to. Smaller ones grow by a whole factor, so that their
        pixels stay what they are.
    """
    scale = _scale(max(window.width, window.height), side)
    width, height = (max(1, round(length * scale)) for length in (window.width, window.height))
    facts = max(_FACTS.getlength(cell.facts) for row in rows for cell in row.cells)
    step_x, step_y = max(width, int(facts) + 1) + GAP, LINE + 6 + height + 2 * LINE + GAP
    columns = max(len(row.cells) for row in rows)
    head = MARGIN + 2 * LINE
    size = 2 * MARGIN - GAP + columns * step_x, head + len(rows) * step_y + MARGIN - GAP
    title += f", shown at {scale:.0%}"
    sheet = Image.new("RGB", (max(size[0], 2 * MARGIN + int(_TITLE.getlength(title)) + 1), size[1]), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), title, INK, _TITLE)
    for line, row in enumerate(rows):
        y = head + line * step_y
        pen.text((MARGIN, y), row.heading, FAINT, _HEADING)
        y += LINE + 6
        for column, cell in enumerate(row.cells):
            x = MARGIN + column * step_x
            sheet.paste(_shown(cell.pixels, window, (width, height)), (x, y))
            pen.text((x, y + height + 3), cell.name, INK, _NAME)
            pen.text((x, y + height + 3 + LINE), cell.facts, WARNING if cell.warns else FAINT, _FACTS)
    return sheet


def _scale(longest: int, side: int) -> float:
    return side / longest if longest > side else max(1, side // longest)


def _shown(pixels: Pixels, window: Window, size: tuple[int, int]) -> Image.Image:
    part = Image.fromarray(pixels).crop(
        (window.left, window.top, window.left + window.width, window.top + window.height)
    )
    shrinks = size[0] < window.width or size[1] < window.height
    return part.resize(size, Image.Resampling.LANCZOS if shrinks else Image.Resampling.NEAREST)
