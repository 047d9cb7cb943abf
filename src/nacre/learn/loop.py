"""The one training loop: Fabric, crops, Adam, EMA, time budget, exact resume, JSON-lines log.

Everything a family needs beyond this (phases, masks, annealing, its loss and validation) is in its task.
"""

from __future__ import annotations

import copy
import json
import math
import time
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from nacre.errors import FormatError
from nacre.learn.data.crops import CropFolder
from nacre.learn.recipe import Recipe


class Task(Protocol):
    """What a family brings to the loop. `progress` runs from 0 to 1 over the budget."""

    module: nn.Module

    def batch_shape(self, progress: float) -> tuple[int, int]:
        """(crops a step, side of a crop) at this point of the run."""

    def loss(self, crops: Tensor, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss of crops (N, 3, S, S) uint8, and figures for the log."""

    def validate(self, pictures: list[Tensor]) -> dict[str, Any]:
        """Figures on held-out pictures (1, 3, H, W) uint8 with real quantization."""


class Trainer:
    """Train a task on crops until the budget of minutes or steps is spent.

    Parameters
    ----------
    minutes, steps
        The budget; exactly one is given. The schedule anneals to its end, so a run of any length ends well.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        data: CropFolder,
        out: Path,
        *,
        minutes: float | None = None,
        steps: int | None = None,
        device: str = "cpu",
        precision: str = "bf16-mixed",
        validation: list[Tensor] | None = None,
        log_every: int = 100,
        save_seconds: float = 120,
    ) -> None:
        if (minutes is None) == (steps is None):
            raise ValueError("give either minutes or steps")
        self.task, self.recipe, self.data, self.out = task, recipe, data, out
        self.minutes, self.steps = minutes, steps
        self.validation = validation or []
        self.log_every, self.save_seconds = log_every, save_seconds
        self.fabric = Fabric(
            accelerator=device, devices="auto" if device != "cpu" else 1, precision=precision
        )  # type: ignore[arg-type]
        self.fabric.launch()
        torch.manual_seed(recipe.seed + self.fabric.global_rank)
        optimizer = torch.optim.Adam(task.module.parameters(), lr=recipe.optimizer.rate)
        self.module, self.optimizer = self.fabric.setup(task.module, optimizer)
        task.module = self.module
        self.ema = copy.deepcopy(self._raw.state_dict())
        self.step, self.elapsed = 0, 0.0
        out.mkdir(parents=True, exist_ok=True)

    @property
    def _raw(self) -> nn.Module:
        return self.module.module

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        spent = self.step / self.steps if self.steps else self.elapsed / (60 * (self.minutes or 1))
        return min(1.0, spent)

    @property
    def rate(self) -> float:
        """Learning rate now: warm-up by steps, cosine by budget."""
        o = self.recipe.optimizer
        cosine = o.floor + (o.rate - o.floor) * (1 + math.cos(math.pi * self.progress)) / 2
        return cosine * min(1.0, (self.step + 1) / max(1, o.warmup))

    def run(self) -> Path:
        """Train to the end of the budget; return the checkpoint's path."""
        saved = time.monotonic()
        figures: dict[str, float] = {}
        while self.progress < 1:
            begun = time.monotonic()
            figures = self._one_step()
            self.step += 1
            self.elapsed += time.monotonic() - begun
            if self.step % self.log_every == 0:
                self.log({"kind": "step", **figures, "seconds_per_step": time.monotonic() - begun})
            if time.monotonic() - saved > self.save_seconds:
                self.save()
                saved = time.monotonic()
        path = self.save()
        if self.validation:
            self.log({"kind": "validation", **self.validate()})
        return path

    def _one_step(self) -> dict[str, float]:
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        count, side = self.task.batch_shape(self.progress)
        key = (self.recipe.seed, self.step, self.fabric.global_rank)
        crops = self.fabric.to_device(torch.from_numpy(self.data.batch(count, side, key)))
        loss, figures = self.task.loss(crops, self.progress)
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self._raw.parameters(), self.recipe.optimizer.clip)
        if torch.isfinite(norm):  # a batch that overflows is skipped, not learned
            self.optimizer.step()
            self._average()
        return {"loss": float(loss.detach()), "gradient_norm": float(norm), **figures}

    @torch.no_grad()
    def _average(self) -> None:
        # The average must not remember the random start, so its memory grows with the run.
        keep = min(self.recipe.optimizer.ema, (self.step + 1) / (self.step + 10))
        for name, value in self._raw.state_dict().items():
            self.ema[name].lerp_(value, 1 - keep)

    def validate(self) -> dict[str, Any]:
        """Run the task's validation with the averaged weights."""
        live = copy.deepcopy(self._raw.state_dict())
        self._raw.load_state_dict(self.ema)
        self.module.eval()
        with torch.no_grad():
            figures = self.task.validate(self.validation)
        self._raw.load_state_dict(live)
        return figures

    def log(self, entry: dict[str, Any]) -> None:
        """Append one line to log.jsonl."""
        if self.fabric.global_rank == 0:
            stamp = {"step": self.step, "seconds": round(self.elapsed, 1), "rate": self.rate}
            with (self.out / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps({**stamp, **entry}) + "\n")

    def save(self) -> Path:
        """Write checkpoint.pt: weights, average, optimizer, random state, position, recipe."""
        path = self.out / "checkpoint.pt"
        state = {
            "model": self._raw.state_dict(),
            "ema": self.ema,
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "step": self.step,
            "elapsed": self.elapsed,
            "recipe": self.recipe.text,
            "recipe_name": self.recipe.name,
            "data": self.data.digest,
        }
        if self.fabric.global_rank == 0:
            beside = path.with_suffix(".part")
            torch.save(state, beside)
            beside.replace(path)
        return path

    def resume(self, checkpoint: Path) -> None:
        """Go on exactly where a checkpoint stopped: weights, optimizer, random numbers, data position."""
        state = read_checkpoint(checkpoint)
        self._raw.load_state_dict(state["model"])
        self.ema = state["ema"]
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.step, self.elapsed = state["step"], state["elapsed"]

    def start_from(self, checkpoint: Path) -> None:
        """Begin a new run from another run's averaged weights."""
        state = read_checkpoint(checkpoint)
        self._raw.load_state_dict(state["ema"])
        self.ema = copy.deepcopy(self._raw.state_dict())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint on the CPU.

    Raises
    ------
    FormatError
        If the file is not a checkpoint of this loop.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state["model"], state["ema"], state["recipe"]
    except Exception as error:
        raise FormatError(
            f"{path.name} is not a nacre checkpoint; give the checkpoint.pt of a run."
        ) from error
    return state
