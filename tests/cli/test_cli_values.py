from __future__ import annotations

import click
import pytest

from nacre.cli.values import count, positive, size, up_to


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("40000", 40_000),
        ("40k", 40_000),
        ("40K", 40_000),
        ("40kB", 40_000),
        ("1.5M", 1_500_000),
        ("0.001k", 1),
        ("2g", 2 * 10**9),
        (" 7 ", 7),
    ],
)
def test_counts(text: str, number: int) -> None:
    assert count(text) == number


@pytest.mark.parametrize(
    "text", ["", "k", "-1", "0", "0k", "1.5", "1.2345k", "40 k", "40Ki", "1e3", "inf", "４", "9" * 40]
)
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(click.BadParameter):
        count(text)


def test_sizes() -> None:
    assert size(" 768X512 ") == (768, 512)


@pytest.mark.parametrize("text", ["", "768", "0x5", "5x0", "5x", "-1x5", "5x5x5", "5 x 5", "5.0x5", "９x9"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter):
        size(text)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "", "x"])
def test_what_is_not_positive(text: str) -> None:
    with pytest.raises(click.BadParameter):
        positive(text)


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "inf", "x"])
def test_what_is_not_between_bounds(text: str) -> None:
    with pytest.raises(click.BadParameter):
        up_to(1)(text)


def test_bounds_are_inside() -> None:
    assert (up_to(1)("0"), up_to(1)("1"), positive("0.5")) == (0, 1, 0.5)
