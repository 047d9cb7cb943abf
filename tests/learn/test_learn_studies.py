"""Studies of trained networks: what they measure, and the pages that the bench makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from learn_examples import TINY, draw
from PIL import Image
from test_learn_tables import send, smooth_codes

from nacre.bench import gru_conv_entropy, gru_conv_training
from nacre.codecs.recurrent.presets import MAX_ITERATIONS
from nacre.errors import UsageError
from nacre.learn import mix_fit
from nacre.learn.code_tables import fit_tables
from nacre.learn.data.crops import CropFolder
from nacre.learn.loop import CHECKPOINT, Trainer
from nacre.learn.nets import gru_conv_export
from nacre.learn.recipe import RECIPES, load_recipe, load_recipe_text
from nacre.learn.studies import entropy, training
from nacre.learn.studies.checkpoints import averaged
from nacre.learn.studies.codes import CodeSet
from nacre.learn.tasks import make_task
from nacre.picture import metrics

STUDY = sorted(path.stem for path in (RECIPES / "study").glob("*.toml"))


def tiny_run(folder: Path, crops: CropFolder, steps: int = 2, changes: tuple[str, str] = ("", "")) -> Path:
    recipe = load_recipe_text(f"tiny-{folder.name}", TINY.replace(*changes))
    Trainer(make_task(recipe), recipe, crops, folder, steps=steps, precision="32-true").run()
    return folder


@pytest.fixture(scope="module")
def run(crops: CropFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(tmp_path_factory.mktemp("runs") / "plain", crops)


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    folder = tmp_path / "held out"
    folder.mkdir()
    for seed in range(2):
        Image.fromarray(draw(100, 112, 10 + seed)).save(folder / f"{seed}.png")
    return folder


def test_coded_bits_are_those_of_the_stream() -> None:
    tables = fit_tables(smooth_codes(8, seed=0, iterations=3))
    (codes,) = smooth_codes(1, seed=1, iterations=3)
    bits = entropy.coded_bits(codes, tables)
    assert bits.shape == (3,)
    assert abs(bits.sum() / 8 - len(send(codes, tables))) <= 1
    first = len(send(codes[:1], tables))
    assert abs(bits[0] / 8 - first) <= 1


def test_codes_are_those_of_the_network(run: Path, held_out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru_conv_export, "FIT_PICTURES", 3)
    found = averaged(run / CHECKPOINT)
    pictures = CropFolder.load(held_out)
    codes = CodeSet.of(found.net, pictures, pictures)
    assert [each.shape for each in codes.learned] == [(MAX_ITERATIONS, 6, 6, 8)] * 3
    assert [each.shape for each in codes.measured] == [(MAX_ITERATIONS, 6, 7, 8)] * 2
    assert set(np.unique(codes.measured[0])) == {-1, 1}
    assert not np.array_equal(codes.measured[0], codes.measured[1])


def test_entropy_from_a_checkpoint_to_the_page(
    run: Path, held_out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gru_conv_export, "FIT_PICTURES", 7)
    monkeypatch.setattr(mix_fit, "STEPS", 2)
    out = tmp_path / "results" / "entropy.json"
    places = ["--data", str(held_out), "--test", str(held_out), "--out", str(out)]
    done = CliRunner().invoke(entropy.main, [str(run / CHECKPOINT), *places, "--minutes", "0.0001"])
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text())
    assert (found["recipe"], found["steps"], found["pictures"], found["crops"]) == ("tiny-plain", 2, 2, 7)
    assert [row["codes"] for row in found["iterations"]] == [2 * 6 * 7 * 8] * MAX_ITERATIONS
    assert all(row[f"{name}_bits"] > 0 for row in found["iterations"] for name in gru_conv_entropy.MODELS)
    text = gru_conv_entropy.as_markdown(found)
    assert "1 step of 8 of 7 crops of 96x96 training pixels" in text
    assert "| 16 | " in text


def test_a_run_is_described_by_what_it_shows(run: Path, held_out: Path) -> None:
    pictures = CropFolder.load(held_out)
    found = training.describe(run, pictures)
    assert (found["run"], found["recipe"], found["steps"]) == ("plain", "tiny-plain", 2)
    assert found["unrolled"] == 4
    assert found["bpp"] == [1 / 32, 1 / 16, 1 / 8, 1 / 4]
    assert [each["priming"] for each in found["quality"]] == [0]
    net = averaged(run / CHECKPOINT).net
    psnr = []
    for picture in pictures.pictures:
        original = picture[2:98]
        x = torch.from_numpy(original.transpose(2, 0, 1).copy())[None].float() / 255 - 0.5
        with torch.no_grad():
            *_, (_, shown) = net.iterations(x, 2)
        levels = ((shown[0].numpy().transpose(1, 2, 0) + 0.5) * 255).round().clip(0, 255).astype(np.uint8)
        psnr.append(metrics.psnr(original, levels))
    assert found["quality"][0]["psnr"][1] == pytest.approx(np.mean(psnr), abs=0.01)


def test_a_run_that_learned_priming_is_measured_with_it(
    crops: CropFolder, held_out: Path, tmp_path: Path
) -> None:
    primed = tiny_run(tmp_path / "primed", crops, changes=("masked = 0.3", "primed = 0.5"))
    plain, three = training.describe(primed, CropFolder.load(held_out))["quality"]
    assert (plain["priming"], three["priming"]) == (0, 3)
    assert plain["psnr"] != three["psnr"]


def test_training_from_runs_to_the_page(run: Path, crops: CropFolder, held_out: Path, tmp_path: Path) -> None:
    other = tiny_run(tmp_path / "other", crops, steps=3)
    out = tmp_path / "training.json"
    runs = ["--start", str(run), "--loss", str(run), "--loss", str(other), "--reconstruction", str(other)]
    places = ["--pictures", str(held_out), "--out", str(out)]
    done = CliRunner().invoke(training.main, [*runs, *places])
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text())
    assert [each["run"] for each in found["losses"]] == ["plain", "other"]
    text = gru_conv_training.as_markdown(found)
    assert text.count("| `plain` | `tiny-plain` |") == 2
    assert text.count("| `other` | `tiny-other` |") == 2


@pytest.mark.parametrize("command", [entropy.main, training.main])
def test_what_is_no_run_ends_in_a_sentence(command: object, held_out: Path, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"no checkpoint")
    out = tmp_path / "out.json"
    if command is entropy.main:
        arguments = [str(tmp_path / CHECKPOINT), "--data", str(held_out), "--test", str(held_out)]
    else:
        arguments = ["--loss", str(tmp_path), "--pictures", str(held_out)]
    done = CliRunner().invoke(command, [*arguments, "--out", str(out)])  # type: ignore[call-overload]
    assert done.exit_code > 1
    assert "is not a nacre checkpoint" in done.output
    assert not out.exists()


def test_runs_of_other_families_are_refused(crops: CropFolder, tmp_path: Path) -> None:
    text = TINY.replace('family = "gru-conv"', 'family = "residual-fc"').replace('"tiny"', '"slim"')
    recipe = load_recipe_text("other", text.replace("masked = 0.3", ""))
    Trainer(make_task(recipe), recipe, crops, tmp_path, steps=1, precision="32-true").run()
    with pytest.raises(UsageError, match="is a run of residual-fc; give one of gru-conv"):
        averaged(tmp_path / CHECKPOINT)


def test_recipes_of_the_study_differ_in_one_line() -> None:
    kinds = ("l1", "l2", "rms", "rms-ms-ssim", "rms-ssim", "ssim-l1")
    assert sorted(f"gru-conv-{kind}" for kind in (*kinds, "additive", "one-shot")) == STUDY
    losses = {kind: load_recipe(f"study/gru-conv-{kind}") for kind in kinds}
    for kind, recipe in losses.items():
        assert recipe.text.replace(f'loss = "{kind}"', "") == losses["l1"].text.replace('loss = "l1"', "")
        assert make_task(recipe).phase(0).loss == kind
    ways = {kind: load_recipe(f"study/gru-conv-{kind}") for kind in ("additive", "one-shot")}
    assert ways["additive"].text.replace("additive", "") == ways["one-shot"].text.replace("one-shot", "")
    assert all(recipe.task["reconstruction"] == kind for kind, recipe in ways.items())


def test_redrawing_the_picture_can_be_learned(crops: CropFolder, tmp_path: Path) -> None:
    changes = ('preset = "tiny"', 'preset = "tiny"\nreconstruction = "one-shot"')
    pictures = CropFolder(crops.pictures, "", ())
    few, many = (
        training.describe(tiny_run(tmp_path / str(steps), crops, steps, changes), pictures)
        for steps in (1, 60)
    )
    assert many["quality"][0]["psnr"][2] > few["quality"][0]["psnr"][2] + 1
