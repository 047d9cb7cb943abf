"""Structure of the networks; weights are random, nothing is trained."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from nacre.codecs.recurrent.presets import PRESETS, Cell, Reconstruction
from nacre.codecs.recurrent.steps import DecoderStep, EncoderStep, signs
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import network_record
from nacre.learn.nets import gru_conv_export
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.onnx_files import half_state
from nacre.runtime.weights import WeightsInfo


def build(
    preset: str = "tiny", cell: Cell = "residual-gru", reconstruction: Reconstruction = "additive"
) -> GruConv:
    torch.manual_seed(5)
    shape = dataclasses.replace(PRESETS[preset], cell=cell, reconstruction=reconstruction)
    net = GruConv(shape).eval()
    # Initial weights hardly move the picture; these do.
    torch.nn.init.normal_(net.decoder.to_rgb.weight, std=0.5)
    return net


def picture(height: int = 48, width: int = 64, count: int = 1) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1)) - 0.5


@pytest.mark.parametrize(
    ("preset", "cell", "encoder", "decoder", "total"),
    [
        ("paper", "lstm", 17_128_224, 18_339_939, 35_468_163),
        ("paper", "gru", 12_850_720, 13_759_203, 26_609_923),
        ("paper", "residual-gru", 13_850_144, 14_734_051, 28_584_195),
        ("slim", "residual-gru", 1_037_024, 1_237_367, 2_274_391),
    ],
)
def test_parameter_counts(preset: str, cell: Cell, encoder: int, decoder: int, total: int) -> None:
    with torch.device("meta"):
        net = GruConv(dataclasses.replace(PRESETS[preset], cell=cell))
    assert sum(p.numel() for p in net.encoder.parameters()) == encoder
    assert sum(p.numel() for p in net.decoder.parameters()) == decoder
    assert sum(p.numel() for p in net.parameters()) == total


@pytest.mark.parametrize(("preset", "bits"), [("tiny", 8), ("slim", 32)])
@torch.no_grad()
def test_codes_and_pictures_have_their_shapes(preset: str, bits: int) -> None:
    for codes, shown in build(preset).iterations(picture(32, 80, 2), 2):
        assert codes.shape == (2, bits, 2, 5)
        assert set(codes.unique().tolist()) <= {-1.0, 1.0}
        assert shown.shape == (2, 3, 32, 80)
        assert shown.dtype == torch.float32


@torch.no_grad()
def test_states_have_the_declared_shapes() -> None:
    for cell in ("residual-gru", "gru", "lstm"):
        net = build(cell=cell)
        x = picture()
        states = net.encoder.initial(x)
        codes, after = net.encoder(x, states)
        assert [s.shape for s in after] == [s.shape for s in states]
        states = net.decoder.initial(codes)
        _, after = net.decoder(codes, x, states)
        assert [s.shape for s in after] == [s.shape for s in states]


@pytest.mark.parametrize("reconstruction", ["additive", "one-shot"])
@torch.no_grad()
def test_fewer_iterations_are_a_prefix(reconstruction: Reconstruction) -> None:
    net = build(reconstruction=reconstruction)
    few, many = net(picture(), 4), net(picture(), 16)
    assert len(many) == 16
    for (codes, shown), (longer_codes, longer_shown) in zip(few, many, strict=False):
        assert torch.equal(codes, longer_codes)
        assert torch.equal(shown, longer_shown)


@torch.no_grad()
def test_every_picture_starts_from_empty_states() -> None:
    net = build()
    alone = net(picture(), 3)
    net(torch.rand(1, 3, 48, 64) - 0.5, 3)
    for (codes, _), (again, _) in zip(alone, net(picture(), 3), strict=True):
        assert torch.equal(codes, again)


@pytest.mark.parametrize("reconstruction", ["additive", "one-shot"])
@torch.no_grad()
def test_encoder_sees_what_is_missing(reconstruction: Reconstruction) -> None:
    net, x = build(reconstruction=reconstruction), picture()
    residuals: list[Tensor] = []
    net.encoder.register_forward_pre_hook(lambda _, inputs: residuals.append(inputs[0]))
    shown = [torch.zeros_like(x), *(s for _, s in net(x, 6))]
    for residual, before in zip(residuals, shown[:-1], strict=True):
        torch.testing.assert_close(residual, x - before, atol=1e-5, rtol=0)


@torch.no_grad()
def test_only_the_additive_decoder_needs_the_picture_before() -> None:
    codes = torch.ones(1, 8, 3, 4)
    other = picture()
    outputs = {}
    for reconstruction in ("additive", "one-shot"):
        net = build(reconstruction=reconstruction)
        states = net.decoder.initial(codes)
        outputs[reconstruction] = [net.decoder(codes, p, states)[0] for p in (torch.zeros_like(other), other)]
    assert torch.equal(*outputs["one-shot"])
    blank, onto = outputs["additive"]
    torch.testing.assert_close(onto, blank + other)


@torch.no_grad()
def test_zero_output_leaves_an_additive_picture_empty() -> None:
    net = build()
    torch.nn.init.zeros_(net.decoder.to_rgb.weight)
    assert net.decoder.to_rgb.bias is not None
    torch.nn.init.zeros_(net.decoder.to_rgb.bias)
    assert all(not shown.any() for _, shown in net(picture(), 16))


@torch.no_grad()
def test_constant_output_adds_up_or_is_redrawn() -> None:
    for reconstruction, steps in (("additive", [1, 2, 3]), ("one-shot", [1, 1, 1])):
        net = build(reconstruction=reconstruction)
        torch.nn.init.zeros_(net.decoder.to_rgb.weight)
        assert net.decoder.to_rgb.bias is not None
        torch.nn.init.constant_(net.decoder.to_rgb.bias, 0.1)
        one = np.tanh(0.1) / 2
        for times, (_, shown) in zip(steps, net(picture(), 3), strict=True):
            torch.testing.assert_close(shown, torch.full_like(shown, times * one))


@torch.no_grad()
def test_mask_hides_codes_from_the_decoder_alone() -> None:
    net, x = build(), picture()
    seen: list[Tensor] = []
    net.decoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    mask = torch.zeros(1, 1, 3, 4)
    mask[..., ::2, ::2] = 1
    sent = [codes for codes, _ in net(x, 3, {1: mask})]
    for t in (0, 2):
        assert torch.equal(seen[t], sent[t])
    assert torch.equal(seen[1], sent[1] * mask)
    assert set(sent[1].unique().tolist()) <= {-1.0, 1.0}


def installed(net: GruConv, folder: Path) -> WeightsInfo:
    """The network's files, as an export writes them."""
    files = gru_conv_export.network_files(net)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    record = {"files": hashes, "network": network_record(net.shape)}
    return WeightsInfo("gru-conv", "", folder, 0, "", record)


@pytest.mark.parametrize(
    ("preset", "cell", "reconstruction", "height", "width"),
    [
        ("tiny", "residual-gru", "additive", 64, 64),
        ("tiny", "residual-gru", "additive", 160, 48),
        ("tiny", "residual-gru", "one-shot", 64, 64),
        ("tiny", "gru", "additive", 64, 64),
        ("tiny", "lstm", "one-shot", 64, 64),
        ("slim", "residual-gru", "additive", 64, 64),
    ],
)
@torch.no_grad()
def test_files_compute_what_torch_does(
    preset: str, cell: Cell, reconstruction: Reconstruction, height: int, width: int, tmp_path: Path
) -> None:
    net = build(preset, cell, reconstruction)
    net.load_state_dict(half_state(net))
    info = installed(net, tmp_path)
    x = picture(height, width)
    encoder, decoder = EncoderStep(info, height, width, 1), DecoderStep(info, 1)
    shown = decoder.start(height, width)
    flips = bits = 0
    before = torch.zeros_like(x)
    for codes, expected in net.iterations(x, 16):
        ours = codes[0].permute(1, 2, 0).numpy().astype(np.int8)
        theirs = signs(encoder((x - before).numpy()))
        assert theirs.dtype == np.int8
        flips, bits = flips + int((ours != theirs).sum()), bits + ours.size
        shown, before = decoder(shown, ours), expected
    assert np.ptp(before.numpy()) > 0.1
    assert np.abs(shown.picture - before.numpy()).max() <= 1e-4
    # Only values next to zero may round to another side.
    assert flips <= bits / 1000


def test_half_precision_weights_stay_what_they_are() -> None:
    net = build()
    once = half_state(net)
    net.load_state_dict(once)
    again = half_state(net)
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert any(not torch.equal(once[name], value) for name, value in build().state_dict().items())


@torch.no_grad()
def test_fit_codes_are_signs(crops: CropFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru_conv_export, "FIT_PICTURES", 2)
    first, second = gru_conv_export.fit_codes(build(), crops)
    assert first.shape == second.shape == (16, 4, 4, 8)
    assert first.dtype == np.int8
    assert set(np.unique(first)) <= {-1, 1}
    assert not np.array_equal(first, second)
