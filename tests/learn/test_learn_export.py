"""From pictures to weights to files: `nacre train`, `nacre export`, then the codec."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from learn_examples import TINY, draw

import nacre
from nacre.cli import main
from nacre.errors import AgreementError, ExistsError
from nacre.learn import mix_fit
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import export, export_folder, weights_tag
from nacre.learn.loop import Trainer, read_checkpoint
from nacre.learn.nets import gru_conv_export
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.recipe import load_recipe_text
from nacre.runtime.weights import find_weights, list_weights, verify_weights

Run = Callable[..., Result]


@pytest.fixture(scope="module", autouse=True)
def _little_to_fit() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gru_conv_export, "FIT_PICTURES", 12)
        patch.setattr(mix_fit, "STEPS", 60)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A trained run in `runs/tiny` and its weights in `weights`."""
    place = tmp_path_factory.mktemp("trained")
    (place / "tiny.toml").write_text(TINY)
    (place / "notes.json").write_text('{"licence": "CC0-1.0", "machine": "a test"}')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for command in (
            ["train", "tiny.toml", "--data", str(pictures), "--steps", "150", "--valid", str(pictures)],
            ["export", "runs/tiny/checkpoint.pt", "--data", str(pictures), "--notes", "notes.json"],
        ):
            result = CliRunner().invoke(main, command)
            assert result.exit_code == 0, result.output
            (place / f"{command[0]}.txt").write_text(result.stdout)
            assert "skipped 1 file, unreadable or too small: broken.jpg" in result.stderr
    return place


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line in a folder that holds a copy of the trained run."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NACRE_DEBUG", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(a) for a in arguments])


def test_commands_say_what_comes_next(folder: Path, pictures: Path) -> None:
    training = (folder / "train.txt").read_text()
    assert "runs/tiny/checkpoint.pt  150 steps" in training
    assert "psnr: " in training
    assert f"nacre export runs/tiny/checkpoint.pt --data {pictures}" in training
    exporting = (folder / "export.txt").read_text()
    assert "weights/gru-conv" in exporting
    assert "licence CC0-1.0" in exporting
    assert "NACRE_WEIGHTS=weights nacre encode" in exporting


def test_training_helped(folder: Path) -> None:
    log = [json.loads(line) for line in (folder / "runs/tiny/log.jsonl").read_text().splitlines()]
    assert log[-1]["kind"] == "validation"
    assert log[-1]["psnr"][0] > 10


def test_the_record_says_how_weights_were_made(folder: Path) -> None:
    weights = folder / "weights" / "gru-conv"
    record = json.loads((weights / "record.json").read_text())
    state = read_checkpoint(folder / "runs/tiny/checkpoint.pt")
    assert record["codec"] == "gru-conv"
    assert record["licence"] == "CC0-1.0"
    assert record["machine"] == "a test"
    assert record["training"]["recipe"] == "tiny"
    assert record["training"]["steps"] == 150
    assert record["training"]["data_sha256"] == state["data"]
    assert record["figures"]["agreement"]["largest_difference"] <= 1e-4
    assert np.abs(record["figures"]["half_precision_psnr_change"]).max() < 0.5
    assert (weights / "recipe.toml").read_text() == TINY
    assert (weights / "log.jsonl").read_bytes() == (folder / "runs/tiny/log.jsonl").read_bytes()
    named = {p.name for p in weights.iterdir()} - {"record.json"}
    assert record["files"].keys() == named
    for name, digest in record["files"].items():
        assert hashlib.sha256((weights / name).read_bytes()).hexdigest() == digest


def test_exported_weights_encode_and_decode(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NACRE_WEIGHTS", str(folder / "weights"))
    info = find_weights("gru-conv")
    assert info.path.is_relative_to(folder)
    assert verify_weights(info) == []
    assert info in list_weights()
    pixels = draw(90, 110, seed=77)
    data = nacre.encode(pixels, codec="gru-conv")
    picture = nacre.decode(data)
    assert picture.size == (110, 90)
    assert nacre.info(data).weights_tag == info.tag
    # A few steps teach it about as much as one color says, which is far from noise.
    one_color = 10 * np.log10(255**2 / ((pixels - pixels.mean((0, 1))) ** 2).mean())
    assert nacre.compare(pixels, picture).psnr > one_color - 1
    assert nacre.decode(data[: len(data) // 2]).size == (110, 90)


def test_a_second_export_has_the_same_tag(run: Run, pictures: Path, tmp_path: Path) -> None:
    result = run("export", "runs/tiny/checkpoint.pt", "--data", pictures, "--out", "again")
    assert result.exit_code == 0, result.output
    first, again = (
        json.loads((tmp_path / root / "gru-conv/record.json").read_text()) for root in ("weights", "again")
    )
    assert first["tag"] == again["tag"]
    assert again["licence"] == "not stated"


def test_weights_that_exist_stay(run: Run, pictures: Path, tmp_path: Path) -> None:
    before = (tmp_path / "weights/gru-conv/record.json").read_bytes()
    result = run("export", "runs/tiny/checkpoint.pt", "--data", pictures)
    assert result.exit_code == ExistsError.exit_code
    assert "-f" in result.stderr
    assert (tmp_path / "weights/gru-conv/record.json").read_bytes() == before
    result = run("export", "runs/tiny/checkpoint.pt", "--data", pictures, "-f")
    assert result.exit_code == 0
    assert (tmp_path / "weights/gru-conv/record.json").read_bytes() != before
    assert [p.name for p in (tmp_path / "weights").iterdir()] == ["gru-conv"]


@pytest.mark.parametrize(
    ("notes", "says"),
    [("{", "is not JSON"), ("[1]", "holds no JSON object"), ('{"tag": "0"}', "may not set tag")],
)
def test_bad_notes_are_refused(run: Run, pictures: Path, tmp_path: Path, notes: str, says: str) -> None:
    (tmp_path / "bad.json").write_text(notes)
    result = run(
        "export", "runs/tiny/checkpoint.pt", "--data", pictures, "--out", "new", "--notes", "bad.json"
    )
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") <= 2
    assert not (tmp_path / "new").exists()


def test_a_disagreement_writes_nothing(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = gru_conv_export.network_files

    def changed(net: GruConv) -> dict[str, bytes]:
        with torch.no_grad():
            files = graphs(net)
            net.decoder.to_rgb.bias.add_(0.01)
        return files

    monkeypatch.setattr(gru_conv_export, "network_files", changed)
    data = CropFolder.load(pictures)
    with pytest.raises(AgreementError, match="is off by"):
        export(tmp_path / "runs/tiny/checkpoint.pt", data, tmp_path / "new", notes={})
    assert not (tmp_path / "new").exists()


def test_export_folder_looks_before_the_work(run: Run, tmp_path: Path) -> None:
    checkpoint = tmp_path / "runs/tiny/checkpoint.pt"
    assert export_folder(checkpoint, tmp_path / "new") == tmp_path / "new" / "gru-conv"
    with pytest.raises(ExistsError):
        export_folder(checkpoint, tmp_path / "weights")
    export_folder(checkpoint, tmp_path / "weights", overwrite=True)


def test_tags_tell_tensors_apart() -> None:
    tensors = {"a": np.zeros((2, 3), np.float32), "b": np.ones(4, np.int8)}
    tag = weights_tag(tensors)
    assert len(bytes.fromhex(tag)) == 4
    assert weights_tag(dict(reversed(tensors.items()))) == tag
    assert weights_tag({"a": np.zeros((3, 2), np.float32).T, "b": tensors["b"]}) == tag
    for other in (
        tensors | {"b": np.zeros(4, np.int8)},
        tensors | {"a": np.zeros((3, 2), np.float32)},
        tensors | {"b": np.ones(4, np.uint8)},
        {"a": tensors["a"], "c": tensors["b"]},
    ):
        assert weights_tag(other) != tag


def test_a_run_goes_on(run: Run, pictures: Path, tmp_path: Path) -> None:
    checkpoint = "runs/tiny/checkpoint.pt"
    lines = (tmp_path / "runs/tiny/log.jsonl").read_text()
    result = run("train", "tiny.toml", "--data", pictures, "--steps", 155, "--resume", checkpoint)
    assert result.exit_code == 0, result.output
    assert "155 steps" in result.stdout
    assert read_checkpoint(tmp_path / checkpoint)["step"] == 155
    assert (tmp_path / "runs/tiny/log.jsonl").read_text().startswith(lines)
    result = run("train", "tiny.toml", "--data", pictures, "--steps", 155, "--resume", checkpoint)
    assert result.exit_code == 2
    assert "has spent 155 steps already" in result.stderr


def test_a_run_that_exists_stays(run: Run, pictures: Path, tmp_path: Path) -> None:
    before = (tmp_path / "runs/tiny/checkpoint.pt").read_bytes()
    shutil.copytree(tmp_path / "runs/tiny", tmp_path / "other")
    for more in (
        (),
        ("--from", "other/checkpoint.pt"),
        ("--resume", "other/checkpoint.pt", "--out", "runs/tiny"),
    ):
        result = run("train", "tiny.toml", "--data", pictures, "--steps", 160, *more)
        assert result.exit_code == ExistsError.exit_code
        assert "--resume runs/tiny/checkpoint.pt" in result.stderr
    assert (tmp_path / "runs/tiny/checkpoint.pt").read_bytes() == before


def test_force_begins_anew_even_from_the_run_itself(run: Run, pictures: Path, tmp_path: Path) -> None:
    checkpoint = "runs/tiny/checkpoint.pt"
    result = run("train", "tiny.toml", "--data", pictures, "--steps", 2, "--from", checkpoint, "-f")
    assert result.exit_code == 0, result.output
    assert read_checkpoint(tmp_path / checkpoint)["step"] == 2
    assert not (tmp_path / "runs/tiny/log.jsonl").exists()


def test_a_new_run_from_another_one(run: Run, pictures: Path, tmp_path: Path) -> None:
    start = "runs/tiny/checkpoint.pt"
    result = run("train", "tiny.toml", "--data", pictures, "--steps", 1, "--from", start, "--out", "new")
    assert result.exit_code == 0, result.output
    old, new = (read_checkpoint(tmp_path / place / "checkpoint.pt") for place in ("runs/tiny", "new"))
    # One step of warm-up moves no weight by more than its rate.
    rate = load_recipe_text("tiny", TINY).optimizer.rate / 5
    for name, value in old["ema"].items():
        assert (new["model"][name] - value).abs().max() <= 1.01 * rate


def test_an_interrupted_run_says_how_to_go_on(
    run: Run, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(trainer: Trainer) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "run", interrupted)
    checkpoint = "runs/tiny/checkpoint.pt"
    result = run("train", "tiny.toml", "--data", pictures, "--steps", 160, "--resume", checkpoint)
    assert result.exit_code == 130
    command = f"nacre train tiny.toml --data {pictures} --steps 160 --resume {checkpoint}"
    assert f"to go on: {command}" in result.stderr
    result = run("train", "tiny.toml", "--data", pictures, "--steps", 160, "--out", "new")
    assert result.exit_code == 130
    assert "to go on" not in result.stderr
