"""The linear colour transform that training begins with, from pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from nacre.codecs.progressive.shapes import CELL, PATCH, UNIT
from nacre.learn.nets.progressive import Progressive


def begin_with_klt(net: Progressive, crops: Tensor) -> None:
    """Set both linear transforms to the Karhunen-Loeve transform of 16 x 16 color patches.

    The channels that are easiest to tell from their neighbors, those of flat color, come first.

    Parameters
    ----------
    crops
        (N, 3, S, S) in -0.5..0.5 with sides that are multiples of 64.
    """
    patches = F.unfold(crops, PATCH, stride=PATCH).transpose(1, 2).reshape(-1, 3 * PATCH**2).double()
    _, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    kernels = vectors.flip(1).T[: net.shape.channels].float().reshape(-1, 3, PATCH, PATCH)
    flat = _flattest(F.conv2d(crops, kernels, stride=PATCH), net.shape.flat)
    others = torch.ones(len(kernels), dtype=torch.bool)
    others[flat] = False
    kernels = torch.cat([kernels[flat], kernels[others]])
    with torch.no_grad():
        net.analysis.linear.weight.copy_(kernels)
        # Pixel shuffle finds pixel (i, j) of color c in channel 256 c + 16 i + j.
        net.synthesis.linear.weight.copy_(kernels.reshape(len(kernels), -1).T[:, :, None, None])
        latents = F.conv2d(crops, kernels, stride=PATCH) * (255 / UNIT)
        net.scales.copy_(latents.square().mean((0, 2, 3)).sqrt())
        symbols = net.to_symbols(latents)
        cells = symbols.unfold(2, CELL, CELL).unfold(3, CELL, CELL).square().mean((0, 2, 3)).sqrt()
        net.cell_scales.copy_(net.scales[:, None, None].expand_as(cells))
        net.cell_scales[: net.shape.flat] = cells[: net.shape.flat]


def _flattest(latents: Tensor, count: int) -> Tensor:
    """Channels whose values are most like the mean of their four neighbors, in falling order of variance."""
    inner = latents[:, :, 1:-1, 1:-1]
    around = (latents[:, :, :-2, 1:-1] + latents[:, :, 2:, 1:-1]) / 4
    around = around + (latents[:, :, 1:-1, :-2] + latents[:, :, 1:-1, 2:]) / 4
    likeness = (inner * around).mean((0, 2, 3)) / (
        inner.square().mean((0, 2, 3)) * around.square().mean((0, 2, 3))
    ).sqrt()
    return likeness.topk(count).indices.sort().values
