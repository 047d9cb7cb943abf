from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from bitplanes import PlanesApi
from click.testing import CliRunner, Result

from nacre.cli import main


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["bench", *map(str, arguments)])


def test_a_bench_prints_deltas_and_writes_files(planes_api: PlanesApi, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out, table, plot = tmp_path / "out.json", tmp_path / "out.md", tmp_path / "rd.png"
    codecs = "gru-conv,jpeg:420, webp"
    arguments = [
        "--images",
        folder,
        "--codecs",
        codecs,
        "--json",
        out,
        "--markdown",
        table,
        "--plot",
        plot,
        "--published",
    ]
    done = invoke(*arguments)
    assert done.exit_code == 0, done.output
    assert [codec["name"] for codec in json.loads(out.read_text())["codecs"]] == [
        "gru-conv",
        "jpeg:420",
        "webp",
    ]
    assert "BD-rate against jpeg:420" in done.stdout
    assert f"wrote {plot.with_suffix('.svg')}" in done.stderr
    assert "\x1b" not in done.output, "no progress where there is no terminal"
    again = invoke(*arguments)
    assert again.exit_code == 9
    assert "exists already" in again.stderr
    assert invoke(*arguments, "-f", "--quiet").output == ""


def test_the_anchor_is_a_choice(folder: Path) -> None:
    done = invoke("--images", folder, "--codecs", "jpeg:420,webp", "--anchor", "webp")
    assert done.exit_code == 0, done.output
    assert "BD-rate against webp" in done.stdout


@pytest.mark.parametrize(
    ("codecs", "code", "words"),
    [
        ("jpeg:420,gif", 2, "there is no codec 'gif' on the bench"),
        (",", 2, "at least one codec"),
        ("jpeg:420,jpeg:420", 2, "named twice"),
    ],
)
def test_bad_codecs_are_one_sentence(folder: Path, codecs: str, code: int, words: str) -> None:
    done = invoke("--images", folder, "--codecs", codecs)
    assert done.exit_code == code
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_pictures_is_one_sentence(tmp_path: Path) -> None:
    done = invoke("--images", tmp_path, "--codecs", "jpeg:420")
    assert done.exit_code == 6
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("imagecodecs", ["--codecs", "jxl"]),
        ("matplotlib.figure", ["--codecs", "jpeg:420", "--plot", "rd.png"]),
    ],
)
def test_missing_libraries_name_the_extra(
    folder: Path, module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    done = invoke("--images", folder, *arguments)
    assert done.exit_code == 2
    assert "pip install nacre[bench]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
