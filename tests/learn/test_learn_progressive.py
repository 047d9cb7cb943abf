"""Networks of `progressive`, their start, their task and their runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learn_examples import draw
from progressive_examples import TINY
from torch import Tensor

from nacre.codecs.progressive.cells import to_latents, to_symbols
from nacre.codecs.progressive.shapes import PATCH, PRESETS, UNIT
from nacre.errors import UsageError
from nacre.learn.data.crops import CropFolder
from nacre.learn.loop import Prepared, Trainer, groups_of, read_checkpoint
from nacre.learn.nets.klt import begin_with_klt
from nacre.learn.nets.progressive import Progressive
from nacre.learn.recipe import load_recipe, load_recipe_text
from nacre.learn.tasks import make_task
from nacre.learn.tasks import progressive as module
from nacre.learn.tasks.progressive import PRICE, ProgressiveTask


@pytest.fixture(autouse=True)
def _few_crops_to_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KLT_CROPS", 24)


def make(**settings: Any) -> ProgressiveTask:
    torch.manual_seed(0)
    fields: dict[str, Any] = {"preset": "tiny", "crop": 64, "batch": 4, "steps": (0.7, 4.0), "coarsest": 8.0}
    return ProgressiveTask(**(fields | settings))


def net_of(task: ProgressiveTask) -> Progressive:
    assert isinstance(task.module, Progressive)
    return task.module


def levels(count: int = 4, side: int = 64) -> Tensor:
    return torch.from_numpy(np.stack([draw(side, side, seed).transpose(2, 0, 1) for seed in range(count)]))


def trainer(out: Path, crops: CropFolder, text: str = TINY, **options: Any) -> Trainer:
    recipe = load_recipe_text("tiny", text)
    return Trainer(make_task(recipe), recipe, crops, out, precision="32-true", **options)


# Networks


def count(*modules: torch.nn.Module) -> int:
    return sum(p.numel() for m in modules for p in m.parameters())


@pytest.mark.parametrize(
    ("preset", "all_of_it", "decoding"), [("S", 3_296_176, 1_939_696), ("M", 8_727_760, 4_677_680)]
)
def test_sizes_of_the_networks(preset: str, all_of_it: int, decoding: int) -> None:
    with torch.device("meta"):
        net = Progressive(PRESETS[preset])
    assert count(net) == all_of_it
    assert count(net.synthesis, net.hyper_synthesis) == decoding


def test_the_shipped_recipe_is_of_size_s() -> None:
    recipe = load_recipe("progressive")
    assert recipe.weights == "progressive"
    with torch.device("meta"):
        task = make_task(recipe)
    assert isinstance(task.module, Progressive)
    assert task.module.shape == PRESETS["S"]


def test_shapes_of_all_parts() -> None:
    net = Progressive(PRESETS["tiny"])
    x = torch.rand(2, 3, 64, 128) - 0.5
    latents = net.analysis(x)
    assert latents.shape == (2, 8, 4, 8)
    hyper = net.hyper_analysis(latents)
    assert hyper.shape == (2, 6, 1, 2)
    assert [t.shape for t in net.predicted(hyper)] == [latents.shape] * 2
    assert net.synthesis(latents, net.scales).shape == x.shape
    assert (net.prior(hyper) > 0).all()


def test_the_prior_is_a_distribution() -> None:
    net = Progressive(PRESETS["tiny"])
    with torch.no_grad():
        net.prior.weights.normal_()
        net.prior.centers.normal_(0, 3)
    values = torch.arange(-400, 401).float()[None, None, None].expand(1, 6, 1, -1)
    assert torch.allclose(net.prior(values).sum(-1), torch.ones(1, 6, 1), atol=1e-4)


def test_the_transform_of_cells_is_that_of_the_codec() -> None:
    net = Progressive(PRESETS["tiny"])
    latents = torch.randn(2, 8, 8, 12) * 30
    symbols = net.to_symbols(latents)
    for one, found in zip(latents.numpy(), symbols.numpy(), strict=True):
        expected = one.copy()
        to_symbols(expected, 3)
        np.testing.assert_allclose(found, expected, atol=1e-4)
        to_latents(expected, 3)
        np.testing.assert_allclose(expected, one, atol=1e-4)
    torch.testing.assert_close(net.to_latents(symbols), latents, atol=1e-4, rtol=1e-5)


def test_predictions_scale_with_the_channels() -> None:
    net = Progressive(PRESETS["tiny"])
    hyper = torch.randn(1, 6, 2, 1).round()
    mean, deviation = net.predicted(hyper)
    net.cell_scales.copy_(torch.rand(8, 4, 4) + 0.5)
    scaled_mean, scaled_deviation = net.predicted(hyper)
    tiled = net.cell_scales.repeat(1, 2, 1)
    torch.testing.assert_close(scaled_mean, mean * tiled)
    torch.testing.assert_close(scaled_deviation, deviation * tiled)


# The start


def spanned(seed: int, patches: Tensor, side: int = 128) -> Tensor:
    """Crops whose every 16 x 16 patch is a sum of the given ones."""
    generator = torch.Generator().manual_seed(seed)
    n = side // PATCH
    weights = torch.randn(3, n, n, len(patches), generator=generator) / len(patches)
    placed = torch.einsum("bhwk,kcij->bchiwj", weights, patches)
    return placed.reshape(3, 3, side, side)


def test_the_start_gives_back_what_its_channels_span() -> None:
    patches = torch.randn(8, 3, PATCH, PATCH, generator=torch.Generator().manual_seed(5)) * 0.2
    net = Progressive(PRESETS["tiny"])
    begin_with_klt(net, spanned(0, patches))
    kernels = net.analysis.linear.weight.reshape(8, -1)
    torch.testing.assert_close(kernels @ kernels.T, torch.eye(8), atol=1e-4, rtol=0)
    with torch.no_grad():
        # Pictures of the same span that it has not seen; the networks still give nothing.
        x = spanned(1, patches)
        torch.testing.assert_close(net.synthesis(net.analysis(x), net.scales), x, atol=1e-4, rtol=0)
        other = torch.randn(1, 3, 64, 64) * 0.2
        assert (net.synthesis(net.analysis(other), net.scales) - other).abs().mean() > 0.05
        energy = net.analysis(x).square().sum() * (UNIT / 255) ** 2
        torch.testing.assert_close(energy, x.square().sum(), rtol=1e-3, atol=0)


def test_the_start_knows_the_scales() -> None:
    net = Progressive(PRESETS["tiny"])
    crops = levels(6, 128).float() / 255 - 0.5
    begin_with_klt(net, crops)
    with torch.no_grad():
        latents = net.analysis(crops)
        symbols = net.to_symbols(latents)
    rms = latents.square().mean((0, 2, 3)).sqrt()
    torch.testing.assert_close(net.scales, rms, rtol=1e-3, atol=1e-4)
    for c in range(8):
        for u in range(4):
            for v in range(4):
                expected = symbols[:, c, u::4, v::4].square().mean().sqrt() if c < 3 else rms[c]
                assert float(net.cell_scales[c, u, v]) == pytest.approx(float(expected), rel=1e-3, abs=1e-4)


def test_the_flat_channels_are_those_most_like_their_neighbors() -> None:
    net = Progressive(PRESETS["tiny"])
    crops = levels(6, 128).float() / 255 - 0.5
    begin_with_klt(net, crops)
    with torch.no_grad():
        latents = net.analysis(crops)
    left, right = latents[..., :-1], latents[..., 1:]
    likeness = (left * right).mean((0, 2, 3)) / latents.square().mean((0, 2, 3))
    assert likeness[:3].min() > likeness[3:].max() - 0.1
    assert likeness[:3].mean() > likeness[3:].mean() + 0.2


# The task


def test_loss_is_rate_and_error_at_the_crops_own_steps() -> None:
    task = make(gray=0.0)
    found: list[Tensor] = []

    class Stub(torch.nn.Module):
        def forward(self, levels: Tensor, step: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            found.extend((levels, step))
            return torch.full((4,), 2.0), torch.full((4,), 0.5), torch.full((4,), 30.0)

    task.module = Stub()
    loss, figures = task.loss(levels(), 0.0)
    step = found[1].flatten()
    assert found[1].shape == (4, 1, 1, 1)
    torch.testing.assert_close(step, step.bfloat16().float())
    torch.testing.assert_close(loss, (step**0.3 * (2.5 + PRICE / step**2 * 30)).mean())
    assert figures == {"bpp": 2.0, "hyper_bpp": 0.5, "log_mse": pytest.approx(math.log2(30))}
    torch.testing.assert_close(found[0], levels())


def test_the_price_is_that_of_bits_at_high_rates() -> None:
    # A step twice as fine costs a bit a sample, of which a pixel has three, and divides step^2 / 12 by 4.
    step = 1.0
    error = UNIT**2 * step**2 / 12
    slope = 3 / (2 * math.log(2) * error)
    assert pytest.approx(slope) == PRICE / step**2


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 4)])
def test_some_crops_lose_their_color(share: float, expected: int) -> None:
    task, seen = make(gray=share), []
    task.module.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    task.loss(levels(), 0.0)
    plain = [bool((crop == crop[:1]).all()) for crop in seen[0]]
    assert sum(plain) == expected
    assert seen[0].dtype == torch.uint8


def test_steps_cover_their_range_in_every_batch() -> None:
    task = make(coarse=0.0, steps=(1.0, 16.0), coarsest=64.0)
    for _ in range(20):
        logs = task._random_steps(8, torch.device("cpu")).log2().sort().values
        shares = torch.arange(9) / 2
        assert ((logs >= shares[:-1]) & (logs <= shares[1:])).all()
    coarse = make(coarse=1.0, steps=(1.0, 16.0), coarsest=64.0)._random_steps(200, torch.device("cpu"))
    assert (coarse >= 16).all()
    assert (coarse <= 64).all()
    assert coarse.min() < 20
    assert coarse.max() > 50


def test_gradients_reach_every_weight() -> None:
    task = make()
    with torch.no_grad():
        # Layers that start at zero hide what lies before them.
        for p in task.module.parameters():
            p.add_(0.02 * torch.randn_like(p))
    loss, _ = task.loss(levels(), 0.0)
    loss.backward()
    silent = [n for n, p in task.module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_validation_quantizes_and_measures(crops: CropFolder) -> None:
    task = make()
    task.prepare(crops)
    task.module.eval()
    with torch.no_grad():
        first, second = (task.validate([levels(1), levels(2, 70)[1:]]) for _ in range(2))
    assert first == second
    assert len(first["bpp"]) == len(first["psnr"]) == 4
    assert first["bpp"] == sorted(first["bpp"], reverse=True)
    assert first["psnr"] == sorted(first["psnr"], reverse=True)
    assert first["psnr"][0] > 15


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"preset": "XL"}, "preset"),
        ({"crop": 100}, "multiple of 64, not 100"),
        ({"crop": 0}, "multiple of 64"),
        ({"steps": (4.0, 0.7)}, "steps rise to coarsest"),
        ({"steps": (0.0, 4.0)}, "steps rise to coarsest"),
        ({"coarsest": 2.0}, "steps rise to coarsest"),
        ({"coarse": 1.5}, "shares from 0 to 1"),
        ({"gray": -0.1}, "shares from 0 to 1"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make(**settings)


def test_bad_recipes_are_refused_in_a_sentence() -> None:
    for change, says in (('"tiny"', "preset"), ("crop = 64", "multiple of 64"), ("coarse = 0.2", "'speed'")):
        text = TINY.replace(change, {'"tiny"': '"huge"', "crop = 64": "crop = 65"}.get(change, "speed = 1"))
        with pytest.raises(UsageError, match=says):
            make_task(load_recipe_text("mine", text))


# Settings of the loop


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("constant = 1.0", "shares below 1"),
        ("memory = 1.0", "shares below 1"),
        ("memory = 1.5", "shares below 1"),
        ("constant = -0.1", "constant must be a number of at least 0"),
        ('memory = "long"', "memory must be a number"),
    ],
)
def test_shares_of_the_optimizer_are_checked(line: str, says: str) -> None:
    name = line.split()[0]
    text = "\n".join(line if t.startswith(name) else t for t in TINY.splitlines())
    with pytest.raises(UsageError, match=says):
        load_recipe_text("mine", text)


def test_the_rate_stays_and_then_falls(tmp_path: Path, crops: CropFolder) -> None:
    run = trainer(tmp_path, crops, steps=100)
    rates = []
    for step in range(101):
        run.step = step
        rates.append(run.rate)
    assert rates[0] == pytest.approx(3e-3 / 4)
    assert rates[4:26] == pytest.approx([3e-3] * 22)
    assert rates[26] < 3e-3
    assert rates[26:] == sorted(rates[26:], reverse=True)
    assert rates[100] == pytest.approx(1e-4)
    # Half of what is left after the constant quarter.
    assert np.interp(62.5, range(101), rates) == pytest.approx((3e-3 + 1e-4) / 2, rel=1e-3)


def test_memory_is_that_of_squared_gradients(tmp_path: Path, crops: CropFolder) -> None:
    run = trainer(tmp_path, crops, steps=2)
    assert {group["betas"] for group in run.optimizer.param_groups} == {(0.9, 0.98)}


def test_parts_learn_at_rates_of_their_own(tmp_path: Path, crops: CropFolder) -> None:
    run = trainer(tmp_path, crops, steps=10)
    assert isinstance(run.task, Prepared)
    names = {id(p): n for n, p in run.module.module.named_parameters()}
    run._one_step()
    seen = {}
    for group in run.optimizer.param_groups:
        assert group["lr"] == pytest.approx(run.rate * group["scale"])
        seen |= {names[id(p)]: group["scale"] for p in group["params"]}
    assert seen.keys() == set(names.values())
    for name, scale in seen.items():
        linear = name in ("analysis.linear.weight", "synthesis.linear.weight")
        assert scale == (0.2 if linear else 10.0 if name.startswith("prior.") else 1.0), name


def test_one_group_where_nothing_is_scaled() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    (group,) = groups_of(module, {})
    assert group["scale"] == 1.0
    assert len(group["params"]) == 4
    by_scale = {g["scale"]: len(g["params"]) for g in groups_of(module, {"1.": 0.5, "0.b": 2.0})}
    assert by_scale == {1.0: 1, 0.5: 2, 2.0: 1}


def test_a_run_starts_from_its_pictures(tmp_path: Path, crops: CropFolder) -> None:
    run = trainer(tmp_path, crops, steps=2)
    kernels = run.module.module.analysis.linear.weight.reshape(8, -1)
    torch.testing.assert_close(kernels @ kernels.T, torch.eye(8), atol=1e-4, rtol=0)
    assert torch.equal(run.ema["analysis.linear.weight"], run.module.module.analysis.linear.weight)
    # What a new run takes over from another is not begun anew.
    checkpoint = run.run()
    others = CropFolder(tuple(255 - p for p in crops.pictures), "others", ())
    later = trainer(tmp_path / "later", others, steps=2)
    averaged = read_checkpoint(checkpoint)["ema"]
    later.start_from(averaged, "tiny")
    assert torch.equal(later.module.module.cell_scales, averaged["cell_scales"])


@pytest.mark.parametrize("after", [1, 4])
def test_a_resumed_run_is_bit_equal(tmp_path: Path, crops: CropFolder, after: int) -> None:
    whole = read_checkpoint(trainer(tmp_path / "whole", crops, steps=5).run())
    cut = trainer(tmp_path / "cut", crops, steps=5)

    def watch(figures: dict[str, float]) -> None:
        if cut.step > after:
            raise KeyboardInterrupt

    cut.watch, cut.save_seconds = watch, -1
    with pytest.raises(KeyboardInterrupt):
        cut.run()
    rest = trainer(tmp_path / "cut", crops, steps=5)
    rest.resume(tmp_path / "cut" / "checkpoint.pt")
    assert rest.step == after
    resumed = read_checkpoint(rest.run())
    for key in ("model", "ema"):
        assert whole[key].keys() == resumed[key].keys()
        assert all(torch.equal(whole[key][name], resumed[key][name]) for name in whole[key]), key


def test_the_network_can_learn_ten_crops_by_heart(tmp_path: Path) -> None:
    # Its eight channels can hold them, so what is left to learn is to expect what comes.
    patches = torch.randn(8, 3, PATCH, PATCH, generator=torch.Generator().manual_seed(5)) * 0.4
    crops = [spanned(seed, patches, 64) for seed in range(4)]
    ten = ((torch.cat(crops)[:10] + 0.5) * 255).round().clamp(0, 255).to(torch.uint8)
    pictures = tuple(crop.permute(1, 2, 0).numpy() for crop in ten)
    text = TINY.replace("batch = 4", "batch = 10").replace("coarse = 0.2", "coarse = 0.0")
    text = text.replace("rate = 3e-3", "rate = 1e-2")
    run = trainer(tmp_path, CropFolder(pictures, "", (), shrink=1.0), text, steps=30)

    def loss() -> float:
        torch.manual_seed(1)
        with torch.no_grad():
            return float(np.mean([float(run.task.loss(ten, 0.0)[0]) for _ in range(3)]))

    before = loss()
    run.run()
    assert loss() < 0.85 * before
