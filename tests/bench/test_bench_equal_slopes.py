from __future__ import annotations

import numpy as np
import pytest

from nacre.bench.equal_slopes import mean_curve
from nacre.bench.measure import Measurement
from nacre.bench.report import CodecResults

RATES = np.geomspace(0.05, 3, 25)


def codec(errors: dict[str, float]) -> CodecResults:
    """Squared error of each picture: so much at 1 bpp, and half of it for twice the rate."""
    pictures = {}
    for picture, error in errors.items():
        rows = []
        for bpp in RATES:
            quality = 10 * np.log10(255**2 / (error / bpp))
            rows.append(Measurement("q", 1, bpp, quality, 0.5, 1 - 10 ** (-quality / 20), 1.0, 1.0))
        pictures[picture] = rows
    return CodecResults("codec", "", pictures)


def test_pictures_alike_give_their_own_curve() -> None:
    curve = mean_curve(codec({"a": 20.0, "b": 20.0}), "psnr-rgb")
    assert curve is not None
    for bpp in (0.2, 1.0):
        assert curve.quality_at(bpp) == pytest.approx(10 * np.log10(255**2 / (20 / bpp)), abs=0.01)


def test_bits_go_where_they_serve_most() -> None:
    """Of D = e / R with equal slopes e / R^2, rates are as the roots of e."""
    curve = mean_curve(codec({"a": 5.0, "b": 80.0}), "psnr-rgb")
    assert curve is not None
    rates = np.array([0.4, 1.6])
    qualities = 10 * np.log10(255**2 / (np.array([5.0, 80.0]) / rates))
    assert curve.quality_at(1.0) == pytest.approx(qualities.mean(), abs=0.02)
    assert mean_curve(codec({"a": 5.0, "b": 80.0}), "ms-ssim-rgb") is not None


def test_a_picture_without_a_curve_leaves_none() -> None:
    found = codec({"a": 20.0})
    found.pictures["b"] = found.pictures["a"][:2]
    assert mean_curve(found, "psnr-rgb") is None
    assert mean_curve(codec({}), "psnr-rgb") is None
