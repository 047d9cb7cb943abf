"""The order in which the cells of one iteration are sent; shared by the codec and the trainer."""

from __future__ import annotations

PASS_OFFSETS: tuple[tuple[int, int], ...] = ((0, 0), (1, 1), (0, 1), (1, 0))
"""(row, column) modulo 2 of the cells of each pass."""
