from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from photograph import photograph
from PIL import Image

from nacre.bench import peaks, reference_network, speed
from nacre.bench.measure import read_pixels
from nacre.bench.mosaic import mosaic
from nacre.bench.peaks import Peaks
from nacre.bench.reference_network import ReferenceNetwork
from nacre.bench.speed import DECODE, DECODE_LOW, ENCODE, NETWORK, Speed, Timed
from nacre.errors import UsageError

SIZES = {"small": (192, 192), "large": (130, 320)}


@pytest.fixture
def photographs(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"photograph{number}.png" for number in range(2)]
    for number, path in enumerate(paths):
        Image.fromarray(photograph(number, 40 + number, 60)).save(path)
    return paths


def test_a_mosaic_is_of_photographs(photographs: list[Path]) -> None:
    found = mosaic(photographs, 100, 130)
    assert found.shape == (100, 130, 3)
    first, second = map(read_pixels, photographs)
    assert np.array_equal(found[:40, :60], first)
    assert np.array_equal(found[:40, 60:120], second[:40])
    assert np.array_equal(found[:40, 120:], first[:, :10])
    assert np.array_equal(found[40:80, :60], second[:40])
    with pytest.raises(UsageError, match="there are none"):
        mosaic([], 10, 10)


def test_the_reference_is_the_network_it_says() -> None:
    pytest.importorskip("onnx")
    assert round(reference_network.MULTIPLICATIONS) == 36_800
    assert ReferenceNetwork(32, 40, 1)() == (1, 3, 32, 48)


def test_calls_are_timed_in_turn(
    tiny_weights: Path, photographs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr(speed, "ROUNDS", 2)
    monkeypatch.setattr(speed, "LARGE_ROUNDS", 1)
    found = speed.time_calls(photographs, "progressive", threads=1, **SIZES)
    assert list(found.small) == [DECODE, DECODE_LOW, ENCODE, NETWORK]
    assert [len(timed.seconds) for timed in found.small.values()] == [2] * 4
    assert list(found.large) == list(found.paired) == [DECODE, ENCODE]
    assert found.large[DECODE].megapixels == 130 * 320 / 1e6
    assert found.ratio(DECODE) is not None
    assert len(found.bars()) == 6


def timed(what: str, milliseconds: float) -> Timed:
    return Timed(what, [0.0, milliseconds / 1000, 9.0], 1.0)


def example(large: float, network: bool = True) -> Speed:
    small = [timed(DECODE, 200), timed(DECODE_LOW, 190), timed(ENCODE, 700)]
    small += [timed(NETWORK, 400)] if network else []
    paired = {what: timed(what, 200) for what in (DECODE, ENCODE)}
    pairs = {what: timed(what, large) for what in (DECODE, ENCODE)}
    return Speed(2, {each.what: each for each in small}, paired, pairs)


def test_bars_of_speed() -> None:
    assert [bar.met for bar in example(280).bars()] == [True, True, False, True, True, True]
    assert [bar.met for bar in example(282).bars()][-2:] == [False, False]
    assert example(280).bars()[0].found == "0.50"
    assert "| decode at 1 bpp | 200 | 0.50 | 280 |" in example(280).section()[1]
    alone = example(280, network=False)
    assert alone.bars()[0].met is None
    assert "onnx is not installed" in alone.bars()[0].found


@pytest.mark.slow
def test_peaks_are_those_of_fresh_processes(tiny_weights: Path, photographs: list[Path]) -> None:
    found = peaks.measure_peaks(photographs, "progressive", threads=1, **SIZES)
    assert list(found.peaks) == list(peaks.MOST)
    assert all(found.peaks.values())
    assert found.start > 10e6


def test_bars_of_peaks() -> None:
    found = Peaks(
        100_000_000, dict(zip(peaks.MOST, (390_000_000, 1_300_000_000, 1_500_000_000), strict=True))
    )
    assert [bar.met for bar in found.bars()] == [True, False, True]
    assert found.bars()[1].found == "1,300 MB"
