"""What is installed, as ``nacre doctor`` tells it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import Result

import nacre

Run = Callable[..., Result]


def test_what_is_installed(run: Run) -> None:
    found = json.loads(run("doctor", "--json").stdout)
    assert found["version"] == nacre.__version__
    assert found["packages"]["pillow"] == metadata.version("pillow")
    assert set(found["extras"]) == {"bench", "train"}
    assert "torch" in found["extras"]["train"]
    assert "CPUExecutionProvider" in found["providers"]
    assert found["threads"] >= 1
    assert {"progressive", "gru-conv"} <= {weights["name"] for weights in found["weights"]}
    assert found["problems"] == []
    result = run("doctor")
    assert result.exit_code == 0
    for words in (f"nacre         {nacre.__version__}", "onnxruntime ", "extra train", "fine"):
        assert words in result.stdout


def test_an_extra_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without_torch(name: str) -> str:
        if name == "torch":
            raise metadata.PackageNotFoundError
        return version(name)

    monkeypatch.setattr(metadata, "version", without_torch)
    result = run("doctor")
    assert result.exit_code == 0  # nobody needs it to code pictures
    assert 'not installed: torch (pip install "nacre[train]")' in result.stdout


def test_damaged_weights(run: Run, tmp_path: Path, tiny_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(tiny_root / "gru-conv", tmp_path / "weights" / "gru-conv")
    (tmp_path / "weights" / "gru-conv" / "decoder.onnx").write_bytes(b"damaged")
    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path / "weights"))
    result = run("doctor")
    assert result.exit_code == 5
    assert (
        result.stderr == "nacre: The weights file decoder.onnx of gru-conv is damaged; install nacre again.\n"
    )
    first = next(line for line in result.stdout.splitlines() if line.startswith("gru-conv"))
    assert "damaged" in first
    (tmp_path / "weights" / "gru-conv" / "record.json").write_text("{")
    result = run("doctor", "--json")
    assert result.exit_code == 5
    assert json.loads(result.stdout)["weights"] == []
