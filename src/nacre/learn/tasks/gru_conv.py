"""Training of `gru-conv`: iterations, phases, masks of cut iterations, annealed noise."""

from __future__ import annotations

import dataclasses
from typing import Any, cast, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from nacre.codecs.recurrent.presets import (
    MAX_ITERATIONS,
    MOST_PRIMING,
    PRESETS,
    STRIDE,
    Cell,
    Reconstruction,
)
from nacre.coding.passes import INTERLEAVED
from nacre.learn.losses import LOSSES
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.phases import Phase, Schedule, known


def pass_mask(passes: int, height: int, width: int) -> Tensor:
    """1 at the cells of the first `passes` passes, 0 elsewhere; shape (1, 1, height, width)."""
    mask = torch.zeros(1, 1, height, width)
    for row, column in INTERLEAVED[:passes]:
        mask[..., row::2, column::2] = 1
    return mask


def activity(count: int, batch: int, height: int, width: int) -> Tensor:
    """Which cells still send in each of `count` iterations: (count, batch, 1, height, width).

    Each cell stops after between a quarter and all of the iterations, its neighbors after about as many.
    """
    field = F.interpolate(torch.randn(batch, 1, 4, 4), (height, width), mode="bilinear", align_corners=True)
    share = torch.special.ndtr(1.5 * field)
    stops = torch.ceil(count * (0.25 + 0.75 * share))
    return (torch.arange(count).view(-1, 1, 1, 1, 1) < stops).float()


class GruConvTask:
    """The task of family `gru-conv`.

    Parameters
    ----------
    preset
        A name of `PRESETS`.
    cell, reconstruction
        Override the preset's.
    gain
        Of the amplified copy of what is missing that the encoder sees; 0 for none.
    phases
        Tables with the fields of `Phase`, in order; the last one ends at 1.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range or unknown.
    """

    def __init__(
        self,
        preset: str,
        phases: list[dict[str, Any]],
        cell: str | None = None,
        reconstruction: str | None = None,
        gain: float = 0.0,
    ) -> None:
        known("preset", preset, PRESETS)
        choices: dict[str, Any] = {"cell": cell, "reconstruction": reconstruction}
        chosen = {k: v for k, v in choices.items() if v is not None}
        self.shape = dataclasses.replace(PRESETS[preset], **chosen)
        known("cell", self.shape.cell, get_args(Cell))
        known("reconstruction", self.shape.reconstruction, get_args(Reconstruction))
        self.schedule = Schedule(phases, STRIDE)
        self.module: torch.nn.Module = GruConv(self.shape, gain)

    @property
    def largest_crop(self) -> int:
        """Side in pixels."""
        return self.schedule.largest_crop

    def phase(self, progress: float) -> Phase:
        """The phase in force."""
        return self.schedule.at(progress)

    @property
    def _net(self) -> GruConv:
        # The loop puts a wrapper around the module.
        return cast("GruConv", getattr(self.module, "module", self.module))

    def loss(self, crops: Tensor, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Mean of the phase's loss over iterations."""
        phase = self.phase(progress)
        self._net.encoder.binarizer.noise = self.schedule.noise(progress)
        picture = crops.float() / 255 - 0.5
        count, priming = phase.iterations, 0
        if torch.rand(()) < phase.primed:
            priming = int(torch.randint(1, MOST_PRIMING + 1, ()))
        mask: dict[int, Tensor] = {}
        cells = phase.crop // STRIDE
        if torch.rand(()) < phase.masked:
            count = int(torch.randint(1, count + 1, ()))
            passes = int(torch.randint(1, len(INTERLEAVED), ()))
            mask[count - 1] = pass_mask(passes, cells, cells).to(picture.device)
        if torch.rand(()) < phase.adaptive:
            sending = activity(phase.iterations, len(picture), cells, cells).to(picture.device)
            mask = {t: sending[t] * mask.get(t, 1) for t in range(count)}
        loss = LOSSES[phase.loss]
        losses, errors = [], []
        for _, shown in self.module(picture, count, mask, priming):
            losses.append(loss(shown, picture))
            errors.append(((shown.detach() - picture) ** 2).mean())
        figures = {}
        if not mask:
            figures = {
                f"psnr_{t}": -10 * float(torch.log10(errors[t - 1])) for t in (1, 2, 4, 8, 16) if t <= count
            }
        return torch.stack(losses).mean(), figures

    def validate(self, pictures: list[Tensor]) -> dict[str, Any]:
        """Mean PSNR after 1 to 16 iterations on rounded pictures, fixed codes; dead bits of iteration 1."""
        curves, means = [], []
        for bytes_ in pictures:
            picture = bytes_.float() / 255 - 0.5
            curve = []
            for t, (codes, shown) in enumerate(self._net.iterations(picture, MAX_ITERATIONS)):
                levels = ((shown.clamp(-0.5, 0.5) + 0.5) * 255).round()
                curve.append(10 * torch.log10(255**2 / ((levels - bytes_.float()) ** 2).mean()))
                if t == 0:
                    means.append(codes.float().mean((0, 2, 3)))
            curves.append(torch.stack(curve))
        dead = (torch.stack(means).mean(0).abs() > 0.98).sum()
        return {"psnr": [round(float(p), 3) for p in torch.stack(curves).mean(0)], "dead_bits": int(dead)}
