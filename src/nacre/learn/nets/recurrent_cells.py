"""Convolutional recurrent cells: residual GRU, GRU, LSTM (Toderici et al. 2017, section 2.2).

Every cell takes an input (N, C_in, H, W) and a tuple of states (N, C, H / stride, W / stride) and
returns its output and its new states. Only the input convolution is strided. One bias a gate.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nacre.codecs.recurrent.presets import Cell

RESIDUAL_GAIN = 0.1
"""a_h = a_x of the residual GRU."""


def _hidden(channels: int, gates: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(channels, gates * channels, kernel, padding=kernel // 2, bias=False)


class ConvGRU(nn.Module):
    """z and r gate the previous state; the output is the state."""

    def __init__(self, inputs: int, channels: int, stride: int, hidden_kernel: int) -> None:
        super().__init__()
        self.channels = channels
        self.input = nn.Conv2d(inputs, 3 * channels, 3, stride, 1)
        self.gates = _hidden(channels, 2, hidden_kernel)
        self.candidate = _hidden(channels, 1, hidden_kernel)

    def blend(self, x: Tensor, h: Tensor) -> Tensor:
        """The textbook GRU update (1 - z) h + z tanh(W x + U (r h))."""
        xz, xr, xc = self.input(x).split(self.channels, 1)
        uz, ur = self.gates(h).split(self.channels, 1)
        z = torch.sigmoid(xz + uz)
        candidate = torch.tanh(xc + self.candidate(torch.sigmoid(xr + ur) * h))
        return h + z * (candidate - h)

    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h = self.blend(x, states[0])
        return h, (h,)


class ResidualConvGRU(ConvGRU):
    """A GRU with a scaled linear path along the state and one from the input to the output."""

    def __init__(self, inputs: int, channels: int, stride: int, hidden_kernel: int) -> None:
        super().__init__(inputs, channels, stride, hidden_kernel)
        self.carry = nn.Conv2d(channels, channels, 1, bias=False)
        self.skip = nn.Conv2d(inputs, channels, 1, stride, bias=False)
        # The linear path along the state is the one that can explode over 16 iterations.
        nn.init.zeros_(self.carry.weight)

    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h = self.blend(x, states[0]) + RESIDUAL_GAIN * self.carry(states[0])
        return h + RESIDUAL_GAIN * self.skip(x), (h,)


class ConvLSTM(nn.Module):
    """LSTM without peepholes; states are (h, c); the forget gate starts open."""

    def __init__(self, inputs: int, channels: int, stride: int, hidden_kernel: int) -> None:
        super().__init__()
        self.channels = channels
        self.input = nn.Conv2d(inputs, 4 * channels, 3, stride, 1)
        self.gates = _hidden(channels, 4, hidden_kernel)
        with torch.no_grad():
            assert self.input.bias is not None
            self.input.bias[:channels] += 1

    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h, c = states
        f, i, o, j = (self.input(x) + self.gates(h)).split(self.channels, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(j)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


CELLS: dict[Cell, type[nn.Module]] = {"residual-gru": ResidualConvGRU, "gru": ConvGRU, "lstm": ConvLSTM}
