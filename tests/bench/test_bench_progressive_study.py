from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from photograph import photograph
from PIL import Image

from nacre.bench import cuts, embedding, results, same_symbols


@pytest.fixture
def data(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One picture as a small Kodak set, and little to measure on it."""
    (tmp_path / "kodak").mkdir()
    Image.fromarray(photograph(0, 160, 192)).save(tmp_path / "kodak" / "wave.png")
    monkeypatch.setattr(cuts, "RATES", (0.25, 0.5, 1.0))
    monkeypatch.setattr(embedding, "STEPS", (1.0, 2.0, 4.0, 8.0))
    monkeypatch.setattr("nacre.bench.parts.progressive.ANCHORS", ("jpeg:420", "webp"))
    monkeypatch.setattr("nacre.bench.parts.prefixes.POSITIONS", 3)
    monkeypatch.setattr("nacre.bench.parts.prefixes.BORDERS", 5)
    monkeypatch.setattr(same_symbols, "WAYS", (("network", 1, ""),))
    return tmp_path


def test_results_write_progressive(data: Path, tmp_path: Path) -> None:
    out, cache = tmp_path / "results", str(tmp_path / "cache")
    arguments = ["--data", str(data), "--out", str(out), "--threads", "1", "--cache", cache]
    done = CliRunner().invoke(results.main, [*arguments, "--only", "progressive,prefixes"])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == [
        f"{part}.{kind}" for part in ("prefixes", "progressive") for kind in ("json", "md")
    ]
    found = json.loads((out / "progressive.json").read_text())
    whats = [bar["what"] for bar in found["bars"]]
    assert whats[:2] == ["BD-rate against `jpeg:420`", "BD-rate against `webp`"]
    assert any("all decoded" in what for what in whats)
    assert set(found["bd-rate"]) == {"jpeg:420", "webp"}
    assert len(found["embedding"]["pictures"]) == 1
    text = (out / "progressive.md").read_text()
    for title in ("against each", "First bytes against", "first bytes", "cost", "Sizes", "same symbols"):
        assert any(title in line for line in text.splitlines() if line.startswith("### ")), title
    assert json.loads((out / "prefixes.json").read_text())["borders"] == 5


def test_kodak_holds_our_codecs_against_every_anchor(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    recurrent = "gru-conv:iterations=3"
    monkeypatch.setattr("nacre.bench.parts.kodak.CODECS", ("progressive", recurrent, "jpeg:420", "webp"))
    monkeypatch.setattr("nacre.bench.parts.kodak.LONG", recurrent)
    out = tmp_path / "results"
    done = CliRunner().invoke(results.main, ["--data", str(data), "--out", str(out), "--only", "kodak"])
    assert done.exit_code == 0, done.output
    text = (out / "kodak.md").read_text()
    for own, other in (("progressive", recurrent), (recurrent, "progressive")):
        after = text.partition(f"### `{own}` against each of the others")[2]
        table, _, published = after.partition(f"### `{own}` against published curves")
        assert [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")] == [
            other,
            "jpeg:420",
            "webp",
        ]
        assert "| toderici-2017-residual-gru |" in published
    assert not (out / "entropy.md").exists()
