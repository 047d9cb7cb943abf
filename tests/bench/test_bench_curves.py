from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from nacre.bench import published
from nacre.bench.curves import Curve, CurveRangeError, bd_quality, bd_rate, decibels, per_picture
from nacre.bench.interpolation import MonotoneCubic

BPP = np.array([0.1, 0.22, 0.5, 0.9, 1.7])
DB = np.array([24.0, 27.5, 31.0, 33.2, 36.1])


def test_a_curve_against_itself_differs_by_nothing() -> None:
    curve = Curve.of(BPP, DB)
    delta = bd_rate(curve, curve)
    assert delta.value == pytest.approx(0, abs=1e-12)
    assert (delta.low, delta.high) == (24.0, 36.1)
    assert bd_quality(curve, curve).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("factor", "per_cent"), [(0.5, -50), (2, 100), (0.9, -10)])
def test_rates_scaled_alike_give_that_rate(factor: float, per_cent: float) -> None:
    assert bd_rate(Curve.of(BPP, DB), Curve.of(BPP * factor, DB)).value == pytest.approx(per_cent)


def test_quality_raised_alike_gives_that_quality() -> None:
    delta = bd_quality(Curve.of(BPP, DB), Curve.of(BPP, DB + 1.25))
    assert delta.value == pytest.approx(1.25)
    assert (delta.low, delta.high) == (pytest.approx(0.1), pytest.approx(1.7))


def test_straight_lines_of_different_slope_give_the_gap_in_their_middle() -> None:
    # log10 rate = dB / 10 - 3 against dB / 20 - 1.5: over 20..30 dB they part by 0.5 at 20 and 0 at 30.
    db = np.array([20.0, 22, 25, 28, 30])
    steep, flat = Curve.of(10 ** (db / 10 - 3), db), Curve.of(10 ** (db / 20 - 1.5), db)
    assert bd_rate(steep, flat).value == pytest.approx((10**0.25 - 1) * 100)


def test_only_the_common_range_counts() -> None:
    db = np.linspace(20, 40, 21)
    anchor = Curve.of(10 ** (db / 20), db)
    test = Curve.of(10 ** (db[5:11] / 20) * 0.8, db[5:11])
    delta = bd_rate(anchor, test)
    assert (delta.low, delta.high) == (25, 30)
    assert delta.value == pytest.approx(-20)


def test_curves_that_share_no_range_are_refused() -> None:
    with pytest.raises(CurveRangeError, match="share no range of quality"):
        bd_rate(Curve.of(BPP, DB), Curve.of(BPP, DB + 20))
    with pytest.raises(CurveRangeError, match="share no range of rate"):
        bd_quality(Curve.of(BPP, DB), Curve.of(BPP * 100, DB))


def test_points_under_the_upper_left_staircase_are_dropped() -> None:
    bpp = [0.5, 0.1, 0.3, 0.2, 0.3, 0.6, 0.4]
    db = [30.0, 20.0, 26.0, 24.0, 25.0, 29.0, math.inf]
    curve = Curve.of(bpp, db)
    assert 10**curve.rate == pytest.approx([0.1, 0.2, 0.3, 0.5])
    assert curve.quality.tolist() == [20, 24, 26, 30]


def test_two_points_are_no_curve() -> None:
    with pytest.raises(CurveRangeError, match="needs 3 points"):
        Curve.of([0.1, 0.2, 0.3], [30, 31, 30.5])


def test_interpolation_meets_the_points_and_stays_between_them() -> None:
    curve = Curve.of(BPP, DB)
    assert [curve.quality_at(bpp) for bpp in BPP] == pytest.approx(DB)
    between = [curve.quality_at(bpp) for bpp in np.geomspace(0.1, 1.7, 200)]
    assert all(a < b for a, b in pairwise(between))


@pytest.mark.parametrize("bpp", [0.0999, 1.7001])
def test_quality_outside_the_curve_is_refused(bpp: float) -> None:
    with pytest.raises(CurveRangeError, match="outside the curve"):
        Curve.of(BPP, DB).quality_at(bpp)


def test_the_cubic_has_the_slopes_of_pchip() -> None:
    # Equal steps: an inner slope is the harmonic mean of its chords, an end slope (3 d0 - d1) / 2.
    cubic = MonotoneCubic(np.array([0.0, 1, 2, 3]), np.array([0.0, 1, 4, 5]))
    step = 1e-6
    assert (cubic(step) - cubic(0)) / step == pytest.approx(0, abs=1e-5)
    assert (cubic(1 + step) - cubic(1)) / step == pytest.approx(2 / (1 / 1 + 1 / 3), abs=1e-5)
    assert cubic.integral(0, 3) == pytest.approx(
        sum(cubic(t) for t in (np.arange(30000) + 0.5) / 10000) / 10000
    )


def test_the_cubic_does_not_leave_its_points() -> None:
    cubic = MonotoneCubic(np.array([0.0, 1, 2]), np.array([0.0, 1, 4]))
    with pytest.raises(ValueError, match="outside"):
        cubic(2.001)


def test_ms_ssim_counts_in_decibels() -> None:
    assert decibels("ms-ssim-rgb", [0.9, 0.99]) == pytest.approx([10, 20])
    assert decibels("psnr-rgb", [30.0]).tolist() == [30]


def test_means_are_taken_over_pictures_not_over_curves() -> None:
    anchor = {name: Curve.of(BPP, DB) for name in "abc"}
    test = {"a": Curve.of(BPP / 2, DB), "b": Curve.of(BPP, DB), "c": Curve.of(BPP, DB + 20)}
    mean = per_picture(bd_rate, anchor, test, list("abcd"))
    assert mean.mean == pytest.approx(-25)
    assert {name: delta.value for name, delta in mean.per_picture.items()} == pytest.approx(
        {"a": -50, "b": 0}
    )
    assert mean.left_out == ("c", "d")
    nothing = per_picture(bd_rate, anchor, test, ["c"])
    assert nothing.mean is None
    assert not nothing.per_picture


def test_published_curves_are_curves() -> None:
    assert "toderici-2017-residual-gru" in published.names()
    for name in published.names():
        curve = published.load(name)
        assert curve.source
        assert set(curve.results) <= {"bpp", "psnr-rgb", "ms-ssim-rgb"}
        assert len({len(values) for values in curve.results.values()}) == 1
        assert curve.curve("psnr-rgb") or curve.curve("ms-ssim-rgb")


def test_published_deltas_are_those_of_scipys_pchip() -> None:
    # Values of scipy.interpolate.PchipInterpolator's integrals over the common range, SciPy 1.17.
    def delta(anchor: str, test: str) -> float:
        a, b = published.load(anchor).curve("psnr-rgb"), published.load(test).curve("psnr-rgb")
        assert a is not None
        assert b is not None
        return bd_rate(a, b).value

    assert delta("toderici-2017-residual-gru", "johnston-2018-priming-sabr") == pytest.approx(-43.35023576826)
    assert delta("jpeg", "webp") == pytest.approx(-36.17615003837)
