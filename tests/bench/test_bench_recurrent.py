from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import nacre
from nacre.bench import results
from nacre.bench.decode_times import SECONDS, DecodeTime, as_markdown, decode_times, primed
from nacre.bench.parts import units


def test_results_write_the_codecs_of_2016(
    tiny_weights: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(units, "RECURRENT", ("residual-conv", "static-conv", "residual-conv-shared"))
    monkeypatch.setattr(units, "LONG", "gru-conv:iterations=3")
    monkeypatch.setattr("nacre.runtime.weights.SHIPPED", tmp_path / "no weights")
    folder.rename(tmp_path / "kodak")
    (tmp_path / "kodak" / "wave1.png").unlink()
    out = tmp_path / "results"
    arguments = ["--data", str(tmp_path), "--out", str(out), "--only", "recurrent"]
    done = CliRunner().invoke(results.main, [*arguments, "--cache", str(tmp_path / "cache")])
    assert done.exit_code == 0, done.output
    assert "results: recurrent leaves out residual-conv-shared: its weights are not installed" in done.output
    assert {path.name for path in out.iterdir()} == {f"recurrent.{x}" for x in ("json", "md", "png", "svg")}
    data = json.loads((out / "recurrent.json").read_text())
    names = [codec["name"] for codec in data["codecs"]]
    assert names == ["residual-conv", "static-conv", "gru-conv:iterations=3", "jpeg:420"]
    text = (out / "recurrent.md").read_text()
    assert "| codec | 0.25 bpp | 0.5 bpp | 1 bpp |" in text
    assert "| `static-conv` | – | – | – |" in text
    assert "| `static-conv` | rate 1 |" in text
    assert "| `residual-conv` | iteration 8 |" in text
    assert "* `residual-conv-shared`: left out, its weights are not installed" in text


def test_half_of_the_iterations_are_timed(tiny_weights: Path, folder: Path) -> None:
    codecs = [("residual-fc", 0), ("gru-conv", 3)]
    found = decode_times(folder / "wave0.png", codecs, threads=1)
    assert [(each.codec, each.priming) for each in found] == codecs
    assert [each.iterations for each in found] == [8, 4]
    assert all(len(each.seconds) == 3 for each in found)
    assert all(0 < each.bpp < 1 for each in found)


def test_priming_runs_are_asked_for_in_the_header(tiny_weights: Path, folder: Path) -> None:
    plain = nacre.compress(folder / "wave0.png", codec="gru-conv", iterations=2).data
    asked = primed(plain, 3)
    assert nacre.info(asked).integrity == "whole"
    assert not np.array_equal(nacre.decode(asked), nacre.decode(plain))
    assert primed(asked, 0) == asked


def test_times_have_bars() -> None:
    fast, slow = (
        DecodeTime("residual-fc", 0, 8, 0.45, [9.0, 0.3, 0.2]),
        DecodeTime("lstm-fc", 0, 8, 0.45, [2.6] * 3),
    )
    text = as_markdown([fast, slow], Path("kodim01.png"), 2, {})
    assert "| `residual-fc`, 8 iterations, 0.450 bpp | 0.30 s | ≤ 0.4 s | met |" in text
    assert "| `lstm-fc`, 8 iterations, 0.450 bpp | 2.60 s | ≤ 2.5 s | **missed** |" in text
    assert "`gru-conv:priming=3`" in DecodeTime("gru-conv", 3, 8, 0.45, [0.1] * 3).bar().what
    assert DecodeTime("residual-fc-shared", 0, 8, 0.45, [0.1] * 3).bar().met is None


def test_results_write_decode_times(tiny_weights: Path, folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "kodak")
    out = tmp_path / "results"
    arguments = ["--data", str(tmp_path), "--out", str(out), "--only", "decode-times", "--threads", "1"]
    done = CliRunner().invoke(results.main, arguments)
    assert done.exit_code == 0, done.output
    rows = json.loads((out / "decode-times.json").read_text())
    assert [(row["codec"], row["priming"]) for row in rows] == list(SECONDS)
    assert "Decoding wave0.png with 1 thread from" in (out / "decode-times.md").read_text()
