from __future__ import annotations

import pytest

from nacre.bench.bars import Bar, bars_table
from nacre.bench.thumbnail_bars import thumbnail_bars
from nacre.bench.thumbnail_curves import Curve, Point, ThumbnailStudy

GOOD = {
    "jpeg:420": (0.70, 0.86),
    "jpeg:444": (0.65, 0.85),
    "webp": (0.66, 0.83),
    "jpeg2000": (0.66, 0.82),
    "residual-fc-shared": (0.45, 0.50),
    "residual-fc": (0.60, 0.70),
    "residual-fc-8bits": (0.59, 0.71),
    "lstm-fc": (0.66, 0.75),
    "residual-conv-shared": (0.45, 0.50),
    "residual-conv": (0.65, 0.75),
    "lstm-conv": (0.75, 0.855),
    "static-conv": (0.74, 0.865),
}
OTHERS = ("jpeg:420", "jpeg:444", "webp", "webp:one-segment", "jpeg2000")


def study(values: dict[str, tuple[float, float]]) -> ThumbnailStudy:
    """Curves through 32, 64 and 128 bytes, the first at half the quality of the second."""
    curves = []
    for name, (small, large) in values.items():
        rows = ((32, small / 2), (64, small), (128, large))
        points = [Point(n, n, 0, value, value, 20.0) for n, value in rows]
        curves.append(Curve(name, "", name not in OTHERS, name != "static-conv", points))
    return ThumbnailStudy(1, curves)


def bar(found: ThumbnailStudy, *words: str) -> Bar:
    (one,) = [bar for bar in thumbnail_bars(found) if all(word in bar.what for word in words)]
    return one


def test_every_bar_can_be_met() -> None:
    bars = thumbnail_bars(study(GOOD))
    assert [bar.met for bar in bars if bar.wanted] == [True] * 16
    assert [bar.what for bar in bars if not bar.wanted] == [
        f"`residual-fc` (4 bits an iteration) minus `residual-fc-8bits`, {n} bytes" for n in (64, 128)
    ]
    assert bar(study(GOOD), "8bits", "64").found == "0.6000 - 0.5900 = +0.0100"


@pytest.mark.parametrize(
    ("codec", "values", "words"),
    [
        ("residual-fc", (0.45, 0.7), ("shared", "lstm-fc", "64")),
        ("residual-conv", (0.65, 0.9), ("shared", "lstm-conv", "128")),
        ("static-conv", (0.766, 0.86), ("static", "64")),
        ("static-conv", (0.74, 0.9), ("static", "128")),
        ("jpeg:444", (0.75, 0.8), ("minus `jpeg:444`", "lstm-conv")),
        ("jpeg:420", (0.7, 0.8651), ("minus `jpeg:420`, 128",)),
        ("webp", (0.6, 0.855), ("minus `webp`, 128",)),
        ("jpeg2000", (0.76, 0.8), ("lstm-conv", "minus `jpeg2000`, 64")),
        ("jpeg:420", (0.711, 0.8), ("lstm-fc", "minus `jpeg:420`, 64")),
        ("jpeg:420", (0.72, 0.8), ("bytes of", "jpeg:420")),
        ("jpeg2000", (0.9, 0.8), ("bytes of", "jpeg2000")),
    ],
)
def test_every_bar_can_be_missed(codec: str, values: tuple[float, float], words: tuple[str, ...]) -> None:
    assert bar(study(GOOD | {codec: values}), *words).met is False


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    some = study({name: GOOD[name] for name in ("jpeg:420", "residual-fc", "lstm-fc")})
    one = bar(some, "shared", "fc", "64")
    assert (one.found, one.met) == ("not measured, 0.6000, 0.6600", None)
    assert bar(some, "static", "64").found == "not measured"
    assert bar(some, "bytes of", "jpeg:420").met is None
    assert bar(some, "lstm-fc", "minus `jpeg:420`").met is True


def test_the_optional_webp_is_shown_without_a_bar() -> None:
    found = study(GOOD | {"webp:one-segment": (0.9, 0.9)})
    for words in (("lstm-conv", "one-segment", "minus", "64"), ("bytes of", "one-segment")):
        assert bar(found, *words).wanted == ""
        assert bar(found, *words).met is None
    assert bar(found, "minus `webp`, 64").met is True


def test_bars_as_a_table() -> None:
    text = bars_table([Bar("a", "1", "> 0", True), Bar("b", "0", "> 0", False), Bar("c", "2")])
    assert text.splitlines()[2:] == [
        "| a | 1 | > 0 | met |",
        "| b | 0 | > 0 | **missed** |",
        "| c | 2 | – | – |",
    ]
