"""A sheet: files of one photograph in rows, with the captions that they are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from nacre.bench.at_bytes import SizedFile
from nacre.bench.sheets.drawing import Row, Window, draw


@dataclass(frozen=True, eq=False)
class Sheet:
    """What was made.

    Attributes
    ----------
    files
        Row by row.
    rows
        The same as they are drawn.
    """

    files: Sequence[Sequence[SizedFile]]
    rows: Sequence[Row]

    def draw(self, title: str, window: Window, side: int) -> Image.Image:
        """Draw it; see `nacre.bench.sheets.drawing.draw`."""
        return draw(title, self.rows, window, side)

    def as_lists(self) -> list[list[dict[str, Any]]]:
        """Plain data of each file, row by row."""
        return [[file.as_dict() for file in row] for row in self.files]
