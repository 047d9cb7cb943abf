"""What `nacre train` and `nacre export` refuse, in a sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from learn_examples import TINY

from nacre.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("NACRE_DEBUG", "NACRE_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "data").mkdir()
    (tmp_path / "checkpoint.pt").write_text("no checkpoint")

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return invoke


TRAIN = ["train", "tiny.toml", "--data", "data"]
BOTH = ["--from", "checkpoint.pt", "--resume", "checkpoint.pt"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["train", "gru-cony", "--data", "data"], 2, "There is no recipe 'gru-cony'"),
        (["train", "tiny.toml", "--data", "nowhere"], 2, "does not exist"),
        (["train", "tiny.toml"], 2, "Missing option '--data'"),
        (TRAIN, 6, "no picture of at least 32 x 32"),
        ([*TRAIN, "--steps", "1", "--minutes", "1"], 2, "exclude each other"),
        ([*TRAIN, "--steps", "0"], 2, "--steps"),
        ([*TRAIN, "--minutes", "nan"], 2, "--minutes"),
        ([*TRAIN, *BOTH], 2, "--from and --resume exclude"),
        ([*TRAIN, "--from", "checkpoint.pt", "--out", "x"], 3, "not a nacre checkpoint"),
        ([*TRAIN, "--from", "nothing.pt", "--out", "x"], 2, "'nothing.pt' is no checkpoint"),
        ([*TRAIN, "--from", "lstm-fc", "--out", "x"], 2, "give weights of gru-conv"),
        ([*TRAIN, "--from", "gru-conv", "--out", "x"], 2, "another network than the recipe builds"),
        ([*TRAIN, "--resume", "checkpoint.pt"], 3, "not a nacre checkpoint"),
        ([*TRAIN, "--precision", "16-mixed"], 2, "--precision"),
        (["export", "checkpoint.pt", "--data", "data"], 3, "not a nacre checkpoint"),
        (["export", "nothing.pt", "--data", "data"], 2, "does not exist"),
        (["export", "checkpoint.pt"], 2, "Missing option '--data'"),
    ],
)
def test_refusals(run: Run, tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = run(*arguments)
    assert result.exit_code == code
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert sorted(tmp_path.rglob("*")) == before


def test_no_cuda_device(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = run("train", "tiny.toml", "--data", "data", "--device", "cuda")
    assert result.exit_code == 2
    assert "--device cpu" in result.stderr


@pytest.mark.parametrize("missing", ["torch", "lightning_fabric", "onnx"])
@pytest.mark.parametrize("command", [["train", "tiny.toml"], ["export", "checkpoint.pt"]])
def test_without_the_extra(
    run: Run, monkeypatch: pytest.MonkeyPatch, missing: str, command: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    result = run(*command, "--data", "data")
    assert result.exit_code == 2
    assert result.stderr == f"nacre: Training needs {missing}; run: pip install nacre[train]\n"


@pytest.mark.parametrize("command", ["train", "export"])
def test_help_needs_no_torch(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    for name in ("torch", "lightning_fabric", "onnx", "nacre.learn"):
        monkeypatch.setitem(sys.modules, name, None)
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "CHECKPOINT" in result.stdout
