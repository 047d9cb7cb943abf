"""Training of `gru-conv`: iterations, phases, masks of cut iterations, annealed noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, cast, get_args

import torch
from torch import Tensor

from nacre.codecs.recurrent.presets import MAX_ITERATIONS, PRESETS, STRIDE, Cell, Reconstruction
from nacre.coding.passes import INTERLEAVED
from nacre.learn.losses import LOSSES
from nacre.learn.nets.gru_conv import GruConv


@dataclasses.dataclass(frozen=True)
class Phase:
    """Settings in force until a share of the budget is spent.

    Attributes
    ----------
    until
        Share of the budget, 0 to 1.
    iterations, crop, batch
        Iterations unrolled, side of a crop in pixels (a multiple of 16), crops a step.
    loss
        `l1`, `l2` or `rms`, averaged over iterations.
    masked
        Share of steps in which one iteration is cut after 1 to 3 passes and the unroll ends there, so
        that a file cut inside an iteration is worth showing.
    busy
        Share of crops chosen for their detail.
    noise
        Share of stochastic bits at the end of the phase; interpolated from the phase before.
    """

    until: float
    iterations: int
    crop: int
    batch: int
    loss: str = "l1"
    masked: float = 0.0
    busy: float = 0.0
    noise: float = 1.0

    def __post_init__(self) -> None:
        shares = (self.until, self.masked, self.busy, self.noise)
        if self.until == 0 or not all(0 <= share <= 1 for share in shares):
            raise ValueError("until, masked, busy and noise of a phase are shares from 0 to 1")
        if not all(isinstance(n, int) and n > 0 for n in (self.iterations, self.crop, self.batch)):
            raise ValueError("iterations, crop and batch of a phase are whole numbers above 0")
        if self.crop % STRIDE:
            raise ValueError(f"the crop of a phase is a multiple of {STRIDE}, not {self.crop}")
        _known("loss", self.loss, LOSSES)


def _known(setting: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise ValueError(f"{setting} is one of {', '.join(choices)}, not {value!r}")


def pass_mask(passes: int, height: int, width: int) -> Tensor:
    """1 at the cells of the first `passes` passes, 0 elsewhere; shape (1, 1, height, width)."""
    mask = torch.zeros(1, 1, height, width)
    for row, column in INTERLEAVED[:passes]:
        mask[..., row::2, column::2] = 1
    return mask


class GruConvTask:
    """The task of family `gru-conv`.

    Parameters
    ----------
    preset
        A name of `PRESETS`.
    cell, reconstruction
        Override the preset's.
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
    ) -> None:
        _known("preset", preset, PRESETS)
        choices: dict[str, Any] = {"cell": cell, "reconstruction": reconstruction}
        chosen = {k: v for k, v in choices.items() if v is not None}
        self.shape = dataclasses.replace(PRESETS[preset], **chosen)
        _known("cell", self.shape.cell, get_args(Cell))
        _known("reconstruction", self.shape.reconstruction, get_args(Reconstruction))
        self.phases = [Phase(**p) for p in phases]
        ends = [phase.until for phase in self.phases]
        if not ends or ends[-1] != 1 or any(a >= b for a, b in pairwise(ends)):
            raise ValueError("the phases have rising values of until, the last of which is 1")
        self.module: torch.nn.Module = GruConv(self.shape)

    @property
    def largest_crop(self) -> int:
        """Side in pixels."""
        return max(phase.crop for phase in self.phases)

    @property
    def _net(self) -> GruConv:
        # The loop puts a wrapper around the module.
        return cast("GruConv", getattr(self.module, "module", self.module))

    def _phase(self, progress: float) -> tuple[int, Phase]:
        for i, phase in enumerate(self.phases):
            if progress < phase.until:
                return i, phase
        return len(self.phases) - 1, self.phases[-1]

    def batch_shape(self, progress: float) -> tuple[int, int]:
        """(crops a step, side of a crop)."""
        _, phase = self._phase(progress)
        return phase.batch, phase.crop

    def busy(self, progress: float) -> float:
        """Share of crops chosen for their detail."""
        return self._phase(progress)[1].busy

    def noise(self, progress: float) -> float:
        """Share of stochastic bits now, linear within a phase."""
        i, phase = self._phase(progress)
        begun, before = (self.phases[i - 1].until, self.phases[i - 1].noise) if i else (0.0, phase.noise)
        share = min(1.0, (progress - begun) / max(1e-9, phase.until - begun))
        return before + (phase.noise - before) * share

    def loss(self, crops: Tensor, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Mean of the phase's loss over iterations."""
        _, phase = self._phase(progress)
        self._net.encoder.binarizer.noise = self.noise(progress)
        picture = crops.float() / 255 - 0.5
        count, mask = phase.iterations, None
        if torch.rand(()) < phase.masked:
            count = int(torch.randint(1, count + 1, ()))
            passes = int(torch.randint(1, len(INTERLEAVED), ()))
            cells = phase.crop // STRIDE
            mask = {count - 1: pass_mask(passes, cells, cells).to(picture.device)}
        loss = LOSSES[phase.loss]
        losses, errors = [], []
        for _, shown in self.module(picture, count, mask):
            losses.append(loss(shown, picture))
            errors.append(((shown.detach() - picture) ** 2).mean())
        figures = {}
        if mask is None:
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
