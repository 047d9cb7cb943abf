"""The one training loop: Fabric, crops, Adam or Muon, EMA, time budget, exact resume, JSON-lines log.

Everything a family needs beyond this (phases, masks, annealing, its loss and validation) is in its task.
"""

from __future__ import annotations

import copy
import json
import math
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from nacre.errors import FormatError, NacreWarning, UsageError
from nacre.learn.data.crops import CropFolder
from nacre.learn.muon import Muon
from nacre.learn.phases import Phase
from nacre.learn.recipe import Recipe

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"
Precision = Literal["32-true", "bf16-mixed"]
_KEYS = {"model", "ema", "optimizer", "random", "step", "elapsed", "recipe", "recipe_name", "data"}
_NO_CHECKPOINT = "{} is not a nacre checkpoint, or a damaged one; give the checkpoint.pt of a run."


class Task(Protocol):
    """What a family brings to the loop. `progress` runs from 0 to 1 over the budget."""

    module: nn.Module

    @property
    def largest_crop(self) -> int:
        """Side in pixels of the largest crop that a run asks for."""

    def phase(self, progress: float) -> Phase:
        """The phase in force at this point of the run: how many crops of which kind a step has."""

    def loss(self, crops: Tensor, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss of crops (N, 3, S, S) uint8, and figures for the log."""

    def validate(self, pictures: list[Tensor]) -> dict[str, Any]:
        """Figures on held-out pictures (1, 3, H, W) uint8 with real quantization."""


@runtime_checkable
class Prepared(Protocol):
    """A task that starts from its pictures, or whose parts learn at rates of their own.

    Attributes
    ----------
    rate_scales
        Beginnings of parameter names, and what the learning rate of those is multiplied by.
    """

    rate_scales: dict[str, float]

    def prepare(self, data: CropFolder) -> None:
        """Set the weights that a new run starts from."""


class Trainer:
    """Train a task on crops until the budget of minutes or steps is spent.

    Parameters
    ----------
    minutes, steps
        The budget; exactly one is given. The schedule anneals to its end, so a run of any length ends well.
        What a resumed run has spent already counts.
    validation
        Held-out pictures for the end of the run.
    prepare
        Whether a task that can sets the weights to begin with; of no use where others are loaded.

    Attributes
    ----------
    watch
        Called after every step with its figures, if set.
    figures
        What validation found at the end of the run.
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
        precision: Precision = "bf16-mixed",
        validation: list[Tensor] | None = None,
        prepare: bool = True,
        log_every: int = 100,
        save_seconds: float = 120,
    ) -> None:
        if (minutes is None) == (steps is None):
            raise ValueError("give either minutes or steps")
        self.task, self.recipe, self.data, self.out = task, recipe, data, out
        self.minutes, self.steps = minutes, steps
        self.validation = validation or []
        self.log_every, self.save_seconds = log_every, save_seconds
        self.watch: Callable[[dict[str, float]], None] | None = None
        devices = 1 if device == "cpu" else "auto"
        self.fabric = Fabric(accelerator=device, devices=devices, precision=precision)
        self.fabric.launch()
        torch.manual_seed(recipe.seed + self.fabric.global_rank)
        if prepare and isinstance(task, Prepared):
            task.prepare(data)
        settings = recipe.optimizer
        groups = groups_of(task.module, task.rate_scales if isinstance(task, Prepared) else {})
        kind = {"adam": torch.optim.Adam, "muon": Muon}[settings.kind]
        optimizer = kind(groups, lr=settings.rate, betas=(0.9, settings.memory))
        self.module, self.optimizer = self.fabric.setup(task.module, optimizer)
        task.module = self.module
        self.ema = copy.deepcopy(self._raw.state_dict())
        self.step, self.elapsed = 0, 0.0
        self.figures: dict[str, Any] = {}
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
        """Learning rate now: warm-up by steps, constant and then cosine by budget."""
        o = self.recipe.optimizer
        falling = max(0.0, self.progress - o.constant) / (1 - o.constant)
        cosine = o.floor + (o.rate - o.floor) * (1 + math.cos(math.pi * falling)) / 2
        return cosine * min(1.0, (self.step + 1) / max(1, o.warmup))

    def run(self) -> Path:
        """Train to the end of the budget; return the checkpoint's path."""
        saved = time.monotonic()
        while self.progress < 1:
            begun = time.monotonic()
            figures = self._one_step()
            self.step += 1
            seconds = time.monotonic() - begun
            self.elapsed += seconds
            if not math.isfinite(figures["gradient_norm"]):
                self.log({"kind": "skipped", **figures})
            elif self.step % self.log_every == 0:
                self.log({"kind": "step", **figures, "seconds_per_step": seconds})
            if self.watch:
                self.watch(figures)
            if time.monotonic() - saved > self.save_seconds:
                self.save()
                saved = time.monotonic()
        path = self.save()
        if self.validation:
            self.figures = self.validate()
            self.log({"kind": "validation", **self.figures})
        return path

    def _one_step(self) -> dict[str, float]:
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * group["scale"]
        phase = self.task.phase(self.progress)
        key = (self.recipe.seed, self.step, self.fabric.global_rank)
        drawn = self.data.batch(phase.batch, phase.crop, key, busy=phase.busy, small=phase.small)
        crops = self.fabric.to_device(torch.from_numpy(drawn))
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
            figures = self.task.validate([self.fabric.to_device(p) for p in self.validation])
        self._raw.load_state_dict(live)
        return figures

    def log(self, entry: dict[str, Any]) -> None:
        """Append one line to log.jsonl; what JSON cannot say (NaN, infinity) becomes null."""
        if self.fabric.global_rank == 0:
            stamp = {"step": self.step, "seconds": round(self.elapsed, 1), "rate": self.rate}
            with (self.out / LOG).open("a", encoding="utf-8") as file:
                file.write(json.dumps(_sayable({**stamp, **entry}), allow_nan=False) + "\n")

    def save(self) -> Path:
        """Write checkpoint.pt: weights, average, optimizer, random state, position, recipe."""
        path = self.out / CHECKPOINT
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
        if self.fabric.device.type == "cuda":
            state["random_cuda"] = torch.cuda.get_rng_state()
        if self.fabric.global_rank == 0:
            beside = path.with_suffix(".part")
            torch.save(state, beside)
            beside.replace(path)
        return path

    def resume(self, checkpoint: Path) -> None:
        """Go on exactly where a checkpoint stopped: weights, optimizer, random numbers, data position.

        Raises
        ------
        FormatError
            If the file is not a checkpoint of this loop.
        UsageError
            If the recipe is not the one that the checkpoint was trained by.
        """
        state = read_checkpoint(checkpoint)
        if state["data"] != self.data.digest:
            warnings.warn(
                "These are not the pictures that the checkpoint has seen; the run goes on with them.",
                NacreWarning,
                stacklevel=2,
            )
        if state["recipe"] != self.recipe.text:
            raise UsageError(
                f"The checkpoint was trained by another version of the recipe {state['recipe_name']}; "
                "resume with that one, or begin a new run from its weights."
            )
        self._load(state["model"], state["recipe_name"])
        self.ema = {name: self.fabric.to_device(value) for name, value in state["ema"].items()}
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        if "random_cuda" in state and self.fabric.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"])
        self.step, self.elapsed = state["step"], state["elapsed"]

    def start_from(self, weights: dict[str, Tensor], origin: str) -> None:
        """Begin a new run from weights by name; `origin` is what they are called.

        Raises
        ------
        UsageError
            If the recipe builds a network of another shape.
        """
        self._load(weights, origin)
        self.ema = copy.deepcopy(self._raw.state_dict())

    def _load(self, weights: dict[str, Tensor], origin: str) -> None:
        try:
            self._raw.load_state_dict(weights)
        except (RuntimeError, AttributeError, TypeError) as error:
            raise UsageError(
                f"The weights of {origin} are of another network than the recipe {self.recipe.name} builds; "
                "give others, or the recipe that trained them."
            ) from error


def groups_of(module: nn.Module, scales: dict[str, float]) -> list[dict[str, Any]]:
    """Parameters by what their learning rate is multiplied by."""
    found: dict[float, list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        scale = next((s for start, s in scales.items() if name.startswith(start)), 1.0)
        found.setdefault(scale, []).append(parameter)
    return [{"params": parameters, "scale": scale} for scale, parameters in found.items()]


def _sayable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _sayable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_sayable(item) for item in value]
    return value


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint on the CPU.

    Raises
    ------
    FormatError
        If the file is not a checkpoint of this loop.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        whole = state.keys() >= _KEYS
    except Exception as error:
        raise FormatError(_NO_CHECKPOINT.format(path)) from error
    if not whole:
        raise FormatError(_NO_CHECKPOINT.format(path))
    return state
