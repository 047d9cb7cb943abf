from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from learn_examples import TINY, draw

from nacre.errors import FormatError, NacreWarning, UsageError
from nacre.learn.data.crops import CropFolder
from nacre.learn.loop import Trainer, read_checkpoint
from nacre.learn.recipe import Recipe, load_recipe_text
from nacre.learn.tasks import make_task


def trainer(recipe: Recipe, crops: CropFolder, out: Path, **options: Any) -> Trainer:
    options = {"precision": "32-true"} | options
    return Trainer(make_task(recipe), recipe, crops, out, **options)


def lines(out: Path) -> list[dict[str, Any]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    text = (out / "log.jsonl").read_text()
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def interrupt(run: Trainer, after: int) -> None:
    """Train, saving after every step, and be killed in the middle of the one that follows."""

    def watch(figures: dict[str, float]) -> None:
        if run.step > after:
            raise KeyboardInterrupt

    run.watch, run.save_seconds = watch, -1
    with pytest.raises(KeyboardInterrupt):
        run.run()


def same(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


@pytest.mark.parametrize("after", [1, 3, 5])
def test_a_resumed_run_is_bit_equal(recipe: Recipe, crops: CropFolder, tmp_path: Path, after: int) -> None:
    whole = read_checkpoint(trainer(recipe, crops, tmp_path / "whole", steps=6).run())
    interrupt(trainer(recipe, crops, tmp_path / "cut", steps=6), after)
    rest = trainer(recipe, crops, tmp_path / "cut", steps=6)
    rest.resume(tmp_path / "cut" / "checkpoint.pt")
    assert rest.step == after
    resumed = read_checkpoint(rest.run())
    assert whole["step"] == resumed["step"] == 6
    for key in ("model", "ema", "optimizer", "random"):
        assert same(whole[key], resumed[key]), key


def test_another_seed_gives_another_network(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    other = load_recipe_text("tiny", TINY.replace("seed = 3", "seed = 4"))
    first = read_checkpoint(trainer(recipe, crops, tmp_path / "a", steps=2).run())
    second = read_checkpoint(trainer(other, crops, tmp_path / "b", steps=2).run())
    assert not same(first["model"], second["model"])


def test_rate_warms_up_and_falls_along_a_cosine(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    run = trainer(recipe, crops, tmp_path, steps=100)
    peak, floor = recipe.optimizer.rate, recipe.optimizer.floor
    rates = []
    for step in range(101):
        run.step = step
        rates.append(run.rate)
    assert rates[0] == pytest.approx(peak / 5)
    assert rates[:5] == sorted(rates[:5])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[50] == pytest.approx((peak + floor) / 2)
    assert rates[100] == pytest.approx(floor)


def test_average_follows_the_weights(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    run = trainer(recipe, crops, tmp_path, steps=12)
    name = "decoder.to_rgb.weight"
    expected = run.module.module.state_dict()[name].clone()

    def watch(figures: dict[str, float]) -> None:
        # Its memory grows with the run up to the recipe's 0.9.
        keep = min(0.9, run.step / (run.step + 9))
        expected.mul_(keep).add_((1 - keep) * run.module.module.state_dict()[name])

    run.watch = watch
    state = read_checkpoint(run.run())
    torch.testing.assert_close(state["ema"][name], expected)
    assert not torch.equal(state["ema"][name], state["model"][name])


def test_time_budget_ends_a_run(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    run = trainer(recipe, crops, tmp_path, minutes=0.01)
    run.run()
    assert run.progress == 1
    assert 0.6 <= run.elapsed < 10
    assert run.step > 0
    assert run.rate <= recipe.optimizer.floor * 1.01


def test_exactly_one_budget(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    for budgets in ({}, {"minutes": 1, "steps": 1}):
        with pytest.raises(ValueError, match="either"):
            trainer(recipe, crops, tmp_path, **budgets)


def test_a_batch_that_overflows_is_skipped(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    run = trainer(recipe, crops, tmp_path, steps=5, log_every=1)
    loss, weights = run.task.loss, []

    def sometimes(batch: torch.Tensor, progress: float) -> tuple[torch.Tensor, dict[str, float]]:
        value, figures = loss(batch, progress)
        return (value * math.nan, {"psnr_1": math.inf}) if run.step == 2 else (value, figures)

    run.task.loss = sometimes  # type: ignore[method-assign]
    run.watch = lambda _: weights.append({k: v.clone() for k, v in run.module.state_dict().items()})
    state = read_checkpoint(run.run())
    assert same(weights[1], weights[2])
    assert not same(weights[2], weights[3])
    assert state["step"] == 5
    assert all(torch.isfinite(v).all() for v in state["ema"].values())
    log = lines(tmp_path)
    assert [line["kind"] for line in log] == ["step", "step", "skipped", "step", "step"]
    assert log[2]["loss"] is None
    assert log[2]["gradient_norm"] is None
    assert log[2]["psnr_1"] is None


def test_log_says_where_a_run_stands(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    held_out = [torch.from_numpy(draw(32, 48, 9).transpose(2, 0, 1)[None].copy())]
    run = trainer(recipe, crops, tmp_path, steps=7, log_every=3, validation=held_out)
    run.run()
    log = lines(tmp_path)
    assert [(line["kind"], line["step"]) for line in log] == [("step", 3), ("step", 6), ("validation", 7)]
    assert {"loss", "gradient_norm", "rate", "seconds", "seconds_per_step"} <= log[0].keys()
    assert len(log[2]["psnr"]) == 16
    assert run.figures["psnr"] == log[2]["psnr"]


def test_validation_uses_the_average_and_leaves_the_weights(
    recipe: Recipe, crops: CropFolder, tmp_path: Path
) -> None:
    run = trainer(recipe, crops, tmp_path, steps=4)
    run.run()
    seen: dict[str, torch.Tensor] = {}

    def look(pictures: list[torch.Tensor]) -> dict[str, Any]:
        assert not run.module.training
        seen.update({k: v.clone() for k, v in run.module.module.state_dict().items()})
        return {}

    run.task.validate = look  # type: ignore[method-assign]
    live = {k: v.clone() for k, v in run.module.module.state_dict().items()}
    run.validate()
    assert same(seen, run.ema)
    assert same(live, dict(run.module.module.state_dict()))


def test_a_new_run_can_begin_from_another(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    checkpoint = trainer(recipe, crops, tmp_path / "a", steps=3).run()
    run = trainer(recipe, crops, tmp_path / "b", steps=3)
    averaged = read_checkpoint(checkpoint)["ema"]
    run.start_from(averaged, "tiny")
    assert run.step == 0
    assert same(dict(run.module.module.state_dict()), dict(averaged))
    assert same(dict(run.ema), dict(averaged))


def test_checkpoints_keep_their_form(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    state = read_checkpoint(trainer(recipe, crops, tmp_path, steps=1).run())
    assert state.keys() == {
        "model", "ema", "optimizer", "random", "step", "elapsed", "recipe", "recipe_name", "data",
    }  # fmt: skip
    assert load_recipe_text(state["recipe_name"], state["recipe"]) == recipe
    assert state["data"] == "four pictures"
    assert {
        "encoder.conv.weight", "encoder.rnn.2.input.bias", "encoder.rnn.0.gates.weight",
        "encoder.rnn.1.candidate.weight", "encoder.rnn.0.carry.weight", "encoder.rnn.0.skip.weight",
        "encoder.to_bits.weight", "decoder.conv.bias", "decoder.rnn.3.input.weight", "decoder.to_rgb.bias",
    } <= state["model"].keys()  # fmt: skip
    assert state["model"].keys() == state["ema"].keys()
    assert len(state["model"]) == 50
    assert not list(tmp_path.glob("*.part"))


def test_damaged_checkpoints_are_refused(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    checkpoint = trainer(recipe, crops, tmp_path, steps=1).run()
    data = checkpoint.read_bytes()
    incomplete = torch.load(checkpoint, weights_only=True)
    del incomplete["optimizer"]
    torch.save(incomplete, tmp_path / "incomplete")
    torch.save([1, 2], tmp_path / "list")
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("weights")
    for name in ("incomplete", "list", "cut", "empty", "text", "missing"):
        with pytest.raises(FormatError, match=f"{name} is not a nacre checkpoint"):
            read_checkpoint(tmp_path / name)


def test_other_networks_and_recipes_are_refused(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    checkpoint = trainer(recipe, crops, tmp_path / "a", steps=1).run()
    lstm = load_recipe_text("lstm", TINY.replace('"tiny"', '"tiny"\ncell = "lstm"'))
    with pytest.raises(
        UsageError, match="weights of tiny are of another network than the recipe lstm builds"
    ):
        trainer(lstm, crops, tmp_path / "b", steps=1).start_from(read_checkpoint(checkpoint)["ema"], "tiny")
    longer = load_recipe_text("tiny", TINY + "# changed")
    with pytest.raises(UsageError, match="another version of the recipe tiny"):
        trainer(longer, crops, tmp_path / "b", steps=1).resume(checkpoint)


def test_other_pictures_are_noticed(recipe: Recipe, crops: CropFolder, tmp_path: Path) -> None:
    checkpoint = trainer(recipe, crops, tmp_path, steps=1).run()
    others = CropFolder(crops.pictures, "others", ())
    with pytest.warns(NacreWarning, match="not the pictures"):
        trainer(recipe, others, tmp_path, steps=2).resume(checkpoint)


OVERFIT = """
family = "gru-conv"
seed = 1
preset = "tiny"

[optimizer]
rate = 5e-2
warmup = 10
clip = 0.5

[[phases]]
until = 1.0
iterations = 2
crop = 32
batch = 10
noise = 0.5
"""


def test_the_network_can_learn_ten_crops_by_heart(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    ten = np.empty((10, 32, 32, 3), np.uint8)
    ten[...] = generator.integers(0, 256, (10, 1, 1, 3))
    ten[:, 8:24, 8:24] = generator.integers(0, 256, (10, 1, 1, 3))
    crops = CropFolder(tuple(ten), "", (), shrink=1.0)
    run = trainer(load_recipe_text("overfit", OVERFIT), crops, tmp_path, steps=150)
    losses: list[float] = []
    run.watch = lambda figures: losses.append(figures["loss"])
    run.run()
    last = np.mean(losses[-10:])
    assert last < 0.7 * losses[0]
    # The bits are of use: a network that ignores them shows one and the same picture at best.
    ignorant = np.abs(ten - np.median(ten, axis=0)).mean() / 255
    assert last < 0.9 * ignorant
