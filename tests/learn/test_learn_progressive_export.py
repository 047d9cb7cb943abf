"""From a run of `progressive` to files that the codec runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from learn_examples import draw
from progressive_examples import TINY

import nacre
from nacre.codecs.progressive.hyper import MOST, load_hyper
from nacre.codecs.progressive.hyper_contexts import load_hyper_contexts
from nacre.codecs.progressive.shapes import HYPER_MOST, PRESETS
from nacre.codecs.progressive.tables import CLASS_BEGIN, CLASS_STEPS
from nacre.coding.stream import FINE_TOTAL
from nacre.errors import AgreementError
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import export
from nacre.learn.loop import Trainer
from nacre.learn.nets import progressive_export
from nacre.learn.nets.progressive import Progressive
from nacre.learn.nets.progressive_export import integer_hyper
from nacre.learn.recipe import load_recipe_text
from nacre.learn.tasks import make_task
from nacre.learn.tasks import progressive as task_module
from nacre.runtime.integer import EXACT
from nacre.runtime.weights import find_weights, verify_weights


@pytest.fixture(scope="module", autouse=True)
def _few_crops() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progressive_export, "FIT_CROPS", 8)
        patch.setattr(task_module, "_KLT_CROPS", 24)
        yield


@pytest.fixture(scope="module")
def data() -> CropFolder:
    return CropFolder(tuple(draw(96, 128, seed) for seed in range(6)), "six pictures", ())


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, data: CropFolder) -> Path:
    recipe = load_recipe_text("tiny", TINY)
    run = Trainer(
        make_task(recipe), recipe, data, tmp_path_factory.mktemp("run"), steps=12, precision="32-true"
    )
    return run.run()


@pytest.fixture(scope="module")
def root(checkpoint: Path, data: CropFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    export(checkpoint, data, folder, notes={"licence": "CC0-1.0"})
    return folder


def test_exported_weights_encode_and_decode(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NACRE_WEIGHTS", str(root))
    info = find_weights("progressive")
    assert info.path.is_relative_to(root)
    assert verify_weights(info) == []
    pixels = draw(90, 110, seed=77)
    encoded = nacre.compress(pixels, codec="progressive", threads=1)
    picture = nacre.decode(encoded.data, threads=1)
    assert picture.size == (110, 90)
    assert nacre.info(encoded.data).weights_tag == info.tag
    found = nacre.compare(pixels, picture).psnr
    assert found == pytest.approx(encoded.psnr, abs=0.02)
    one_color = 10 * np.log10(255**2 / ((pixels - pixels.mean((0, 1))) ** 2).mean())
    assert found > one_color + 3
    half = nacre.compare(pixels, nacre.decode(encoded.data[: len(encoded.data) // 2], threads=1)).psnr
    assert one_color < half <= found


def test_the_record_says_what_rounding_changed(root: Path) -> None:
    record = json.loads((root / "progressive" / "record.json").read_text())
    assert record["codec"] == "progressive"
    assert record["network"]["channels"] == PRESETS["tiny"].channels
    agreement = record["figures"]["agreement"]
    assert agreement["analysis"] < 2e-3
    assert agreement["synthesis"] < 2e-3
    # Means in sixteenths of a step, and classes of a sixth of an octave.
    assert agreement["mean"] < 0.1
    assert agreement["class"] < 0.3
    assert np.abs(record["figures"]["half_precision_psnr_change"]).max() < 0.2
    networks = {"analysis.onnx", "hyper_analysis.onnx", "synthesis.onnx"}
    assert networks | {"hyper.npz", "hyper_contexts.npz", "tables.npz"} <= set(record["files"])


def test_contexts_are_fitted_to_what_pictures_gave(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NACRE_WEIGHTS", str(root))
    contexts = load_hyper_contexts(find_weights("progressive"))
    assert contexts.constants.shape == (6,)
    assert (contexts.weights >= 1).all()
    assert (contexts.weights.sum(2) == FINE_TOTAL).all()


def test_a_second_export_has_the_same_tag(
    root: Path, checkpoint: Path, data: CropFolder, tmp_path: Path
) -> None:
    again = export(checkpoint, data, tmp_path, notes={})
    first, second = (json.loads((p / "record.json").read_text()) for p in (root / "progressive", again))
    assert first["tag"] == second["tag"]


def test_a_disagreement_writes_nothing(
    checkpoint: Path, data: CropFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = progressive_export.network_files

    def changed(net: Progressive) -> dict[str, bytes]:
        files = graphs(net)
        with torch.no_grad():
            net.synthesis.linear.weight.mul_(1.1)
        return files

    monkeypatch.setattr(progressive_export, "network_files", changed)
    with pytest.raises(AgreementError, match="are off by"):
        export(checkpoint, data, tmp_path / "new", notes={})
    assert not (tmp_path / "new").exists()


# Integers


def some_net() -> Progressive:
    torch.manual_seed(3)
    net = Progressive(PRESETS["tiny"]).eval().requires_grad_(False)
    with torch.no_grad():
        net.cell_scales.copy_(torch.rand(8, 4, 4) * 40 + 0.5)
        for p in net.hyper_synthesis.parameters():
            p.add_(0.05 * torch.randn_like(p))
    return net


def test_integers_predict_what_the_network_does() -> None:
    net = some_net()
    hyper = integer_hyper(net)
    sent = torch.randint(-6, 7, (6, 3, 4))
    means, classes = hyper.predict(sent.numpy().astype(np.int8))
    with torch.no_grad():
        mean, deviation = (t[0].numpy() for t in net.predicted(sent[None].float()))
    scale = net.tiled_scales(12, 16).numpy()
    assert np.abs((means / 16 - mean) / scale).max() < 0.1
    expected = np.clip(np.rint(CLASS_STEPS * np.log2(deviation) + CLASS_BEGIN), 0, 72)
    assert np.abs(expected - classes).max() <= 1
    assert (expected != classes).mean() < 0.2


def test_sums_stay_in_the_exact_range() -> None:
    hyper = integer_hyper(some_net())
    bounds = [layer.bound(most) for layer, most in zip(hyper.layers, (HYPER_MOST, MOST, MOST), strict=True)]
    assert max(bounds) < EXACT
    assert (hyper.shifts >= 0).all()
    for weights in (hyper.weights1, hyper.weights2, hyper.weights3):
        # Eight bits are used, and their scale is a power of two.
        assert 64 <= np.abs(weights.astype(int)).max() <= 127


@pytest.mark.parametrize("layer", ["first", "second", "last"])
def test_weights_that_are_too_large_are_refused(layer: str) -> None:
    net = some_net()
    with torch.no_grad():
        getattr(net.hyper_synthesis, layer).weight[0, 0, 0, 0] = 500.0
    with pytest.raises(AgreementError, match=r"is 500, too large for 8-bit integers; train it anew"):
        integer_hyper(net)


def test_sums_beyond_the_exact_range_are_refused() -> None:
    net = some_net()
    with torch.no_grad():
        net.hyper_synthesis.second.bias[1] = 1e13
    with pytest.raises(AgreementError, match="may leave the exact range"):
        integer_hyper(net)


def test_files_of_the_store_are_the_integers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NACRE_WEIGHTS", str(root))
    hyper = load_hyper(find_weights("progressive"))
    assert (hyper.weights1.dtype, hyper.scales.dtype) == (np.int8, np.int32)
    assert hyper.weights3.shape == (16, 8, 1, 1)
