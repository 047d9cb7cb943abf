from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nacre import api
from nacre.bench import dynamic, results
from nacre.bench.cache import Cache
from nacre.bench.dynamic import DynamicStudy, Pair, as_markdown, study, worst_tenth
from nacre.bench.measure import read_pixels
from nacre.picture.metrics import psnr


def test_the_worst_tenth_is_that_of_the_units() -> None:
    original = np.full((24, 40, 3), 100, np.uint8)
    decoded = original.copy()
    decoded[8:16, 8:16] += 9  # 15 units: the worst two are these
    decoded[16:24, 32:40, 0] += 3
    decoded[0, 0] += 1
    errors = [81, 9 / 3]
    assert worst_tenth(original, decoded, 8) == pytest.approx(10 * np.log10(255**2 / np.mean(errors)))
    assert worst_tenth(original, original, 8) == float("inf")


def test_units_at_the_edges_are_as_large_as_what_they_show() -> None:
    original = np.zeros((9, 9, 3), np.uint8)
    decoded = original.copy()
    decoded[8, 8] = 10
    decoded[:8, :8] = 9
    assert worst_tenth(original, decoded, 8) == pytest.approx(10 * np.log10(255**2 / 100))


@pytest.mark.parametrize("codec", ["residual-fc", "lstm-conv"])
def test_both_files_are_decoded_from_their_bytes(codec: str, tiny_weights: Path, folder: Path) -> None:
    path = folder / "wave0.png"
    pair = dynamic.compare((codec, path))
    pixels = read_pixels(path)
    whole = api.compress(pixels, codec=codec)
    assert pair.iterations == whole.layers[-1].iteration // 2
    half = api.compress(pixels, codec=codec, iterations=pair.iterations)
    assert pair.uniform_bytes == len(half.data)
    shown = api.decompress(half.data).rgb()
    assert pair.uniform_psnr == psnr(pixels, shown)
    assert pair.uniform_worst == worst_tenth(pixels, shown, whole.unit_side)
    assert pair.dynamic_bytes <= pair.uniform_bytes
    assert pair.dynamic_psnr >= pair.uniform_psnr


def pair(gain: float, worst: float) -> Pair:
    return Pair("lstm-fc", "a.png", 8, 1000, 999, 30.0, 30.0 + gain, 25.0, 25.0 + worst)


def test_gains_and_bars() -> None:
    good = DynamicStudy("lstm-fc", [pair(0.25, 0.75), pair(0.5, 0.5)])
    assert good.mean_gain == 0.375
    assert good.smallest_gain == 0.25
    assert good.better_share == 1
    assert good.worst_gain == 0.625
    assert [bar.met for bar in good.bars()] == [True, True, True]
    bad = DynamicStudy("lstm-fc", [pair(0.25, 0.25), pair(0.0, 0.5)])
    assert [bar.met for bar in bad.bars()] == [False, False, False]
    text = as_markdown([bad], {"lstm-conv": "no such codec here"})
    assert "| `lstm-fc` | +0.125 | +0.000 | 50% | +0.375 |" in text
    assert "| `lstm-fc`: pictures with a higher PSNR | 1 of 2 | all | **missed** |" in text
    assert "* `lstm-conv`: left out, no such codec here" in text


def test_a_second_run_recalls(
    tiny_weights: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(folder.glob("*.png"))
    first = study(paths, ["residual-fc"], cache=Cache(tmp_path / "cache"))
    monkeypatch.setattr(dynamic, "compare", lambda task, threads: pytest.fail("it is known"))
    seen: list[int] = []
    again = study(
        paths, ["residual-fc"], cache=Cache(tmp_path / "cache"), progress=lambda done, *_: seen.append(done)
    )
    assert again == first
    assert seen == []
    assert [each.picture for each in first[0].pictures] == ["wave0.png", "wave1.png"]


def test_results_write_dynamic(
    tiny_root: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    monkeypatch.setattr("nacre.runtime.weights.SHIPPED", weights)
    (weights / "lstm-conv").symlink_to(tiny_root / "lstm-conv")
    folder.rename(tmp_path / "kodak")
    out = tmp_path / "results"
    arguments = ["--data", str(tmp_path), "--out", str(out), "--only", "dynamic", "--pictures", "1"]
    done = CliRunner().invoke(results.main, arguments, env={"NACRE_WEIGHTS": str(weights)})
    assert done.exit_code == 0, done.output
    assert "results: dynamic leaves out lstm-fc: its weights are not installed" in done.output
    assert sorted(path.name for path in out.iterdir()) == ["dynamic.json", "dynamic.md"]
    (found,) = json.loads((out / "dynamic.json").read_text())
    assert found["codec"] == "lstm-conv"
    assert len(found["pictures"]) == 1
    assert "* `lstm-fc`: left out, its weights are not installed" in (out / "dynamic.md").read_text()
