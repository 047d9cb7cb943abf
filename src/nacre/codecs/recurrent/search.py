"""Better codes by trying them: an encoder's signs are a guess, and the decoder can be asked.

Codes whose values lay nearest to 0 are flipped one a cell, and a flip stays where it makes the picture
around better. Cells that are tried at once lie so far apart that each has its errors to itself, but for
what networks carry farther than a cell; the decoder is asked once more in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.steps import Shown, Values, signs

APART = 3
"""Cells from one that is tried to the next, in either direction."""


def searched(
    values: Values,
    active: NDArray[np.bool_],
    show: Callable[[Codes], Shown],
    errors: Callable[[Shown], NDArray[np.float64]],
    tries: int,
) -> tuple[Codes, Shown]:
    """Codes of one iteration, and the picture that a decoder then shows.

    Parameters
    ----------
    values
        (rows, columns, C) of the encoder, in (-1, 1).
    active
        (rows, columns): cells that have codes; those of the others are 0.
    show
        Runs the decoder's iteration on codes.
    errors
        (rows, columns) of a shown picture.
    tries
        Codes of a cell that are flipped, at most; each takes nine runs of the decoder.

    Returns
    -------
    codes : ndarray
        (rows, columns, C) int8; never worse than the signs of the values, over all cells.
    shown : Shown
    """
    plain = np.where(active[..., None], signs(values), np.int8(0))
    first = show(plain)
    if not tries:
        return plain, first
    codes, before = plain, errors(first)
    current = before
    least_sure = np.argsort(np.abs(values), axis=2, kind="stable")[..., :tries]
    for channel, top, left in product(range(least_sure.shape[2]), range(APART), range(APART)):
        place = slice(top, None, APART), slice(left, None, APART)
        if not codes[place].any():
            continue
        trial = _flipped(codes, place, least_sure[..., channel])
        theirs = errors(show(trial))
        better = np.zeros(active.shape, bool)
        better[place] = (_around(theirs) < _around(current))[place]
        codes = np.where(better[..., None], trial, codes)
        current = np.where(_around(better) > 0, theirs, current)
    found = show(codes)
    return (codes, found) if errors(found).sum() < before.sum() else (plain, first)


def _flipped(codes: Codes, place: tuple[slice, slice], channel: NDArray[np.intp]) -> Codes:
    """The codes with one of each cell at `place` turned around."""
    trial = codes.copy()
    cells, chosen = trial[place], channel[place][..., None]
    np.put_along_axis(cells, chosen, -np.take_along_axis(cells, chosen, 2), 2)
    return trial


def _around(values: NDArray[Any]) -> NDArray[np.float64]:
    """Sums over each cell and its eight neighbors, (rows, columns)."""
    padded = np.pad(values.astype(np.float64), 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    sums: NDArray[np.float64] = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return sums
