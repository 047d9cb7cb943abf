from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bitplanes import PlanesApi
from click.testing import CliRunner

from nacre import api
from nacre.bench import results
from nacre.bench.prefixes import PicturePrefixes, PrefixStudy, study
from nacre.errors import NacreError
from nacre.picture.picture import Picture


def test_every_prefix_is_decoded_and_compared(tiny_weights: Path, folder: Path) -> None:
    paths = sorted(folder.glob("*.png"))
    found = study(paths, positions=20, seed=3)
    assert [picture.picture for picture in found.pictures] == ["wave0.png", "wave1.png"]
    for path, picture in zip(paths, found.pictures, strict=True):
        made = api.compress(path, codec="gru-conv")
        borders = {layer.file_bytes for layer in made.layers}
        assert borders <= set(picture.lengths)
        assert picture.lengths == sorted(picture.lengths)
        assert len(picture.lengths) == len(picture.psnr) > 20
        assert picture.lengths[0] == min(borders), "nothing is cut below the first layer"
        assert picture.lengths[-1] == len(made.data)
        assert picture.iteration_bytes == [layer.file_bytes for layer in made.layers if layer.whole]
        assert picture.largest_fall == 0
        assert picture.psnr[-1] == made.psnr
    assert found.prefixes == sum(len(picture.lengths) for picture in found.pictures)
    assert study(paths, positions=20, seed=3) == found
    assert study(paths, positions=20, seed=4) != found


def test_a_fall_is_found_and_said() -> None:
    psnr = [20.0, 25.0, 24.7, 30.0, 29.9]
    picture = PicturePrefixes("p", [1, 2, 3, 4, 5], psnr, [2, 4, 5], [25.0, 30.0, 29.9], [2, 4, 6])
    found = PrefixStudy("gru-conv", 2, 0, [picture])
    assert found.largest_fall == pytest.approx(0.3)
    assert found.better_share == 0.5
    assert "0.3000 dB, **above** the 0.02 dB allowed" in found.as_markdown()


def test_rising_prefixes_have_no_fall() -> None:
    picture = PicturePrefixes("p", [1, 2], [20.0, 25.0], [], [], [])
    assert PrefixStudy("gru-conv", 0, 0, [picture]).largest_fall == 0


def test_a_prefix_that_decodes_otherwise_alone_ends_the_study(
    tiny_weights: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gray = Picture(np.full((48, 64, 3), 128, np.uint8))
    monkeypatch.setattr(api, "decompress", lambda data, threads=None: gray)
    with pytest.raises(NacreError, match="alone and"):
        study(sorted(folder.glob("*.png"))[:1])


def test_results_writes_the_parts_that_were_chosen(
    tiny_weights: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nacre.bench.parts.prefixes.BORDERS", 5)
    monkeypatch.setattr("nacre.bench.parts.prefixes.POSITIONS", 4)
    folder.rename(tmp_path / "kodak")
    out = tmp_path / "results"
    arguments = ["--data", str(tmp_path), "--out", str(out), "--only", "prefixes"]
    done = CliRunner().invoke(results.main, arguments)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == ["prefixes.json", "prefixes.md"]
    data = json.loads((out / "prefixes.json").read_text())
    assert data["codec"] == "progressive"
    assert data["prefixes"] == sum(len(picture["lengths"]) for picture in data["pictures"]) <= 18
    assert "prefixes of 2 pictures, all decoded" in (out / "prefixes.md").read_text().replace("\n", " ")


def test_results_writes_kodak(
    planes_api: PlanesApi, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("nacre.bench.parts.kodak.CODECS", ("gru-conv", "gru-conv:raw", "jpeg:420"))
    folder.rename(tmp_path / "kodak")
    out = tmp_path / "results"
    done = CliRunner().invoke(results.main, ["--data", str(tmp_path), "--out", str(out), "--only", "kodak"])
    assert done.exit_code == 0, done.output
    assert {path.name for path in out.iterdir()} == {
        "kodak",
        "kodak.json",
        "kodak.md",
        "kodak.png",
        "kodak.svg",
        "entropy.md",
    }
    one = json.loads((out / "kodak" / "gru-conv-raw.json").read_text())
    assert one["name"] == "gru-conv:raw"
    assert one["results"]["bpp"] == pytest.approx([k / 8 for k in (1, 2, 3, 4, 5, 6, 8)])


def test_results_names_its_parts(tmp_path: Path) -> None:
    done = CliRunner().invoke(results.main, ["--data", str(tmp_path), "--only", "speed"])
    assert done.exit_code == 2
    assert (
        "there is no part 'speed'; choose among kodak, prefixes, prefixes-gru-conv, progressive"
        in done.output
    )
