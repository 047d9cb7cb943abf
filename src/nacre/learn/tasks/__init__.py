"""Tasks: what each family brings to the training loop."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import torch

from nacre.errors import UsageError
from nacre.learn.loop import Task
from nacre.learn.recipe import Recipe

_TASKS = {"gru-conv": "nacre.learn.tasks.gru_conv:GruConvTask"}


def make_task(recipe: Recipe) -> Task:
    """Build the task of a recipe's family, with the weights that its seed starts from.

    Raises
    ------
    UsageError
        If no family of that name can be trained, or its settings are not valid.
    """
    if recipe.family not in _TASKS:
        raise UsageError(f"No family {recipe.family!r} can be trained; choose one of: {', '.join(_TASKS)}.")
    module, name = _TASKS[recipe.family].split(":")
    make: Callable[..., Task] = getattr(import_module(module), name)
    torch.manual_seed(recipe.seed)
    try:
        return make(**recipe.task)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The recipe {recipe.name} is not valid for {recipe.family}: {error}.") from error
