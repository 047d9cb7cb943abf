"""Training of the networks of Toderici et al. (2016), on units cut from crops."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import torch
from torch import Tensor

from nacre.codecs.recurrent.unit_shapes import SCALE, UNIT_PRESETS, Architecture
from nacre.learn.losses import LOSSES
from nacre.learn.nets.units import UnitNet
from nacre.learn.phases import Phase, Schedule, known

_CROP = 32
"""What crops are a multiple of, and the square over which a loss takes its mean: a thumbnail."""


def to_units(pictures: Tensor, side: int) -> Tensor:
    """(N, 3, H, W) to (N * H/side * W/side, 3, side, side), units of a picture in raster order."""
    n, channels, height, width = pictures.shape
    grid = pictures.reshape(n, channels, height // side, side, width // side, side)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(-1, channels, side, side)


def from_units(units: Tensor, count: int) -> Tensor:
    """(N * count**2, 3, side, side) back to (N, 3, count * side, count * side)."""
    _, channels, side, _ = units.shape
    grid = units.reshape(-1, count, count, channels, side, side).permute(0, 3, 1, 4, 2, 5)
    return grid.reshape(-1, channels, count * side, count * side)


class UnitTask:
    """The task of the five families.

    Parameters
    ----------
    architecture
        Which of them.
    preset
        A name of its `UNIT_PRESETS`.
    phases
        Tables with the fields of `Phase`; `masked` is not for these networks, whose units are shown whole.
    bits, stages
        Override the preset's: bits a location and iteration, stages with weights of their own.
    gain
        Of the amplified copy of what is missing that encoders see; 0 for none.
    detach
        Stop gradients between iterations.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range or unknown.
    """

    def __init__(
        self,
        architecture: Architecture,
        preset: str,
        phases: list[dict[str, Any]],
        bits: int | None = None,
        stages: int | None = None,
        gain: float = 0.0,
        detach: bool = False,
    ) -> None:
        known("preset", preset, UNIT_PRESETS[architecture])
        chosen: dict[str, Any] = {k: v for k, v in {"bits": bits, "stages": stages}.items() if v is not None}
        if any(not isinstance(v, int) or v < 1 for v in chosen.values()):
            raise ValueError("bits and stages are whole numbers above 0")
        self.shape = dataclasses.replace(UNIT_PRESETS[architecture][preset], **chosen)
        self.schedule = Schedule(phases, _CROP)
        for phase in self.schedule.phases:
            if phase.masked:
                raise ValueError("masked is not for networks of independent units")
            if phase.iterations > self.shape.most_iterations:
                raise ValueError(f"{architecture} has at most {self.shape.most_iterations} iterations")
        self.detach = detach
        self.module: torch.nn.Module = UnitNet(self.shape, gain)

    @property
    def largest_crop(self) -> int:
        """Side in pixels."""
        return self.schedule.largest_crop

    @property
    def _net(self) -> UnitNet:
        # The loop puts a wrapper around the module.
        return cast("UnitNet", getattr(self.module, "module", self.module))

    def phase(self, progress: float) -> Phase:
        """The phase in force."""
        return self.schedule.at(progress)

    def loss(self, crops: Tensor, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Mean of the phase's loss over iterations."""
        phase = self.phase(progress)
        self._net.binarizer.noise = self.schedule.noise(progress)
        units = to_units(to_units(crops, _CROP).float() * (2 * SCALE / 255) - SCALE, self.shape.side)
        loss = LOSSES[phase.loss]
        # All units of a thumbnail are one picture to the loss, whose values have a range of 1.
        count = _CROP // self.shape.side
        target = from_units(units, count) / (2 * SCALE)
        losses, figures = [], {}
        for t, (_, shown) in enumerate(self.module(units, phase.iterations, detach=self.detach), 1):
            losses.append(loss(from_units(shown, count) / (2 * SCALE), target))
            if t in (1, 2, 4, 8, 16):
                error = ((shown.detach() - units) ** 2).mean() / (2 * SCALE) ** 2
                figures[f"psnr_{t}"] = -10 * float(torch.log10(error))
        return torch.stack(losses).mean(), figures

    def validate(self, pictures: list[Tensor]) -> dict[str, Any]:
        """Mean PSNR after each iteration on rounded pictures, fixed codes; dead bits of iteration 1."""
        curves, means = [], []
        for levels in pictures:
            height, width = (n // _CROP * _CROP for n in levels.shape[2:])
            original = to_units(levels[..., :height, :width].float(), self.shape.side)
            units = original * (2 * SCALE / 255) - SCALE
            curve = []
            for t, (codes, shown) in enumerate(self._net.iterations(units, self.shape.most_iterations)):
                rounded = ((shown.clamp(-SCALE, SCALE) + SCALE) * (255 / (2 * SCALE))).round()
                curve.append(10 * torch.log10(255**2 / ((rounded - original) ** 2).mean()))
                if t == 0:
                    means.append(codes.float().mean((0, 2, 3)))
            curves.append(torch.stack(curve))
        dead = (torch.stack(means).mean(0).abs() > 0.98).sum()
        return {"psnr": [round(float(p), 3) for p in torch.stack(curves).mean(0)], "dead_bits": int(dead)}
