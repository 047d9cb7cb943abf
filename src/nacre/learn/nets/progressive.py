"""The networks of `progressive` in torch: a linear colour transform with residual networks on top.

docs/progressive.md tells what it is made of. At the start the residual networks give
zero, so that the first step has a working transform codec.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nacre.codecs.progressive.shapes import (
    CELL,
    HYPER_MOST,
    HYPER_SCALE,
    PATCH,
    UNIT,
    Shape,
    cell_basis,
)
from nacre.learn.losses.gaussian_rate import bits, cell_mass, quantized

ANALYSIS_GAIN, SYNTHESIS_GAIN = 2.0, 0.1
"""Of what the residual networks add: latent units, and the full range of pixels."""
LEAST_DEVIATION = 0.125
"""Of any latent, in steps of the finest quantizer."""
LEAST_LOG, MOST_LOG = -8.0, 8.0
"""Bounds of log2 of a latent's deviation over its channel's."""


class Block(nn.Module):
    """x + conv1x1(ReLU(conv1x1(depthwise3x3(x))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.widen = nn.Conv2d(width, 2 * width, 1)
        self.narrow = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(F.relu(self.widen(self.spatial(x))))


def _blocks(width: int, count: int) -> list[nn.Module]:
    return [Block(width) for _ in range(count)]


def _zeroed(layer: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(cast("Tensor", layer.bias))
    return layer


def _exact(x: Tensor) -> torch.autocast:
    """Latents reach hundreds of steps, which bfloat16 cannot tell apart."""
    return torch.autocast(x.device.type, enabled=False)


class Analysis(nn.Module):
    """Pixels (N, 3, H, W) in -0.5..0.5 to latents (N, C, H/16, W/16) in steps of the finest quantizer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        (a, b, c), counts = shape.widths, shape.analysis_blocks
        self.linear = nn.Conv2d(3, shape.channels, PATCH, stride=PATCH, bias=False)
        self.network = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, a, 3, padding=1),
            *_blocks(a, counts[0]),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * a, b, 1),
            *_blocks(b, counts[1]),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * b, c, 1),
            *_blocks(c, counts[2]),
            _zeroed(nn.Conv2d(c, shape.channels, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        with _exact(x):
            # The convolution as a matrix product of patches, which runs twice as fast.
            weight = self.linear.weight.reshape(len(self.linear.weight), -1, 1, 1)
            linear = F.conv2d(F.pixel_unshuffle(x, PATCH), weight) * (255 / UNIT)
        return linear + ANALYSIS_GAIN * self.network(x).float()


class Synthesis(nn.Module):
    """Latents to pixels; `scales` (C,) are what the network's input is divided by."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        (a, b, c), counts = shape.widths, shape.synthesis_blocks
        self.linear = nn.Conv2d(shape.channels, 3 * PATCH**2, 1, bias=False)
        self.network = nn.Sequential(
            nn.Conv2d(shape.channels, c, 1),
            *_blocks(c, counts[2]),
            nn.Conv2d(c, 4 * b, 1),
            nn.PixelShuffle(2),
            *_blocks(b, counts[1]),
            nn.Conv2d(b, 4 * a, 1),
            nn.PixelShuffle(2),
            *_blocks(a, counts[0]),
            _zeroed(nn.Conv2d(a, 48, 3, padding=1)),
            nn.PixelShuffle(4),
        )

    def forward(self, latents: Tensor, scales: Tensor) -> Tensor:
        with _exact(latents):
            linear = F.pixel_shuffle(self.linear(latents), PATCH) * (UNIT / 255)
        return linear + SYNTHESIS_GAIN * self.network(latents / scales[:, None, None]).float()


class HyperAnalysis(nn.Module):
    """Scaled latents (N, C, h, w) to hyper-latents (N, Z, h/4, w/4), in their steps."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        hyper = shape.hyper
        self.network = nn.Sequential(
            nn.Conv2d(shape.channels, hyper, 1),
            nn.ReLU(),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * hyper, hyper, 1),
            nn.ReLU(),
            nn.PixelUnshuffle(2),
            nn.Conv2d(4 * hyper, shape.hyper_latents, 1),
        )

    def forward(self, scaled: Tensor) -> Tensor:
        return (HYPER_SCALE * self.network(scaled).float()).clamp(-HYPER_MOST, HYPER_MOST)


class HyperSynthesis(nn.Module):
    """Hyper-latents to mean and log2 of the deviation, both over the channel's scale, (N, C, h, w) each."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        hyper = shape.hyper
        self.first = nn.Conv2d(shape.hyper_latents, 4 * hyper, 3, padding=1)
        self.second = nn.Conv2d(hyper, 4 * hyper, 3, padding=1)
        self.last = nn.Conv2d(hyper, 2 * shape.channels, 1)
        with torch.no_grad():
            self.last.weight.mul_(0.2)
        nn.init.zeros_(cast("Tensor", self.last.bias))

    def forward(self, hyper_latents: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(F.pixel_shuffle(self.first(hyper_latents), 2))
        x = F.relu(F.pixel_shuffle(self.second(x), 2))
        mean, log = self.last(x).float().chunk(2, 1)
        return mean, log.clamp(LEAST_LOG, MOST_LOG)


class HyperPrior(nn.Module):
    """Density of hyper-latents: three logistic distributions a channel."""

    def __init__(self, channels: int, parts: int = 3) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(parts, channels))
        self.centers = nn.Parameter(torch.linspace(-1, 1, parts)[:, None].repeat(1, channels))
        self.widths = nn.Parameter(torch.zeros(parts, channels) + 0.5)

    def forward(self, values: Tensor) -> Tensor:
        """Probability of the interval of length 1 around each value (N, Z, h, w)."""
        distance = (values[:, None] - self.centers[:, :, None, None]).abs()
        width = self.widths.exp()[:, :, None, None]
        mass = torch.sigmoid((0.5 - distance) / width) - torch.sigmoid((-0.5 - distance) / width)
        return (self.weights.softmax(0)[:, :, None, None] * mass).sum(1)


class Progressive(nn.Module):
    """All networks and the scales between them.

    Attributes
    ----------
    scales
        (C,): deviation of each channel of the linear transform.
    cell_scales
        (C, 4, 4): the same by position in a cell, after the DCT of the flat channels.
    """

    scales: Tensor
    cell_scales: Tensor
    basis: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.analysis, self.synthesis = Analysis(shape), Synthesis(shape)
        self.hyper_analysis, self.hyper_synthesis = HyperAnalysis(shape), HyperSynthesis(shape)
        self.prior = HyperPrior(shape.hyper_latents)
        self.register_buffer("scales", torch.ones(shape.channels))
        self.register_buffer("cell_scales", torch.ones(shape.channels, CELL, CELL))
        self.register_buffer("basis", torch.from_numpy(cell_basis()).float(), persistent=False)

    def to_symbols(self, latents: Tensor) -> Tensor:
        """DCT over cells of the flat channels; sides are multiples of 4."""
        return self._transform(latents, self.basis)

    def to_latents(self, symbols: Tensor) -> Tensor:
        """The inverse of `to_symbols`."""
        return self._transform(symbols, self.basis.T)

    def _transform(self, x: Tensor, basis: Tensor) -> Tensor:
        flat = self.shape.flat
        n, _, height, width = x.shape
        cells = x[:, :flat].reshape(n, flat, height // CELL, CELL, width // CELL, CELL)
        turned = torch.einsum("ui,vj,nciajb->ncuavb", basis, basis, cells.permute(0, 1, 3, 2, 5, 4))
        turned = turned.permute(0, 1, 3, 2, 5, 4).reshape(n, flat, height, width)
        return torch.cat([turned, x[:, flat:]], 1)

    def tiled_scales(self, height: int, width: int) -> Tensor:
        """`cell_scales` over a grid of so many latent positions, (C, height, width)."""
        return self.cell_scales.repeat(1, height // CELL, width // CELL)

    def predicted(self, hyper_latents: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of every symbol from quantized hyper-latents."""
        mean, log = self.hyper_synthesis(hyper_latents)
        scales = self.tiled_scales(*mean.shape[2:])
        return mean * scales, torch.exp2(log) * scales

    def forward(self, levels: Tensor, step: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Bits a pixel of latents and hyper-latents, and MSE in gray levels squared, a crop each.

        Parameters
        ----------
        levels
            (N, 3, H, W) uint8, which mixed precision leaves alone; sides multiples of 64.
        step
            (N, 1, 1, 1): the quantizer's.
        """
        x = levels.to(memory_format=torch.channels_last).float() / 255 - 0.5
        step = step.float()
        pixels = x.shape[2] * x.shape[3]
        symbols = self.to_symbols(self.analysis(x))
        hyper = self.hyper_analysis(symbols / self.tiled_scales(*symbols.shape[2:]))
        hyper_mass = self.prior(hyper + torch.rand_like(hyper) - 0.5)
        mean, deviation = self.predicted(hyper + (hyper.round() - hyper).detach())
        deviation = deviation.clamp(min=LEAST_DEVIATION)
        noisy = symbols + step * (torch.rand_like(symbols) - 0.5)
        rate = bits(noisy, mean, deviation, step).sum((1, 2, 3)) / pixels
        hyper_rate = -torch.log2(hyper_mass + 1e-9).sum((1, 2, 3)) / pixels
        # Real prefixes end anywhere between whole planes, whose zero cell is wide, and finer ones. At
        # equal bits a wide zero cell goes with a smaller step.
        zero = 0.5 + 0.5 * torch.rand_like(step)
        known = quantized(symbols, mean, deviation, step * (1.25 - 0.5 * zero), zero)
        shown = self.synthesis(self.to_latents(symbols + (known - symbols).detach()), self.scales)
        error = 255**2 * (shown - x).square().mean((1, 2, 3))
        return rate, hyper_rate, error

    def judge(self, x: Tensor, step: float) -> tuple[float, float]:
        """Ideal bits a pixel and PSNR of one picture by a quantizer with a dead zone, nothing noisy."""
        symbols = self.to_symbols(self.analysis(x))
        hyper = self.hyper_analysis(symbols / self.tiled_scales(*symbols.shape[2:])).round()
        mean, deviation = self.predicted(hyper)
        deviation = deviation.clamp(min=LEAST_DEVIATION)
        size, zero = torch.tensor(step), torch.tensor(0.65)
        known = quantized(symbols, mean, deviation, size, zero)
        level = ((symbols - mean).abs() / size + 1 - zero).floor().clamp(min=0)
        mass = cell_mass(level, deviation / size, zero)
        total = -torch.log2(mass).sum() - torch.log2(self.prior(hyper)).sum()
        shown = self.synthesis(self.to_latents(known), self.scales).clamp(-0.5, 0.5)
        error = ((shown - x) * 255).round().square().mean()
        return float(total) / (x.shape[2] * x.shape[3]), float(10 * torch.log10(255**2 / error))
