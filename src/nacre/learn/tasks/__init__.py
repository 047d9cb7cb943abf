"""Tasks, exporters and readers of weights: what each family brings to training."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nacre.errors import UsageError
from nacre.learn.loop import Task
from nacre.learn.recipe import Recipe

if TYPE_CHECKING:
    from nacre.learn.export import Exporter
    from nacre.runtime.weights import WeightsInfo


@dataclass(frozen=True)
class _Family:
    """Where a family's task, exporter and reader stand, and what the task is told beside its recipe."""

    task: str
    exporter: str
    reader: str
    settings: dict[str, Any] = field(default_factory=dict)


def _units(architecture: str) -> _Family:
    return _Family(
        "nacre.learn.tasks.units:UnitTask",
        "nacre.learn.nets.units_export:export_units",
        "nacre.learn.nets.units_export:installed_units",
        {"architecture": architecture},
    )


_FAMILIES = {
    "progressive": _Family(
        "nacre.learn.tasks.progressive:ProgressiveTask",
        "nacre.learn.nets.progressive_export:export_progressive",
        "nacre.learn.nets.progressive_export:installed_progressive",
    ),
    "gru-conv": _Family(
        "nacre.learn.tasks.gru_conv:GruConvTask",
        "nacre.learn.nets.gru_conv_export:export_gru_conv",
        "nacre.learn.nets.gru_conv_export:installed_gru_conv",
    ),
    "residual-fc": _units("residual-fc"),
    "lstm-fc": _units("lstm-fc"),
    "residual-conv": _units("residual-conv"),
    "lstm-conv": _units("lstm-conv"),
    "static-conv": _units("static-conv"),
}


def make_task(recipe: Recipe) -> Task:
    """Build the task of a recipe's family, with the weights that its seed starts from.

    Raises
    ------
    UsageError
        If no family of that name can be trained, or its settings are not valid.
    """
    family = _find(recipe.family)
    make = _load(family.task)
    torch.manual_seed(recipe.seed)
    try:
        task: Task = make(**family.settings, **recipe.task)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The recipe {recipe.name} is not valid for {recipe.family}: {error}.") from error
    return task


def find_exporter(recipe: Recipe) -> Exporter:
    """Find the exporter of a recipe's family.

    Raises
    ------
    UsageError
        If no family of that name can be trained.
    """
    exporter: Exporter = _load(_find(recipe.family).exporter)
    return exporter


def read_weights(recipe: Recipe, task: Task, info: WeightsInfo) -> dict[str, Tensor]:
    """Weights by name of the network that installed files hold, for a new run of a recipe.

    Parameters
    ----------
    task
        What `make_task` built of the recipe.

    Raises
    ------
    WeightsError
        If a file is missing or damaged.
    UsageError
        If they are of another family or shape than the recipe's network.
    """
    if info.codec != recipe.family:
        raise UsageError(
            f"The weights in {info.path} are of {info.codec}, which the recipe {recipe.name} does not "
            f"train; give weights of {recipe.family}."
        )
    found: dict[str, Tensor] = _load(_find(recipe.family).reader)(task.module, info)
    return found


def _find(family: str) -> _Family:
    if family not in _FAMILIES:
        raise UsageError(f"No family {family!r} can be trained; choose one of: {', '.join(_FAMILIES)}.")
    return _FAMILIES[family]


def _load(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)
