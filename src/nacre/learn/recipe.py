"""Recipes: what to train and how, as TOML files that ship with the package."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacre.errors import UsageError

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class OptimizerSettings:
    """A warm-up in steps, then a cosine over the budget from `rate` to `floor`.

    Attributes
    ----------
    kind
        `adam`, or `muon`, whose steps cost more and are worth more.
    constant
        Share of the budget before the cosine begins, below 1.
    memory
        Of the mean of squared gradients, a step.
    """

    rate: float = 5e-4
    floor: float = 1e-5
    warmup: int = 200
    clip: float = 0.5
    ema: float = 0.999
    constant: float = 0.0
    memory: float = 0.999
    kind: str = "adam"

    def __post_init__(self) -> None:
        if self.kind not in ("adam", "muon"):
            raise ValueError(f"kind of optimizer is adam or muon, not {self.kind!r}")
        for name, value in vars(self).items():
            if name == "kind":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name} must be a number of at least 0, not {value!r}")
        if self.constant >= 1 or self.memory >= 1:
            raise ValueError("constant and memory are shares below 1")


@dataclass(frozen=True)
class Recipe:
    """One training run's settings.

    Attributes
    ----------
    variant
        Names these weights beside others of the family, None for the ones that it uses by itself.
    task
        What only the family's task reads (network, phases, losses).
    """

    name: str
    family: str
    seed: int
    task: dict[str, Any]
    variant: str | None = None
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    text: str = ""

    @property
    def weights(self) -> str:
        """Name of the folder of its weights."""
        return f"{self.family}-{self.variant}" if self.variant else self.family

    @property
    def digest(self) -> str:
        """SHA-256 of the recipe's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def load_recipe(name_or_path: str) -> Recipe:
    """Read a shipped recipe by name, or any recipe by path.

    Raises
    ------
    UsageError
        If there is no such recipe or it is not valid.
    """
    path = RECIPES / f"{name_or_path}.toml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise UsageError(f"There is no recipe {name_or_path!r}; give a TOML file or one of: {known}.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"The recipe {name_or_path!r} cannot be read as text; give a TOML file.") from error
    return load_recipe_text(path.stem, text)


def load_recipe_text(name: str, text: str) -> Recipe:
    """Read a recipe from its text, as checkpoints keep it.

    Raises
    ------
    UsageError
        If it is not valid.
    """
    try:
        table = tomllib.loads(text)
        if not isinstance(table.get("family"), str):
            raise ValueError('it names no family, such as family = "gru-conv"')
        return Recipe(
            name=name,
            family=table.pop("family"),
            seed=int(table.pop("seed", 0)),
            variant=_variant(table.pop("variant", None)),
            optimizer=OptimizerSettings(**table.pop("optimizer", {})),
            task=table,
            text=text,
        )
    except (TypeError, ValueError) as error:  # of which TOML's error is one
        raise UsageError(f"The recipe {name} is not valid: {error}.") from error


def _variant(value: Any) -> str | None:
    if value is not None and (not isinstance(value, str) or not value.isalnum()):
        raise ValueError(f"variant is a name of letters and digits, not {value!r}")
    return value
