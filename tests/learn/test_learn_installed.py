"""Weights that come back from installed files are those that went in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from learn_examples import TINY
from progressive_examples import TINY as PROGRESSIVE
from torch import Tensor, nn

from nacre.cli import main
from nacre.codecs.progressive.hyper import HYPER_FILE
from nacre.errors import UsageError, WeightsError
from nacre.learn.export import network_record, written
from nacre.learn.loop import CHECKPOINT, read_checkpoint
from nacre.learn.nets import gru_conv_export, progressive_export, units_export
from nacre.learn.nets.progressive import Progressive
from nacre.learn.nets.progressive_export import integer_hyper
from nacre.learn.onnx_files import half_state
from nacre.learn.recipe import Recipe, load_recipe_text
from nacre.learn.tasks import make_task, read_weights
from nacre.runtime.weights import WeightsInfo, open_weights

GOLDEN = Path(__file__).parents[1] / "golden" / "weights"
PHASE = "[[phases]]\nuntil = 1.0\niterations = 1\ncrop = 32\nbatch = 2\n"
UNITS = ("residual-fc", "lstm-fc", "residual-conv", "lstm-conv", "static-conv")


def recipe_of(family: str) -> Recipe:
    texts = {"gru-conv": TINY, "progressive": PROGRESSIVE}
    return load_recipe_text("tiny", texts.get(family, f'family = "{family}"\npreset = "tiny"\n{PHASE}'))


@torch.no_grad()
def trained(recipe: Recipe) -> nn.Module:
    """The recipe's network with other weights than its seed draws."""
    net = make_task(recipe).module
    torch.manual_seed(9)
    for name, weight in net.state_dict().items():
        weight.add_(0.1 * torch.rand_like(weight) * (not name.startswith("prior")))
    return net


def installed(net: nn.Module, family: str, folder: Path) -> WeightsInfo:
    exporters = {"gru-conv": gru_conv_export, "progressive": progressive_export}
    files = exporters.get(family, units_export).network_files(net)
    if isinstance(net, Progressive):
        files[HYPER_FILE] = integer_hyper(net).packed()
    return written(files, folder, family, network_record(net.shape))


def read(recipe: Recipe, info: WeightsInfo) -> dict[str, Tensor]:
    return read_weights(recipe, make_task(recipe), info)


@pytest.mark.parametrize("family", ["gru-conv", *UNITS])
def test_weights_come_back_as_files_hold_them(family: str, tmp_path: Path) -> None:
    recipe = recipe_of(family)
    net = trained(recipe)
    found = read(recipe, installed(net, family, tmp_path))
    expected = half_state(net, 64 if family == "gru-conv" else 1)
    assert found.keys() == expected.keys()
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, rtol=2**-11, atol=0, msg=name)


@torch.no_grad()
def test_progressive_comes_back_but_for_its_prior(tmp_path: Path) -> None:
    recipe = recipe_of("progressive")
    net = trained(recipe)
    assert isinstance(net, Progressive)
    task = make_task(recipe)
    found = read_weights(recipe, task, installed(net, "progressive", tmp_path))
    expected = half_state(net)
    assert found.keys() == expected.keys()
    for name, weight in expected.items():
        if not name.startswith(("hyper_synthesis", "cell_scales")):
            torch.testing.assert_close(found[name], weight, rtol=2**-11, atol=0, msg=name)
    # What the codec computes in integers is the same once it is exported again.
    task.module.load_state_dict(found)
    before, after = integer_hyper(net), integer_hyper(task.module)  # type: ignore[arg-type]
    for name, integers in before.arrays().items():
        assert (integers == after.arrays()[name]).all(), name


@pytest.mark.parametrize(
    "change", ['preset = "slim"', 'preset = "tiny"\ngain = 8.0', 'preset = "tiny"\ncell = "lstm"']
)
def test_another_network_is_refused(tmp_path: Path, change: str) -> None:
    info = installed(trained(recipe_of("gru-conv")), "gru-conv", tmp_path)
    other = load_recipe_text("other", TINY.replace('preset = "tiny"', change))
    with pytest.raises(UsageError, match="another network than the recipe builds"):
        read(other, info)
    with pytest.raises(UsageError, match="give weights of lstm-fc"):
        read(recipe_of("lstm-fc"), info)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    info = installed(trained(recipe_of("gru-conv")), "gru-conv", tmp_path)
    (tmp_path / "decoder.onnx").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match=r"decoder\.onnx of gru-conv is damaged"):
        read(recipe_of("gru-conv"), info)


@pytest.mark.parametrize("named", [True, False])
def test_a_run_begins_from_installed_weights(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.setenv("NACRE_WEIGHTS", str(GOLDEN))
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(TINY.replace("rate = 5e-3", "rate = 0.0\nfloor = 0.0"))
    start = "gru-conv" if named else GOLDEN / "gru-conv"
    options = ["--data", str(pictures), "--steps", "2", "--from", str(start), "--out", "run"]
    result = CliRunner().invoke(main, ["train", "tiny.toml", *options])
    assert result.exit_code == 0, result.output
    averaged = read_checkpoint(Path("run") / CHECKPOINT)["ema"]
    for name, weight in read(recipe_of("gru-conv"), open_weights(GOLDEN / "gru-conv")).items():
        assert torch.equal(averaged[name], weight), name


def test_a_folder_with_a_damaged_record_is_refused(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(GOLDEN / "gru-conv", "weights")
    Path("weights/record.json").write_text("{")
    Path("tiny.toml").write_text(TINY)
    result = CliRunner().invoke(main, ["train", "tiny.toml", "--data", str(pictures), "--from", "weights"])
    assert result.exit_code == 5
    assert "record of the weights in weights cannot be read" in result.stderr
