"""A finished run of `gru-conv`: its averaged weights, and what its checkpoint tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nacre.errors import UsageError
from nacre.learn.loop import read_checkpoint
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.recipe import Recipe, load_recipe_text
from nacre.learn.tasks import make_task


@dataclass(frozen=True)
class Run:
    """A network ready to be measured.

    Attributes
    ----------
    minutes
        That it was trained for.
    """

    net: GruConv
    recipe: Recipe
    steps: int
    minutes: float

    @property
    def unrolled(self) -> int:
        """Iterations that training went through; later ones were never learned."""
        return max(int(phase["iterations"]) for phase in self.recipe.task["phases"])


def averaged(checkpoint: Path) -> Run:
    """Read a checkpoint.

    Raises
    ------
    FormatError
        If the file is not a checkpoint.
    UsageError
        If it is one of another family.
    """
    state = read_checkpoint(checkpoint)
    recipe = load_recipe_text(state["recipe_name"], state["recipe"])
    net = make_task(recipe).module
    if not isinstance(net, GruConv):
        raise UsageError(f"{checkpoint} is a run of {recipe.family}; give one of gru-conv.")
    net.load_state_dict(state["ema"])
    return Run(net.eval(), recipe, state["step"], state["elapsed"] / 60)
