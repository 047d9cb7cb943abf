from __future__ import annotations

import json
from pathlib import Path

import pytest
from bitplanes import HEAD, PlanesApi, plane_bytes
from click.testing import CliRunner

from nacre.bench import results
from nacre.bench.prefixes import PicturePrefixes, PrefixStudy, study
from nacre.errors import TruncatedError


def test_every_prefix_is_decoded_and_compared(planes_api: PlanesApi, folder: Path) -> None:
    paths = sorted(folder.glob("*.png"))
    found = study(paths, positions=20, seed=3)
    assert planes_api.encodes == 2
    assert [picture.picture for picture in found.pictures] == ["wave0.png", "wave1.png"]
    size = plane_bytes(48, 64)
    for picture in found.pictures:
        borders = [HEAD.size + k * size for k in range(1, 9)]
        assert set(borders) <= set(picture.lengths)
        assert picture.lengths == sorted(picture.lengths)
        assert len(picture.lengths) == len(picture.psnr) > 20
        assert picture.lengths[0] == borders[0], "nothing is cut below the first layer"
        assert picture.iteration_bytes == borders
        assert picture.better_iterations == (7, 7)
    assert found.better_share == 1
    assert found.prefixes == sum(len(picture.lengths) for picture in found.pictures)
    raw = 48 * 64 // 64
    assert found.coded_share() == pytest.approx([(HEAD.size + k * size) / (k * raw) for k in range(1, 9)])
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


def test_a_prefix_that_does_not_decode_ends_the_study(
    planes_api: PlanesApi, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = HEAD.size + 8 * plane_bytes(48, 64)
    decode = planes_api.decompress

    def refuse(data: bytes, *, threads: int | None = None) -> object:
        if len(data) < whole:
            raise TruncatedError("too short")
        return decode(data, threads=threads)

    monkeypatch.setattr(planes_api, "decompress", refuse)
    with pytest.raises(TruncatedError):
        study(sorted(folder.glob("*.png")))


def test_results_writes_the_parts_that_were_chosen(
    planes_api: PlanesApi, folder: Path, tmp_path: Path
) -> None:
    folder.rename(tmp_path / "kodak")
    out = tmp_path / "results"
    arguments = ["--data", str(tmp_path), "--out", str(out), "--only", "prefixes"]
    done = CliRunner().invoke(results.main, arguments)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == ["prefixes.json", "prefixes.md"]
    data = json.loads((out / "prefixes.json").read_text())
    assert 0 <= data["largest-fall-db"] < 1
    assert data["pictures"][0]["psnr"][-1] is None, "all planes are lossless, and JSON has no infinity"
    assert "prefixes of 2 pictures, all decoded" in (out / "prefixes.md").read_text().replace("\n", " ")


def test_results_writes_kodak(
    planes_api: PlanesApi, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(results, "CODECS", ("gru-conv", "gru-conv:raw", "jpeg:420"))
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
    }
    one = json.loads((out / "kodak" / "gru-conv-raw.json").read_text())
    assert one["name"] == "gru-conv:raw"
    assert one["results"]["bpp"] == pytest.approx([k / 8 for k in range(1, 9)])


def test_results_names_its_parts(tmp_path: Path) -> None:
    done = CliRunner().invoke(results.main, ["--data", str(tmp_path), "--only", "speed"])
    assert done.exit_code == 2
    assert "there is no part 'speed'; choose among kodak, prefixes, times" in done.output
