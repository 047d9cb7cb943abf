"""Phases of a training run: what is in force until which share of the budget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from nacre.learn.losses import LOSSES


@dataclass(frozen=True)
class Phase:
    """Settings in force until a share of the budget is spent.

    Attributes
    ----------
    until
        Share of the budget, 0 to 1.
    iterations, crop, batch
        Iterations unrolled, side of a crop in pixels, crops a step.
    loss
        A name of `LOSSES`; averaged over iterations.
    masked
        Share of steps in which one iteration is cut after 1 to 3 passes and the unroll ends there, so
        that a file cut inside an iteration is worth showing.
    primed
        Share of steps that begin with 1 to 3 priming runs.
    adaptive
        Share of steps in which cells stop after different numbers of iterations.
    busy
        Share of crops chosen for their detail.
    small
        Share of crops from pictures shrunk by 4, 6 or 8, as thumbnails are.
    noise
        Share of stochastic bits at the end of the phase; interpolated from the phase before.
    """

    until: float
    iterations: int
    crop: int
    batch: int
    loss: str = "l1"
    masked: float = 0.0
    primed: float = 0.0
    adaptive: float = 0.0
    busy: float = 0.0
    small: float = 0.0
    noise: float = 1.0

    def __post_init__(self) -> None:
        shares = (
            self.until,
            self.masked,
            self.primed,
            self.adaptive,
            self.busy,
            self.small,
            self.noise,
        )
        if self.until == 0 or not all(0 <= share <= 1 for share in shares):
            raise ValueError(
                "until, masked, primed, adaptive, busy, small and noise of a phase are shares from 0 to 1"
            )
        if not all(isinstance(n, int) and n > 0 for n in (self.iterations, self.crop, self.batch)):
            raise ValueError("iterations, crop and batch of a phase are whole numbers above 0")
        known("loss", self.loss, LOSSES)


def known(setting: str, value: str, choices: Iterable[str]) -> None:
    """Raise ValueError if a setting has no such value."""
    if value not in choices:
        raise ValueError(f"{setting} is one of {', '.join(choices)}, not {value!r}")


class Schedule:
    """Phases in order.

    Parameters
    ----------
    phases
        Tables with the fields of `Phase`; the last one ends at 1.
    multiple
        What the side of every crop must be a multiple of.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range or unknown.
    """

    def __init__(self, phases: list[dict[str, Any]], multiple: int) -> None:
        self.phases = [Phase(**p) for p in phases]
        for phase in self.phases:
            if phase.crop % multiple:
                raise ValueError(f"the crop of a phase is a multiple of {multiple}, not {phase.crop}")
        ends = [phase.until for phase in self.phases]
        if not ends or ends[-1] != 1 or any(a >= b for a, b in pairwise(ends)):
            raise ValueError("the phases have rising values of until, the last of which is 1")

    @property
    def largest_crop(self) -> int:
        """Side in pixels."""
        return max(phase.crop for phase in self.phases)

    def at(self, progress: float) -> Phase:
        """The phase in force."""
        return self.phases[self._index(progress)]

    def noise(self, progress: float) -> float:
        """Share of stochastic bits now, linear within a phase."""
        i = self._index(progress)
        phase = self.phases[i]
        begun, before = (self.phases[i - 1].until, self.phases[i - 1].noise) if i else (0.0, phase.noise)
        share = min(1.0, (progress - begun) / max(1e-9, phase.until - begun))
        return before + (phase.noise - before) * share

    def _index(self, progress: float) -> int:
        ends = [phase.until for phase in self.phases]
        return next((i for i, end in enumerate(ends) if progress < end), len(ends) - 1)
