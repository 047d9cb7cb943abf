"""Phases, masks, annealing and losses of `gru-conv`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.learn.losses import LOSSES, l1, l2, rms, rms_ssim, ssim_l1
from nacre.learn.losses.dissimilarity import block_dissimilarity, dissimilarity, scale_dissimilarity
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.tasks.gru_conv import GruConvTask, activity, pass_mask
from nacre.picture.metrics import block_ssim, ms_ssim


def make(*phases: dict[str, Any]) -> GruConvTask:
    torch.manual_seed(0)
    return GruConvTask("tiny", [{"iterations": 3, "crop": 32, "batch": 2} | phase for phase in phases])


def some_crops() -> Tensor:
    generator = torch.Generator().manual_seed(4)
    return torch.randint(0, 256, (2, 3, 32, 32), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("height", [1, 2, 5])
@pytest.mark.parametrize("width", [1, 4, 7])
@pytest.mark.parametrize("passes", [0, 1, 2, 3, 4])
def test_masks_are_the_cells_of_the_first_passes(height: int, width: int, passes: int) -> None:
    expected = np.zeros((height, width), np.float32)
    for offset in INTERLEAVED[:passes]:
        pass_view(expected, offset)[...] = 1
    mask = pass_mask(passes, height, width)
    assert mask.shape == (1, 1, height, width)
    np.testing.assert_array_equal(mask[0, 0].numpy(), expected)


def test_four_passes_are_everything() -> None:
    assert pass_mask(4, 5, 6).eq(1).all()


def test_phases_follow_the_budget() -> None:
    task = make({"until": 0.25}, {"until": 1.0, "batch": 7, "crop": 64})
    phases = [task.phase(p) for p in (0.0, 0.2499, 0.25, 1.0)]
    assert [(phase.batch, phase.crop) for phase in phases] == [(2, 32), (2, 32), (7, 64), (7, 64)]
    assert task.largest_crop == 64


def test_noise_is_annealed_within_a_phase() -> None:
    task = make({"until": 0.5}, {"until": 1.0, "noise": 0.2})
    noise = [task.schedule.noise(p) for p in (0.0, 0.4, 0.5, 0.75, 1.0)]
    assert noise == pytest.approx([1.0, 1.0, 1.0, 0.6, 0.2])
    task.loss(some_crops(), 0.75)
    assert isinstance(task.module, GruConv)
    assert task.module.encoder.binarizer.noise == pytest.approx(0.6)


def test_loss_is_the_mean_over_iterations() -> None:
    task = make({"until": 1.0, "loss": "l2"})
    task.module.eval()
    loss, figures = task.loss(some_crops(), 0.0)
    picture = some_crops().float() / 255 - 0.5
    errors = [((shown - picture) ** 2).mean() for _, shown in task.module(picture, 3)]
    torch.testing.assert_close(loss, torch.stack(errors).mean())
    assert figures.keys() == {"psnr_1", "psnr_2"}
    assert figures["psnr_2"] == pytest.approx(-10 * np.log10(errors[1].item()))


def test_a_masked_step_ends_in_a_cut_iteration() -> None:
    task = make({"until": 1.0, "masked": 1.0, "crop": 64, "iterations": 5})
    assert isinstance(task.module, GruConv)
    seen: list[Tensor] = []
    task.module.decoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    lengths, cuts = set(), set()
    for _ in range(40):
        seen.clear()
        crops = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
        _, figures = task.loss(crops, 0.5)
        assert figures == {}
        assert all(codes.all() for codes in seen[:-1])
        known = (seen[-1] != 0)[0].all(0, keepdim=True)[None]
        fits = [k for k in (1, 2, 3) if torch.equal(known.float(), pass_mask(k, 4, 4))]
        assert len(fits) == 1
        lengths.add(len(seen))
        cuts.add(fits[0])
    assert lengths == {1, 2, 3, 4, 5}
    assert cuts == {1, 2, 3}


def test_gradients_reach_every_weight() -> None:
    task = make({"until": 1.0})
    loss, _ = task.loss(some_crops(), 0.0)
    loss.backward()
    silent = [
        name for name, p in task.module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert silent == []


def test_validation_measures_rounded_pictures_of_fixed_codes() -> None:
    task = make({"until": 1.0})
    task.module.eval()
    pictures = [some_crops()[:1], some_crops()[1:]]
    with torch.no_grad():
        first, second = task.validate(pictures), task.validate(pictures)
        curves = []
        for levels in pictures:
            x = levels.float() / 255 - 0.5
            rounded = [((s + 0.5).clamp(0, 1) * 255).round() for _, s in task.module(x, 16)]
            curves.append([10 * np.log10(255**2 / ((r - levels) ** 2).mean().item()) for r in rounded])
    assert first == second
    assert first["psnr"] == pytest.approx(np.mean(curves, axis=0), abs=2e-3)
    assert 0 <= first["dead_bits"] <= 8


@pytest.mark.parametrize(
    ("phase", "says"),
    [
        ({"until": 0.5}, "last of which is 1"),
        ({"until": 1.5}, "shares from 0 to 1"),
        ({"until": 1.0, "noise": -1}, "shares from 0 to 1"),
        ({"until": 1.0, "crop": 40}, "multiple of 16"),
        ({"until": 1.0, "batch": 0}, "whole numbers above 0"),
        ({"until": 1.0, "iterations": 2.5}, "whole numbers above 0"),
        ({"until": 1.0, "loss": "ssim"}, "loss is one of l1, l2, rms"),
    ],
)
def test_bad_phases_are_refused(phase: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make(phase)


def test_phases_must_rise() -> None:
    with pytest.raises(ValueError, match="rising"):
        make({"until": 0.5}, {"until": 0.4}, {"until": 1.0})
    with pytest.raises(ValueError, match="rising"):
        GruConvTask("tiny", [])


def test_losses_of_a_known_difference() -> None:
    shown, picture = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    shown[0] = 0.5
    assert l1(shown, picture).item() == pytest.approx(0.25)
    assert l2(shown, picture).item() == pytest.approx(0.125)
    assert rms(shown, picture).item() == pytest.approx(0.25, abs=1e-4)
    assert set(LOSSES) == {"l1", "l2", "rms", "rms-ssim", "block-ssim", "rms-ms-ssim", "ssim-l1"}


def test_what_looks_wrong_weighs_more() -> None:
    generator = torch.Generator().manual_seed(2)
    picture = torch.rand((1, 3, 32, 32), generator=generator) - 0.5
    picture[..., 16:] = 0.25
    # The same small error in noise, which hides it, and in what is flat, which does not.
    stripes = 0.02 * (-1.0) ** torch.arange(32).view(1, 1, 32, 1)
    noisy, flat = picture.clone(), picture.clone()
    noisy[..., :16] += stripes
    flat[..., 16:] += stripes
    weight = [dissimilarity(shown, picture) for shown in (noisy, flat)]
    assert weight[1][..., 22:].mean() > 5 * weight[0][..., :10].mean()
    assert dissimilarity(picture, picture).abs().max() < 1e-5
    # Weights average to one, and an error that is everywhere alike counts as it does in l1.
    even = picture.clone() * 0 + 0.1
    assert ssim_l1(even + 0.05, even).item() == pytest.approx(l1(even + 0.05, even).item(), rel=1e-3)
    shown = noisy.clone().requires_grad_()
    ssim_l1(shown, picture).backward()
    assert shown.grad is not None
    assert shown.grad[..., 16:].abs().max() == 0


def test_errors_in_the_dark_weigh_more() -> None:
    picture = torch.full((1, 3, 16, 48), 0.4)
    picture[..., :24] = -0.4
    shown = (picture + 0.05).requires_grad_()
    ssim_l1(shown, picture).backward()
    assert shown.grad is not None
    assert shown.grad[..., :16].min() > 5 * shown.grad[..., 32:].max()


def test_block_dissimilarity_is_the_metric_of_thumbnails() -> None:
    generator = torch.Generator().manual_seed(3)
    a, b = (torch.randint(0, 256, (32, 40, 3), generator=generator, dtype=torch.uint8) for _ in range(2))
    b = (a // 2 + b // 2).to(torch.uint8)
    planes = [levels.permute(2, 0, 1)[None] / 255 for levels in (a, b)]
    found = 1 - 2 * block_dissimilarity(*planes).mean().item()
    assert found == pytest.approx(block_ssim(a.numpy(), b.numpy()), abs=1e-4)
    shown, picture = (plane - 0.5 for plane in planes)
    error = rms(shown, picture).item()
    assert rms_ssim(shown, picture).item() == pytest.approx(error + 0.2 * (1 - found), abs=1e-4)
    assert LOSSES["block-ssim"](shown, picture).item() == pytest.approx(error + (1 - found), abs=1e-4)


def test_scale_dissimilarity_is_about_what_ms_ssim_is_short_of() -> None:
    generator = torch.Generator().manual_seed(6)
    coarse = torch.rand((1, 3, 24, 24), generator=generator)
    a = F.interpolate(coarse, scale_factor=8, mode="bicubic").clamp(0, 1)
    # The same error at the finest scale, where it counts least, and at a coarser one.
    fine = 0.1 * torch.rand(a.shape, generator=generator)
    broad = F.interpolate(0.1 * torch.rand((1, 3, 48, 48), generator=generator), scale_factor=4)
    found = []
    for error in (fine, broad):
        b = (a + error - 0.05).clamp(0, 1)
        levels = [(x[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy() for x in (a, b)]
        short = scale_dissimilarity(a, b).item()
        assert short == pytest.approx(1 - ms_ssim(*levels), rel=0.2)
        assert LOSSES["rms-ms-ssim"](b - 0.5, a - 0.5).item() == pytest.approx(rms(b, a).item() + short)
        found.append(short)
    assert found[1] > 2 * found[0]
    # Crops too small for five scales count the ones that fit; each crop has its own.
    small = scale_dissimilarity(torch.zeros(2, 3, 16, 16), torch.stack([torch.zeros(3, 16, 16)] * 2))
    assert small.tolist() == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_of_equal_pictures_have_a_finite_gradient(name: str) -> None:
    shown = torch.zeros(1, 3, 8, 8, requires_grad=True)
    LOSSES[name](shown, torch.zeros(1, 3, 8, 8)).backward()
    assert shown.grad is not None
    assert torch.isfinite(shown.grad).all()


@pytest.mark.parametrize(("count", "height", "width"), [(12, 4, 4), (8, 3, 7), (1, 1, 1)])
def test_cells_stop_once_and_not_before_a_quarter(count: int, height: int, width: int) -> None:
    torch.manual_seed(5)
    sending = activity(count, 3, height, width)
    assert sending.shape == (count, 3, 1, height, width)
    assert (sending[1:] <= sending[:-1]).all()
    counts = sending.sum(0)
    assert counts.min() >= count / 4
    assert counts.max() <= count
    assert count < 8 or counts.unique().numel() > 2


def test_priming_runs_both_networks_on_what_they_know(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make({"until": 1.0, "primed": 1.0})
    assert isinstance(task.module, GruConv)
    net = task.module
    picture = some_crops().float() / 255 - 0.5
    by_hand_encoder, by_hand_decoder = net.encoder.initial(picture), None
    net.eval()
    for _ in range(2):
        _, by_hand_encoder = net.encoder.activations(picture, by_hand_encoder)
    codes, _ = net.encoder(picture, by_hand_encoder)
    by_hand_decoder = net.decoder.initial(codes)
    nothing = torch.zeros_like(picture)
    for _ in range(2):
        _, by_hand_decoder = net.decoder(codes, nothing, by_hand_decoder)
    expected, _ = net.decoder(codes, nothing, by_hand_decoder)
    (found_codes, found), *_ = net.iterations(picture, 1, priming=2)
    assert torch.equal(found_codes, codes)
    torch.testing.assert_close(found, expected)
    runs = []
    monkeypatch.setattr(net, "forward", lambda *given: runs.append(given[3]) or list(net.iterations(*given)))
    for _ in range(12):
        task.loss(some_crops(), 0.0)
    assert set(runs) == {1, 2, 3}
