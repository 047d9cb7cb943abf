"""Values on the command line: counts such as ``40k``, sizes, lists, and the targets of a rate."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
Value = TypeVar("Value")

_MULTIPLES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def count(text: str) -> int:
    """Return the whole number of at least one that a text says: ``40000``, ``40k``, ``1.5M``; k is 1000."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?)([kmg]?)b?", text.strip(), re.ASCII | re.IGNORECASE)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a count such as 40000, 40k or 1.5M (k = 1000).")
    number = Decimal(match[1]) * _MULTIPLES[match[2].lower()]
    if number < 1 or number != int(number):
        raise click.BadParameter(f"{text!r} is not a whole number of at least 1.")
    return int(number)


def positive(text: str) -> float:
    """Return the finite number above zero that a text says."""
    number = _number(text)
    if not 0 < number < math.inf:
        raise click.BadParameter(f"{text!r} is not a number above 0.")
    return number


def size(text: str) -> tuple[int, int]:
    """Return the width and height that a text says: ``768x512``."""
    match = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text.strip(), re.ASCII | re.IGNORECASE)
    if match is None or not int(match[1]) or not int(match[2]):
        raise click.BadParameter(f"{text!r} is not a width and height such as 768x512.")
    return int(match[1]), int(match[2])


def placed_size(text: str) -> tuple[int, int, int, int]:
    """Return width, height, left and top of a part of a picture: ``192x128+128+170``."""
    match = re.fullmatch(r"([^+]+)\+(\d{1,9})\+(\d{1,9})", text.strip(), re.ASCII)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a part of a picture such as 192x128+128+170.")
    return *size(match[1]), int(match[2]), int(match[3])


def several(one: Callable[[str], Value]) -> Callable[[str], tuple[Value, ...]]:
    """Return a function that reads values with commas between them."""

    def values(text: str) -> tuple[Value, ...]:
        return tuple(one(part) for part in text.split(",") if part.strip())

    return values


def up_to(high: float) -> Callable[[str], float]:
    """Return a function that reads a number between 0 and ``high``."""

    def number_up_to(text: str) -> float:
        number = _number(text)
        if not 0 <= number <= high:
            raise click.BadParameter(f"{text!r} is not between 0 and {high:g}.")
        return number

    return number_up_to


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a number.") from None


_TARGETS = {
    "bytes": click.option(
        "--bytes", type=count, metavar="N", help="Size of the file in bytes at most: 40000, 40k, 1.5M."
    ),
    "bpp": click.option(
        "--bpp", type=positive, metavar="X", help="Size of the file in bits a pixel at most."
    ),
    "psnr": click.option("--psnr", type=positive, metavar="DB", help="PSNR in dB at least."),
    "ssim": click.option("--ssim", type=up_to(1), metavar="X", help="SSIM at least, 0 to 1."),
    "quality": click.option("-q", "--quality", type=up_to(100), metavar="Q", help="Quality, 0 to 100."),
}


def targets(*names: str) -> Callable[[F], F]:
    """Add the options of these targets to a command; `chosen` reads them."""

    def add(command: F) -> F:
        for name in reversed(names):
            command = _TARGETS[name](command)
        return command

    return add


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """Return the one target that was given, as a dict of at most one item.

    Raises
    ------
    click.UsageError
        If two were given.
    """
    given = {name: value for name, value in options.items() if name in _TARGETS and value is not None}
    if len(given) > 1:
        names = " and ".join(f"--{name}" for name in given)
        raise click.UsageError(f"{names} exclude each other; give one of them.")
    return given
