from __future__ import annotations

import pytest

from nacre.bench.against import Against
from nacre.bench.measure import Measurement
from nacre.bench.report import CodecResults, Report

RATES = (0.0625, 0.125, 0.25, 0.5, 1.0, 2.0)


def codec(name: str, gains: dict[str, float]) -> CodecResults:
    """6 dB for every doubling of the rate, and so much more by picture."""
    pictures = {}
    for picture, gain in gains.items():
        rows = []
        for k, bpp in enumerate(RATES):
            quality = 24 + 6 * k + gain
            rows.append(Measurement(f"q{k}", 1, bpp, quality, 0.5, 1 - 10 ** (-quality / 20), 1.0, 1.0))
        pictures[picture] = rows
    return CodecResults(name, name, pictures)


@pytest.fixture
def report() -> Report:
    codecs = [
        codec("mine", {"a": 3.0, "b": 6.0}),
        codec("jpeg:420", {"a": 0.0, "b": 0.0}),
        codec("other", {"a": 6.0, "b": 3.0}),
    ]
    return Report(["a", "b"], codecs, "jpeg:420", 1, 1, published=["balle-2017-opt-mse"])


def test_every_other_codec_is_an_anchor(report: Report) -> None:
    found = Against.of(report, "mine")
    assert list(found.measured) == ["jpeg:420", "other"]
    jpeg = found.measured["jpeg:420"]["psnr-rgb"]
    assert jpeg.per_picture["a"].value == pytest.approx(100 * (2**-0.5 - 1))
    assert jpeg.per_picture["b"].value == pytest.approx(-50)
    assert jpeg.mean == pytest.approx((100 * (2**-0.5 - 1) - 50) / 2)
    other = found.measured["other"]["psnr-rgb"].per_picture
    assert other["a"].value > 0 > other["b"].value
    delta = found.published["balle-2017-opt-mse"]["psnr-rgb"]
    assert delta is not None
    assert found.as_dict()["bd-rate-of-mean-curves"]["balle-2017-opt-mse"]["psnr-rgb"] == delta.value


def test_tables_name_what_is_compared(report: Report) -> None:
    text = Against.of(report, "mine").as_markdown()
    assert "### `mine` against each of the others" in text
    assert "| `jpeg:420` | -39.6 | 28.5–54.0 | 2 of 2 |" in text
    assert "1 of 2" in next(line for line in text.splitlines() if line.startswith("| `other`"))
    assert "| balle-2017-opt-mse | kodak |" in text


def test_curves_that_share_nothing_have_a_dash(report: Report) -> None:
    report.codecs[1] = codec("jpeg:420", {"a": -60.0, "b": -60.0})
    found = Against.of(report, "mine")
    assert found.measured["jpeg:420"]["psnr-rgb"].mean is None
    assert "| `jpeg:420` | – | no common range | – |" in found.as_markdown()
