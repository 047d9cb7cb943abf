"""BinaryRNN: how likely every binary code is, given those before it (Toderici et al. 2017, section 4).

Codes are (N, T, C, H, W) in {-1, +1}. In raster order of the cells all C codes of a cell are predicted at
once; an iteration has weights of its own and sees those before it through a state. An estimate in floats:
it can say how many bits codes hold, but two machines would not agree well enough to decode by it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 64
"""Channels of the layers between."""

CERTAIN = 0.999
"""A prediction 2p - 1 is never nearer to -1 and +1."""

_REACH = 3
"""Cells that are seen to either side, and above."""


class CodesBefore(nn.Module):
    """7x7 around a cell, strictly before it in raster order: 24 taps."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.above = nn.Conv2d(depth, WIDTH, (_REACH, 2 * _REACH + 1))
        self.left = nn.Conv2d(depth, WIDTH, (1, _REACH), bias=False)

    def forward(self, codes: Tensor) -> Tensor:
        above = self.above(F.pad(codes, (_REACH, _REACH, _REACH, 0)))[:, :, :-1]
        left = self.left(F.pad(codes, (_REACH, 0, 0, 0)))[..., :-1]
        return torch.tanh(above + left)


def _gated(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Output and new cell of an LSTM, gates along channels."""
    forget, enter, leave, new = gates.chunk(4, 1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
    return torch.sigmoid(leave) * torch.tanh(cell), cell


class LineLSTM(nn.Module):
    """A convolutional LSTM whose steps are the rows of a grid.

    A cell takes the input of its left neighbor and its own, and the state of the three cells above.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.input = nn.Conv2d(inputs, 4 * WIDTH, (1, 2))
        self.hidden = nn.Conv1d(WIDTH, 4 * WIDTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gates = self.input(F.pad(x, (1, 0, 0, 0)))
        output = cell = x.new_zeros(len(x), WIDTH, x.shape[3])
        rows = []
        for row in gates.unbind(2):
            output, cell = _gated(row + self.hidden(output), cell)
            rows.append(output)
        return torch.stack(rows, 2)


class Iteration(nn.Module):
    """What one iteration has by itself: prediction, and what it tells the later ones."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.before = CodesBefore(depth)
        self.earlier = nn.Conv2d(depth, WIDTH, 3, padding=1)
        self.line = LineLSTM(2 * WIDTH)
        self.predict = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 1), nn.Tanh(), nn.Conv2d(WIDTH, depth, 1), nn.Tanh()
        )
        self.tell = nn.Sequential(
            nn.Conv2d(depth, WIDTH, 3, padding=1), nn.Tanh(), nn.Conv2d(WIDTH, depth, 3, padding=1), nn.Tanh()
        )

    def forward(self, codes: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Predictions 2p - 1 of codes (N, C, H, W) given the state of iterations before; what codes tell."""
        seen = torch.cat([self.before(codes), torch.tanh(self.earlier(state))], 1)
        # In half the digits the bound itself would be rounded to 1.
        return self.predict(self.line(seen)).float().clamp(-CERTAIN, CERTAIN), self.tell(codes)


class Carry(nn.Module):
    """Shared by all iterations: an LSTM in every cell, from iteration to iteration."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(depth + WIDTH, 4 * WIDTH, 1)
        self.show = nn.Sequential(
            nn.Conv2d(WIDTH, WIDTH, 1), nn.Tanh(), nn.Conv2d(WIDTH, depth, 1), nn.Tanh()
        )

    def forward(self, told: Tensor, output: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        output, cell = _gated(self.gates(torch.cat([told, output], 1)), cell)
        return self.show(output), output, cell


class BinaryRNN(nn.Module):
    """All iterations.

    Parameters
    ----------
    iterations, depth
        T and C of the codes.
    """

    def __init__(self, iterations: int, depth: int) -> None:
        super().__init__()
        self.depth = depth
        self.iterations = nn.ModuleList(Iteration(depth) for _ in range(iterations))
        self.carry = Carry(depth)

    def forward(self, codes: Tensor) -> Tensor:
        """Bits that each code takes, shaped as the codes."""
        n, _, _, height, width = codes.shape
        state = codes.new_zeros(n, self.depth, height, width)
        output = cell = codes.new_zeros(n, WIDTH, height, width)
        bits = []
        for iteration, sent in zip(self.iterations, codes.unbind(1), strict=True):
            prediction, told = iteration(sent, state)
            bits.append(-torch.log2((1 + prediction * sent) / 2))
            state, output, cell = self.carry(told, output, cell)
        return torch.stack(bits, 1)
