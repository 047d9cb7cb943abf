"""The networks of Toderici et al. (2016): their sizes, their structure, their training, their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learn_examples import draw
from torch import Tensor

import nacre
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_shapes import UNIT_PRESETS, Architecture
from nacre.codecs.recurrent.unit_steps import UnitDecoder, UnitEncoder
from nacre.errors import AgreementError
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import export, network_record, written
from nacre.learn.loop import Trainer
from nacre.learn.losses import LOSSES
from nacre.learn.nets import units_export
from nacre.learn.nets.units import LSTM, Column, UnitNet
from nacre.learn.onnx_files import half_state
from nacre.learn.recipe import load_recipe_text
from nacre.learn.tasks import make_task
from nacre.learn.tasks.units import UnitTask, from_units, to_units
from nacre.runtime.weights import find_weights, verify_weights

ARCHITECTURES: tuple[Architecture, ...] = (
    "residual-fc",
    "lstm-fc",
    "residual-conv",
    "lstm-conv",
    "static-conv",
)
PHASE: dict[str, Any] = {"until": 1.0, "iterations": 3, "crop": 32, "batch": 2}


def make_units(architecture: Architecture, **settings: Any) -> UnitTask:
    torch.manual_seed(5)
    phase = PHASE | ({"iterations": 1} if architecture == "static-conv" else {}) | settings.pop("phase", {})
    return UnitTask(architecture, "tiny", [phase], **settings)


def build(architecture: Architecture, **settings: Any) -> UnitNet:
    net = make_units(architecture, **settings).module.eval()
    assert isinstance(net, UnitNet)
    return net


def some_units(net: UnitNet, count: int = 3, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, net.shape.side, net.shape.side, generator=generator) * 1.8 - 0.9


# Sizes: the tables of recurrent.md 3.3 to 3.6 and 4

ROWS: dict[tuple[Architecture, str], tuple[list[int], list[int]]] = {
    ("residual-fc", "paper"): ([98_816, 262_656, 262_656, 2_052], [2_560, 262_656, 262_656, 98_496]),
    ("residual-fc", "slim"): ([30_880, 25_760, 25_760, 644], [800, 25_760, 25_760, 30_912]),
    ("lstm-fc", "paper"): ([98_816, 2_099_200, 2_099_200, 2_052], [2_560, 2_099_200, 2_099_200, 98_496]),
    ("lstm-fc", "slim"): ([49_408, 525_312, 525_312, 1_028], [1_280, 525_312, 525_312, 49_344]),
    ("residual-conv", "paper"): ([1_792, 147_712, 1_180_160, 4_104], [37_376, 1_179_904, 147_520, 195]),
    ("residual-conv", "slim"): ([1_344, 41_568, 138_400, 1_288], [11_680, 138_336, 41_520, 147]),
    ("lstm-conv", "slim"): ([672, 203_008, 885_248, 1_032], [9_344, 442_624, 76_128, 75]),
    ("static-conv", "slim"): ([1_792, 73_856, 184_480, 161 * 8], [1_440 * 8 + 160, 184_448, 73_792, 195]),
}
TOTALS: dict[tuple[Architecture, str], tuple[int, int]] = {
    ("residual-fc", "paper"): (1_252_548, 20_040_768),
    ("residual-fc", "slim"): (166_276, 2_660_416),
    ("lstm-fc", "paper"): (8_598_724, 8_598_724),
    ("lstm-fc", "slim"): (2_202_308, 2_202_308),
    ("residual-conv", "paper"): (2_698_763, 21_590_104),
    ("residual-conv", "slim"): (374_283, 2_994_264),
    ("lstm-conv", "paper"): (24_967_883, 24_967_883),
    ("lstm-conv", "slim"): (1_618_131, 1_618_131),
    ("static-conv", "paper"): (531_531, 531_531),
    ("static-conv", "slim"): (531_531, 531_531),
}


def size_of(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def unbuilt(architecture: Architecture, preset: str, **settings: Any) -> UnitNet:
    with torch.device("meta"):
        net = UnitTask(architecture, preset, [PHASE | {"iterations": 1}], **settings).module
    assert isinstance(net, UnitNet)
    return net


@pytest.mark.parametrize(("architecture", "preset"), TOTALS)
def test_parameter_counts(architecture: Architecture, preset: str) -> None:
    net = unbuilt(architecture, preset)
    one_stage, all_stages = TOTALS[architecture, preset]
    assert size_of(net) == all_stages
    assert size_of(net.encoders[0]) + size_of(net.decoders[0]) == one_stage
    shared = unbuilt(architecture, preset, stages=1)
    assert size_of(shared) == one_stage
    if (architecture, preset) in ROWS:
        for column, rows in zip((net.encoders[0], net.decoders[0]), ROWS[architecture, preset], strict=True):
            assert isinstance(column, Column)
            assert [n for n in map(size_of, column.layers) if n] == rows


def test_parameter_counts_of_static_conv_with_twice_the_bits() -> None:
    net = unbuilt("static-conv", "slim", bits=16)
    assert size_of(net) == 544_339
    assert size_of(net.encoders) == 1_792 + 73_856 + 184_480 + 161 * 16


def test_stages_of_the_papers_bits() -> None:
    stages = {name: presets["slim"].stages for name, presets in UNIT_PRESETS.items()}
    assert stages == {"residual-fc": 16, "lstm-fc": 1, "residual-conv": 8, "lstm-conv": 1, "static-conv": 1}


# Structure


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_codes_pictures_and_states_have_their_shapes(architecture: Architecture) -> None:
    net = build(architecture)
    shape = net.shape
    units = some_units(net)
    for codes, shown in net(units, 2):
        assert codes.shape == (3, shape.bits, shape.locations, shape.locations)
        assert set(codes.unique().tolist()) <= {-1.0, 1.0}
        assert shown.shape == units.shape
        assert shown.dtype == torch.float32
        for side, value, states in (
            (net.encoders[0], units, shape.encoder_states()),
            (net.decoders[0], codes, shape.decoder_states()),
        ):
            initial = net.initial(units, states)
            assert len(initial) == (4 if shape.memory else 0)
            _, after = side(value, initial)
            assert [s.shape for s in after] == [s.shape for s in initial]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_fewer_iterations_are_a_prefix(architecture: Architecture) -> None:
    net = build(architecture)
    few, many = net(some_units(net), 4), net(some_units(net), 16)
    assert len(many) == 16
    for (codes, shown), (longer_codes, longer_shown) in zip(few, many, strict=False):
        assert torch.equal(codes, longer_codes)
        assert torch.equal(shown, longer_shown)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_units_of_a_batch_are_coded_alone(architecture: Architecture) -> None:
    net = build(architecture)
    one, two = some_units(net, 2, 1), some_units(net, 3, 2)
    alone, together = net(one, 4), net(torch.cat([one, two]), 4)
    for (codes, shown), (all_codes, all_shown) in zip(alone, together, strict=True):
        assert (codes != all_codes[:2]).float().mean() < 0.001
        torch.testing.assert_close(shown, all_shown[:2], atol=1e-5, rtol=0)


@pytest.mark.parametrize("architecture", ARCHITECTURES[:4])
@torch.no_grad()
def test_encoder_sees_what_is_missing(architecture: Architecture) -> None:
    net = build(architecture)
    units = some_units(net)
    missing: list[Tensor] = []
    added: list[Tensor] = []
    for encoder in net.encoders:
        encoder.register_forward_pre_hook(lambda _, inputs: missing.append(inputs[0]))
    for decoder in net.decoders:
        decoder.register_forward_hook(lambda _, inputs, outputs: added.append(outputs[0]))
    shown = [torch.zeros_like(units), *(s for _, s in net(units, 6))]
    residual = units.clone()
    for t in range(6):
        torch.testing.assert_close(missing[t], units - shown[t], atol=1e-5, rtol=0)
        # Without memory stages predict what is missing, and the picture is their sum; else all of it.
        expected = added[t] if net.shape.memory else shown[t] + added[t]
        torch.testing.assert_close(shown[t + 1], expected)
        if not net.shape.memory:
            torch.testing.assert_close(missing[t], residual, atol=1e-5, rtol=0)
            residual = residual - added[t]


@pytest.mark.parametrize("architecture", ["residual-fc", "residual-conv"])
@pytest.mark.parametrize("side", ["encoders", "decoders"])
@torch.no_grad()
def test_stages_change_nothing_before_them(architecture: Architecture, side: str) -> None:
    net, last = build(architecture), UNIT_PRESETS[architecture]["tiny"].stages
    units = some_units(net, 20)
    before = net(units, last + 2)
    for p in getattr(net, side)[last - 1].parameters():
        p.mul_(-1.5)
    after = net(units, last + 2)
    for t in range(last + 2):
        same = torch.equal(before[t][0], after[t][0]) and torch.equal(before[t][1], after[t][1])
        # Iterations beyond the last stage use that one.
        assert same == (t < last - 1)


@pytest.mark.parametrize("architecture", ["residual-fc", "residual-conv"])
@torch.no_grad()
def test_a_shared_stage_changes_all(architecture: Architecture) -> None:
    net = build(architecture, stages=1)
    units = some_units(net, 20)
    before = net(units, 3)
    for p in net.decoders[0].parameters():
        p.mul_(-1.5)
    assert all(not torch.equal(a[1], b[1]) for a, b in zip(before, net(units, 3), strict=True))


@pytest.mark.parametrize("architecture", ["residual-fc", "residual-conv"])
@torch.no_grad()
def test_zero_output_leaves_a_residual_picture_empty(architecture: Architecture) -> None:
    net = build(architecture)
    for decoder in net.decoders:
        for p in decoder.parameters():
            p.zero_()
    assert all(not shown.any() for _, shown in net(some_units(net), 16))


def test_forget_gates_start_open() -> None:
    for architecture in ("lstm-fc", "lstm-conv"):
        net = build(architecture)
        columns = [*net.encoders, *net.decoders]
        cells = [layer for column in columns for layer in column.layers if isinstance(layer, LSTM)]
        assert len(cells) == 4
        for cell in cells:
            bias = cell.inputs.bias
            assert bias is not None
            width = len(bias) // 4
            others = torch.cat([bias[:width], bias[2 * width :]])
            assert bias[width : 2 * width].mean() > others.mean() + 0.5


# Training


@pytest.mark.parametrize("side", [8, 32])
def test_units_are_in_the_order_of_the_codecs_grid(side: int) -> None:
    pictures = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    units = to_units(pictures, side)
    grid = UnitGrid(64, 96, side, 1)
    for i, picture in enumerate(pictures):
        expected = grid.cut(picture.numpy().transpose(1, 2, 0)).reshape(-1, side, side, 3)
        found = units[i * grid.count : (i + 1) * grid.count].numpy().transpose(0, 2, 3, 1)
        np.testing.assert_array_equal(found, expected)
    assert torch.equal(from_units(to_units(pictures[..., :64], side), 64 // side), pictures[..., :64])


def crops_of(count: int, side: int = 32) -> Tensor:
    pictures = np.stack([draw(side, side, seed) for seed in range(count)])
    return torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())


# The weights of ssim-l1 average to one over all thumbnails, so it is no mean over them.
@pytest.mark.parametrize("name", sorted(LOSSES.keys() - {"ssim-l1"}))
@pytest.mark.parametrize("architecture", ["residual-fc", "lstm-conv"])
def test_loss_is_that_of_thumbnails_over_iterations(architecture: Architecture, name: str) -> None:
    task = make_units(architecture, phase={"loss": name, "crop": 64})
    task.module.eval()
    crops = crops_of(2, 64)
    found, figures = task.loss(crops, 0.0)
    net = task.module
    assert isinstance(net, UnitNet)
    per_iteration: list[list[Tensor]] = [[], [], []]
    errors: list[list[Tensor]] = [[], [], []]
    for crop in crops:
        for y in (0, 32):
            for x in (0, 32):
                thumbnail = crop[None, :, y : y + 32, x : x + 32].float() / 255 * 1.8 - 0.9
                units = to_units(thumbnail, net.shape.side)
                for t, (_, shown) in enumerate(net(units, 3)):
                    picture = from_units(shown, 32 // net.shape.side)
                    per_iteration[t].append(LOSSES[name](picture / 1.8, thumbnail / 1.8))
                    errors[t].append(((shown - units) ** 2).mean() / 1.8**2)
    expected = torch.stack([torch.stack(losses).mean() for losses in per_iteration]).mean()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert figures.keys() == {"psnr_1", "psnr_2"}
    assert figures["psnr_2"] == pytest.approx(-10 * np.log10(torch.stack(errors[1]).mean().item()), abs=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_reach_every_weight(architecture: Architecture) -> None:
    task = make_units(architecture)
    loss, _ = task.loss(crops_of(2), 0.0)
    loss.backward()
    silent = [
        name for name, p in task.module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert silent == []


@pytest.mark.parametrize("detach", [False, True])
def test_detached_stages_learn_from_their_own_iteration_alone(detach: bool) -> None:
    net = build("residual-fc")
    units = some_units(net)
    *_, (_, last) = net(units, 3, detach=detach)
    ((units - last) ** 2).mean().backward()
    reached = [
        any(p.grad is not None and p.grad.any() for p in (*encoder.parameters(), *decoder.parameters()))
        for encoder, decoder in zip(net.encoders, net.decoders, strict=True)
    ]
    assert reached == ([False, False, True] if detach else [True, True, True])


def test_noise_is_annealed_within_a_phase() -> None:
    torch.manual_seed(0)
    task = UnitTask("lstm-fc", "tiny", [PHASE | {"until": 0.5}, PHASE | {"noise": 0.2}])
    task.loss(crops_of(1), 0.75)
    assert isinstance(task.module, UnitNet)
    assert task.module.binarizer.noise == pytest.approx(0.6)


@pytest.mark.parametrize("architecture", ["residual-fc", "lstm-conv", "static-conv"])
@torch.no_grad()
def test_validation_measures_rounded_pictures_of_fixed_codes(architecture: Architecture) -> None:
    task = make_units(architecture)
    net = task.module.eval()
    assert isinstance(net, UnitNet)
    # Sides that are no multiple of a thumbnail are cut off.
    pictures = [crops_of(1, 70)[..., :45], crops_of(2, 32)[1:]]
    first, second = task.validate(pictures), task.validate(pictures)
    assert first == second
    curves = []
    for picture in pictures:
        levels = to_units(picture[..., : picture.shape[2] // 32 * 32, :32].float(), net.shape.side)
        units = levels / 255 * 1.8 - 0.9
        shown = [
            ((s.clamp(-0.9, 0.9) + 0.9) / 1.8 * 255).round() for _, s in net(units, net.shape.most_iterations)
        ]
        curves.append([10 * np.log10(255**2 / ((s - levels) ** 2).mean().item()) for s in shown])
    assert len(first["psnr"]) == (1 if architecture == "static-conv" else 16)
    assert first["psnr"] == pytest.approx(np.mean(curves, axis=0), abs=5e-3)
    assert 0 <= first["dead_bits"] <= net.shape.bits


@pytest.mark.parametrize(
    ("architecture", "steps", "least"),
    [("residual-fc", 150, 2.0), ("lstm-fc", 100, 1.0), ("static-conv", 100, 1.0)],
)
def test_a_network_can_learn_ten_crops_by_heart(architecture: Architecture, steps: int, least: float) -> None:
    task = make_units(architecture, phase={"loss": "rms", "noise": 0.2})
    crops, net = crops_of(10), task.module
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)

    def quality() -> float:
        net.eval()
        with torch.no_grad():
            found: float = task.validate([crops])["psnr"][0 if architecture == "static-conv" else 2]
        net.train()
        return found

    colors = crops.float().mean((2, 3), keepdim=True)
    one_color = 10 * np.log10(255**2 / ((crops.float() - colors) ** 2).mean().item())
    before = quality()
    for step in range(steps):
        loss, _ = task.loss(crops, step / steps)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    assert quality() > before + 3
    assert quality() > one_color + least


@pytest.mark.parametrize(
    ("architecture", "settings", "says"),
    [
        ("residual-fc", {"phase": {"masked": 0.1}}, "masked is not for networks of independent units"),
        ("lstm-fc", {"phase": {"iterations": 17}}, "lstm-fc has at most 16 iterations"),
        ("static-conv", {"phase": {"iterations": 2}}, "static-conv has at most 1 iterations"),
        ("lstm-conv", {"phase": {"crop": 48}}, "multiple of 32"),
        ("residual-fc", {"bits": 0}, "whole numbers above 0"),
        ("residual-fc", {"stages": 1.5}, "whole numbers above 0"),
        ("lstm-fc", {"gain": -1.0}, "gain is a number of at least 0"),
        ("lstm-conv", {"gain": "8"}, "gain is a number of at least 0"),
        ("residual-fc", {"phase": {"small": 1.5}}, "shares from 0 to 1"),
    ],
)
def test_bad_settings_are_refused(architecture: Architecture, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make_units(architecture, **settings)


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ValueError, match="preset is one of paper, slim, tiny"):
        UnitTask("lstm-fc", "huge", [PHASE])


# Files


@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        *((a, {}) for a in ARCHITECTURES),
        ("residual-conv", {"stages": 1}),
        ("residual-fc", {"gain": 8.0}),
        ("lstm-conv", {"gain": 8.0}),
        ("static-conv", {"bits": 16}),
    ],
)
@torch.no_grad()
def test_files_compute_what_torch_does(
    architecture: Architecture, settings: dict[str, Any], tmp_path: Path
) -> None:
    net = build(architecture, **settings)
    for decoder in net.decoders:
        # Initial weights hardly move the picture; these do.
        last = [layer for layer in decoder.layers if hasattr(layer, "weight")][-1]
        last.weight.mul_(6)
    net.load_state_dict(half_state(net, 1))
    info = written(units_export.network_files(net), tmp_path, architecture, network_record(net.shape))
    encoder, decoder = UnitEncoder(info, 1), UnitDecoder(info, 1)
    units = some_units(net, 40)
    encoding, decoding = encoder.initial(40), decoder.initial(40)
    shown, before = np.zeros(units.shape, np.float32), torch.zeros_like(units)
    flips = bits = 0
    for t, (codes, expected) in enumerate(net(units, net.shape.most_iterations)):
        ours = codes.permute(0, 2, 3, 1).numpy().astype(np.int8)
        theirs, encoding = encoder(t, (units - before).numpy(), encoding)
        assert theirs.dtype == np.int8
        flips, bits = flips + int((ours != theirs).sum()), bits + ours.size
        shown, decoding = decoder(t, ours, shown, decoding)
        before = expected
    assert np.ptp(before.numpy()) > 0.2
    assert np.abs(shown - before.numpy()).max() <= 1e-4
    # Only values next to zero may round to another side.
    assert flips <= bits / 1000


@torch.no_grad()
def test_fit_codes_lie_on_the_grid_of_the_codec(crops: CropFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units_export, "FIT_PICTURES", 2)
    for architecture, shape in (("lstm-fc", (16, 8, 8, 4)), ("residual-conv", (16, 8, 8, 8))):
        net = build(architecture)  # type: ignore[arg-type]
        for p in net.encoders.parameters():
            p.mul_(4)  # initial weights give the same codes everywhere
        first, second = units_export.fit_codes(net, crops)
        assert first.shape == second.shape == shape
        assert first.dtype == np.int8
        assert set(np.unique(first)) <= {-1, 1}
        assert not np.array_equal(first, second)


RECIPE = """
family = "residual-fc"
variant = "test"
seed = 3
preset = "tiny"
[optimizer]
rate = 5e-3
warmup = 5
[[phases]]
until = 1.0
iterations = 3
crop = 32
batch = 4
small = 0.0
"""


def trained(crops: CropFolder, place: Path) -> Path:
    recipe = load_recipe_text("tiny", RECIPE)
    return Trainer(make_task(recipe), recipe, crops, place, steps=20, precision="32-true").run()


def test_exported_weights_of_a_variant_encode_and_decode(
    crops: CropFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units_export, "FIT_PICTURES", 4)
    checkpoint = trained(crops, tmp_path / "run")
    folder = export(checkpoint, crops, tmp_path / "weights", notes={"licence": "CC0-1.0"})
    assert folder == tmp_path / "weights" / "residual-fc-test"
    record = json.loads((folder / "record.json").read_text())
    assert record["codec"] == "residual-fc"
    assert record["figures"]["agreement"]["largest_difference"] <= 1e-4
    assert np.abs(record["figures"]["half_precision_psnr_change"]).max() < 0.5
    assert record["network"]["stages"] == 3
    again = export(checkpoint, crops, tmp_path / "again", notes={})
    assert json.loads((again / "record.json").read_text())["tag"] == record["tag"]

    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path / "weights"))
    info = find_weights("residual-fc", bytes.fromhex(record["tag"]))
    assert (info.name, info.codec) == ("residual-fc-test", "residual-fc")
    assert verify_weights(info) == []
    # Under the family's own name the same weights serve its codec.
    folder.rename(folder.with_name("residual-fc"))
    picture = draw(50, 60, seed=77)
    made = nacre.compress(picture, codec="residual-fc", iterations=4, threads=1)
    assert nacre.info(made.data).weights_tag == record["tag"]
    assert nacre.compare(picture, nacre.decode(made.data, threads=1)).psnr == pytest.approx(
        made.psnr, abs=0.02
    )


def test_a_disagreement_writes_nothing(
    crops: CropFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = units_export.network_files

    def changed(net: UnitNet) -> dict[str, bytes]:
        with torch.no_grad():
            files = graphs(net)
            for p in net.decoders[1].parameters():
                p.add_(0.01)
        return files

    monkeypatch.setattr(units_export, "network_files", changed)
    with pytest.raises(AgreementError, match="is off by"):
        export(trained(crops, tmp_path / "run"), crops, tmp_path / "new", notes={})
    assert not (tmp_path / "new").exists()
