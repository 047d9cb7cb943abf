"""Tasks and exporters: what each family brings to training."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

from nacre.errors import UsageError
from nacre.learn.loop import Task
from nacre.learn.recipe import Recipe

if TYPE_CHECKING:
    from nacre.learn.export import Exporter

_FAMILIES = {
    "gru-conv": (
        "nacre.learn.tasks.gru_conv:GruConvTask",
        "nacre.learn.nets.gru_conv_export:export_gru_conv",
    ),
}
"""Of each family its task and its exporter."""


def make_task(recipe: Recipe) -> Task:
    """Build the task of a recipe's family, with the weights that its seed starts from.

    Raises
    ------
    UsageError
        If no family of that name can be trained, or its settings are not valid.
    """
    make = _load(recipe.family, 0)
    torch.manual_seed(recipe.seed)
    try:
        task: Task = make(**recipe.task)
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
    exporter: Exporter = _load(recipe.family, 1)
    return exporter


def _load(family: str, part: int) -> Any:
    if family not in _FAMILIES:
        raise UsageError(f"No family {family!r} can be trained; choose one of: {', '.join(_FAMILIES)}.")
    module, name = _FAMILIES[family][part].split(":")
    return getattr(import_module(module), name)
