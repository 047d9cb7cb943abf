"""Tasks and exporters: what each family brings to training."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

from nacre.errors import UsageError
from nacre.learn.loop import Task
from nacre.learn.recipe import Recipe

if TYPE_CHECKING:
    from nacre.learn.export import Exporter


@dataclass(frozen=True)
class _Family:
    """Where a family's task and exporter stand, and what the task is told beside its recipe."""

    task: str
    exporter: str
    settings: dict[str, Any] = field(default_factory=dict)


def _units(architecture: str) -> _Family:
    return _Family(
        "nacre.learn.tasks.units:UnitTask",
        "nacre.learn.nets.units_export:export_units",
        {"architecture": architecture},
    )


_FAMILIES = {
    "progressive": _Family(
        "nacre.learn.tasks.progressive:ProgressiveTask",
        "nacre.learn.nets.progressive_export:export_progressive",
    ),
    "gru-conv": _Family(
        "nacre.learn.tasks.gru_conv:GruConvTask", "nacre.learn.nets.gru_conv_export:export_gru_conv"
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


def _find(family: str) -> _Family:
    if family not in _FAMILIES:
        raise UsageError(f"No family {family!r} can be trained; choose one of: {', '.join(_FAMILIES)}.")
    return _FAMILIES[family]


def _load(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)
