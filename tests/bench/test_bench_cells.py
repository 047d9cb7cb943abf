"""Files of equal sizes: primed, with bits shared out, and what they are held to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nacre import api
from nacre.bench import cells, results
from nacre.bench.cells import RATES, EqualBytes, as_markdown, bars, ways
from nacre.bench.measure import Measurement, read_pixels
from nacre.bench.report import CodecResults, Report


def test_names_tell_the_ways_apart() -> None:
    assert [way.name for way in ways("gru-conv")] == [
        "gru-conv",
        "gru-conv:priming=3",
        "gru-conv:dynamic",
        "gru-conv:priming=3:dynamic",
    ]
    assert len({way.identity for way in ways("gru-conv")}) == 4


@pytest.mark.parametrize("dynamic", [False, True])
def test_points_are_files_of_the_sizes(
    dynamic: bool, tiny_weights: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "RATES", (0.5, 1.0))
    pixels = read_pixels(folder / "wave0.png")
    codec = EqualBytes("gru-conv", priming=1, dynamic=dynamic)
    points = list(codec.points(pixels))
    for rate, point in zip((0.5, 1.0), points, strict=True):
        most = int(rate * pixels.shape[0] * pixels.shape[1] / 8)
        assert point.size == len(point.data) <= most
        assert api.decompress(point.data).rgb().shape == pixels.shape
    if not dynamic:
        whole = api.compress(pixels, codec="gru-conv", priming=1).data
        assert all(whole.startswith(point.data) for point in points)


def report_of(**psnr: list[float]) -> Report:
    def rows(values: list[float]) -> list[Measurement]:
        pairs = zip(RATES, values, strict=True)
        return [Measurement(f"{r:g} bpp", int(1000 * r), r, p, 0.9, 0.95, 1.0, 0.5) for r, p in pairs]

    found = [CodecResults(name, "as told", {"a.png": rows(values)}) for name, values in psnr.items()]
    return Report(["a.png"], found, "plain", 1, 2)


def test_bars_count_what_is_below_plain() -> None:
    plain = [24.0, 26.0, 27.0]
    found = bars(report_of(plain=plain, worse=[24.5, 25.9, 27.0], better=[25.0, 27.0, 28.0]))
    assert [bar.met for bar in found] == [False, True, True]
    assert found[0].found == "1 of 3, by 0.100 dB at most"
    assert found[2].what == "`better`: BD-rate against plain"


def test_the_page_says_what_is_gained() -> None:
    text = as_markdown(report_of(plain=[24.0, 26.0, 27.0], better=[24.5, 26.25, 27.0]))
    assert "| `better` | +0.500 | +0.250 | +0.000 | 1.00 | 0.50 |" in text


def test_results_write_what_a_search_gains(tiny_weights: Path, folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "kodak")
    out = tmp_path / "results"
    arguments = ["--data", str(tmp_path), "--out", str(out), "--threads", "1", "--pictures", "1"]
    done = CliRunner().invoke(results.main, [*arguments, "--only", "gru-conv-search"])
    assert done.exit_code == 0, done.output
    text = (out / "gru-conv-search.md").read_text()
    assert "BD-rate against `gru-conv:iterations=12`" in text
    found = json.loads((out / "gru-conv-search.json").read_text())
    plain, searched, _ = found["codecs"]
    assert searched["name"] == "gru-conv:iterations=12:search=2"
    points = [codec["pictures"]["wave0.png"] for codec in (plain, searched)]
    first = [point["psnr-rgb"][point["setting"].index("iteration 1")] for point in points]
    assert first[1] > first[0]
