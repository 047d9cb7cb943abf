"""Training of `progressive`: one network for all rates, a quantizer step of its own for every crop.

docs/progressive.md: loss = step^0.3 (bits a pixel + 0.12 / step^2 MSE).
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor

from nacre.codecs.progressive.shapes import PRESETS, STRIDE, UNIT
from nacre.learn.data.crops import CropFolder
from nacre.learn.nets.klt import begin_with_klt
from nacre.learn.nets.progressive import Progressive
from nacre.learn.phases import Phase, known

PRICE = 18 / (math.log(2) * UNIT**2)
"""Of an MSE in steps of the quantizer: what bits of an orthonormal transform cost at high rates."""
_KLT_CROPS = 512
_KLT_SIDE = 192


class ProgressiveTask:
    """The task of family `progressive`.

    Parameters
    ----------
    preset
        A name of `PRESETS`.
    crop, batch
        Side of a crop in pixels, crops a step.
    steps
        Least and largest step of the quantizer, drawn log-uniformly.
    coarse, coarsest
        Share of crops with steps from the largest of these to `coarsest`.
    weight
        Exponent of the step in a crop's weight.
    gray
        Share of crops without color.

    Raises
    ------
    ValueError, TypeError
        If a setting is out of range or unknown.
    """

    def __init__(
        self,
        preset: str,
        crop: int = 192,
        batch: int = 8,
        steps: tuple[float, float] = (0.7, 16.0),
        coarse: float = 0.1,
        coarsest: float = 64.0,
        weight: float = 0.3,
        gray: float = 0.07,
    ) -> None:
        self.rate_scales = {"analysis.linear": 0.2, "synthesis.linear": 0.2, "prior": 10.0}
        known("preset", preset, PRESETS)
        if crop % STRIDE or crop < STRIDE:
            raise ValueError(f"crop is a multiple of {STRIDE}, not {crop}")
        if not 0 < steps[0] < steps[1] < coarsest or not (0 <= coarse <= 1 and 0 <= gray <= 1):
            raise ValueError("steps rise to coarsest, coarse and gray are shares from 0 to 1")
        self.crop, self.batch, self.steps = crop, batch, (float(steps[0]), float(steps[1]))
        self.coarse, self.coarsest, self.weight, self.gray = coarse, float(coarsest), weight, gray
        self.module: torch.nn.Module = Progressive(PRESETS[preset]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def largest_crop(self) -> int:
        """Side in pixels."""
        return self.crop

    def phase(self, progress: float) -> Phase:
        """The same throughout."""
        return Phase(1.0, 1, self.crop, self.batch)

    @property
    def _net(self) -> Progressive:
        # The loop puts a wrapper around the module.
        return cast("Progressive", getattr(self.module, "module", self.module))

    def prepare(self, data: CropFolder) -> None:
        """Begin with the linear transform of the pictures."""
        crops = torch.from_numpy(data.batch(_KLT_CROPS, min(_KLT_SIDE, self.crop), (0, 1)))
        begin_with_klt(self._net, crops.float() / 255 - 0.5)

    def loss(self, crops: Tensor, progress: float) -> tuple[Tensor, dict[str, float]]:
        """Rate and distortion at random steps."""
        gray = torch.rand(len(crops), 1, 1, 1, device=crops.device) < self.gray
        levels = torch.where(gray, crops.float().mean(1, keepdim=True).round().to(torch.uint8), crops)
        # Mixed precision hands numbers on with eight bits: both sides are to see the same ones.
        step = self._random_steps(len(crops), crops.device).bfloat16().float()[:, None, None, None]
        rate, hyper_rate, error = self.module(levels, step)
        losses = step.flatten() ** self.weight * (rate + hyper_rate + PRICE / step.flatten() ** 2 * error)
        return losses.mean(), {
            "bpp": float(rate.detach().mean()),
            "hyper_bpp": float(hyper_rate.detach().mean()),
            "log_mse": float(error.detach().log2().mean()),
        }

    def _random_steps(self, count: int, device: torch.device) -> Tensor:
        """One in every equal share of the range, so that no batch is all coarse."""
        low, high = (math.log2(s) for s in self.steps)
        strata = (torch.randperm(count, device=device) + torch.rand(count, device=device)) / count
        logs = low + (high - low) * strata
        coarse = torch.rand(count, device=device) < self.coarse
        rare = high + (math.log2(self.coarsest) - high) * torch.rand(count, device=device)
        return torch.exp2(torch.where(coarse, rare, logs))

    def validate(self, pictures: list[Tensor]) -> dict[str, Any]:
        """Bits a pixel and PSNR at steps 2, 4, 8, 16, quantized with a dead zone; means over pictures."""
        rates, quality = [], []
        for levels in pictures:
            height, width = (n // STRIDE * STRIDE for n in levels.shape[2:])
            x = levels[..., :height, :width].float() / 255 - 0.5
            pairs = [self._net.judge(x, step) for step in (2.0, 4.0, 8.0, 16.0)]
            rates.append([r for r, _ in pairs])
            quality.append([q for _, q in pairs])
        return {
            "bpp": [round(float(v), 4) for v in torch.tensor(rates).mean(0)],
            "psnr": [round(float(v), 3) for v in torch.tensor(quality).mean(0)],
        }
