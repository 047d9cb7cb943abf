"""Dynamic bits: how many iterations each unit of a picture is given.

Units are independent, so the best choice for a budget is made unit by unit at one price of a bit: the
number of iterations that minimizes error + price * bits, a point of the unit's lower convex hull.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre.errors import TargetError

Counts = NDArray[np.int64]
Errors = NDArray[np.float64]

_CHEAPEST, _DEAREST = 1e-9, 1e9
_HALVINGS = 60
_TRIES = 12
_CLOSE = 0.998
"""Share of a budget that is near enough to all of it."""


def for_unit_psnr(errors: Errors, samples: NDArray[np.number[Any]], psnr: float) -> Counts:
    """The fewest iterations with which each unit reaches a PSNR, all where none does.

    Units that never reach it may get worse with later iterations, and a picture that is worse than one
    before is not shown. Where that would hide what others need, they are given the iterations with which
    they are at their best.

    Parameters
    ----------
    errors
        (T + 1, units): squared error after 0 to T iterations.
    samples
        (units,): samples of each unit that are part of the picture.
    psnr
        In dB.
    """
    enough = errors[1:] <= samples * (255.0**2 * 10 ** (-psnr / 10))
    reached, first = enough.any(axis=0), enough.argmax(axis=0) + 1
    counts: Counts = np.where(reached, first, len(errors) - 1)
    along = [error_of(errors, np.minimum(t, counts)) for t in range(1, len(errors))]
    last_shown = max(t for t, error in enumerate(along, 1) if error == min(along))
    if (first[reached] > last_shown).any():
        counts = np.where(reached, first, errors[1:].argmin(axis=0) + 1)
    return counts


def at_price(errors: Errors, bits: Errors, price: float) -> Counts:
    """Iterations of each unit, at least one, that minimize error + price * bits.

    Parameters
    ----------
    bits
        (T + 1,): bits of a unit's first 0 to T iterations.
    """
    cost = errors + price * bits[:, None]
    counts: Counts = cost[1:].argmin(axis=0) + 1
    return counts


def for_picture_psnr(errors: Errors, bits: Errors, samples: int, psnr: float) -> Counts:
    """The cheapest choice with which the whole picture reaches a PSNR.

    Raises
    ------
    TargetError
        If it is not reached with all iterations.
    """
    allowed = samples * 255.0**2 * 10 ** (-psnr / 10)
    least = errors[1:].min(axis=0).sum()
    if least > allowed:
        best = 10 * np.log10(255.0**2 * samples / least)
        raise TargetError(
            f"The full encode reaches {best:.2f} dB, less than {psnr:g} dB; "
            "ask for less, or for more iterations."
        )

    def enough(counts: Counts) -> bool:
        return error_of(errors, counts) <= allowed

    return dearest(errors, bits, enough)


def for_size(errors: Errors, bits: Errors, size: int, measure: Callable[[Counts], int]) -> Counts | None:
    """The best choice whose file has at most `size` bytes, nearly that many.

    None if even one iteration for each unit is more.

    Parameters
    ----------
    bits
        An estimate; it is corrected by what files measure.
    measure
        Bytes of the file of a choice.
    """
    least = np.ones(errors.shape[1], np.int64)
    smallest = measure(least)
    if smallest > size:
        return None
    best, best_size = least, smallest
    # Estimate and file of the largest choice known to fit, and of the smallest known not to.
    fits, above = (float(bits[least].sum()), smallest), (2 * float(bits[-1] * len(least)), 0)
    wanted = 8.0 * size
    for attempt in range(_TRIES):
        counts = _within(errors, bits, wanted)
        found = measure(counts)
        if found <= size:
            fits = (wanted, found)
            if found > best_size:
                best, best_size = counts, found
            if found >= _CLOSE * size or (counts >= errors[1:].argmin(axis=0) + 1).all():
                break
        else:
            above = (float(bits[counts].sum()), found)
        # Between the two, files grow about as the estimate does.
        slope = (found - smallest) / (wanted - float(bits[least].sum()))
        guess = fits[0] + (size - fits[1]) / slope if slope > 0 else 0.0
        halfway = (fits[0] + above[0]) / 2
        wanted = guess if fits[0] < guess < above[0] and attempt % 3 < 2 else halfway
    return best


def _within(errors: Errors, bits: Errors, wanted: float) -> Counts:
    """The choice of the lowest price whose estimated bits are at most `wanted`."""
    return cheapest(errors, bits, lambda counts: bool(bits[counts].sum() <= wanted))


def cheapest(errors: Errors, bits: Errors, fits: Callable[[Counts], bool]) -> Counts:
    """The choice of the lowest price that still fits."""
    _, price = _border(errors, bits, lambda counts: not fits(counts))
    return at_price(errors, bits, price)


def dearest(errors: Errors, bits: Errors, enough: Callable[[Counts], bool]) -> Counts:
    """The choice of the highest price that is still enough."""
    if not enough(at_price(errors, bits, _CHEAPEST)):
        best: Counts = errors[1:].argmin(axis=0) + 1
        return best
    price, _ = _border(errors, bits, enough)
    return at_price(errors, bits, price)


def _border(errors: Errors, bits: Errors, holds: Callable[[Counts], bool]) -> tuple[float, float]:
    """Two prices, all but equal: `holds` is true of the choice at the first, and not at the second."""
    low, high = _CHEAPEST, _DEAREST
    for _ in range(_HALVINGS):
        price = (low * high) ** 0.5
        if holds(at_price(errors, bits, price)):
            low = price
        else:
            high = price
    return low, high


def error_of(errors: Errors, counts: Counts) -> float:
    """Squared error of the picture with so many iterations of each unit."""
    return float(errors[counts, np.arange(len(counts))].sum())
