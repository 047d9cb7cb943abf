"""Convolutional recurrent cells: residual GRU, GRU, LSTM (Toderici et al. 2017, section 2.2).

Every cell takes an input (N, C_in, H, W) and a tuple of states (N, C, H / stride, W / stride) and
returns its output and its new states. Only the input convolution is strided. One bias a gate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nacre.codecs.recurrent.presets import Cell

RESIDUAL_GAIN = 0.1
"""a_h = a_x of the residual GRU."""


def _hidden(channels: int, gates: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(channels, gates * channels, kernel, padding=kernel // 2, bias=False)


class RecurrentCell(nn.Module):
    """What the cells share: an input convolution and a state-to-state convolution, gates along channels."""

    separate_gates = False
    """One convolution a gate: what exported graphs use, with a third of the memory in flight."""

    strip = False
    """The input carries one row above and below those of the states, in place of padding."""

    def __init__(self, inputs: int, channels: int, stride: int, kernel: int, gates: int, hidden: int) -> None:
        super().__init__()
        self.channels = channels
        self.input = nn.Conv2d(inputs, gates * channels, 3, stride, 1)
        self.gates = _hidden(channels, hidden, kernel)

    def gate_inputs(self, conv: nn.Conv2d, x: Tensor) -> list[Callable[[], Tensor]]:
        """One function a gate, which gives that gate's share of a convolution when it is needed."""
        padding = (0, 1) if self.strip and conv is self.input else conv.padding
        if not self.separate_gates:
            return [partial(_given, part) for part in conv(x).split(self.channels, 1)]
        biases = (None,) * 4 if conv.bias is None else conv.bias.split(self.channels)
        return [
            partial(F.conv2d, x, weight, bias, conv.stride, padding)
            for weight, bias in zip(conv.weight.split(self.channels), biases, strict=False)
        ]

    def inner(self, x: Tensor) -> Tensor:
        """The input without the rows that a strip has above and below."""
        return x[:, :, 1:-1] if self.strip else x


def _given(value: Tensor) -> Tensor:
    return value


class ConvGRU(RecurrentCell):
    """z and r gate the previous state; the output is the state."""

    def __init__(self, inputs: int, channels: int, stride: int, hidden_kernel: int) -> None:
        super().__init__(inputs, channels, stride, hidden_kernel, 3, 2)
        self.candidate = _hidden(channels, 1, hidden_kernel)

    def blend(self, x: Tensor, h: Tensor) -> Tensor:
        """The textbook GRU update (1 - z) h + z tanh(W x + U (r h))."""
        xz, xr, xc = self.gate_inputs(self.input, x)
        uz, ur = self.gate_inputs(self.gates, h)
        reset = torch.sigmoid(xr() + ur())
        candidate = torch.tanh(xc() + self.candidate(reset * h))
        z = torch.sigmoid(xz() + uz())
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
        # The linear path through the layers starts at a gain of 1: a transform codec from the first step.
        with torch.no_grad():
            self.skip.weight /= RESIDUAL_GAIN

    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h = self.blend(x, states[0]) + RESIDUAL_GAIN * self.carry(states[0])
        return h + RESIDUAL_GAIN * self.skip(self.inner(x)), (h,)


class ConvLSTM(RecurrentCell):
    """LSTM without peepholes; states are (h, c); the forget gate starts open."""

    def __init__(self, inputs: int, channels: int, stride: int, hidden_kernel: int) -> None:
        super().__init__(inputs, channels, stride, hidden_kernel, 4, 4)
        with torch.no_grad():
            assert self.input.bias is not None
            self.input.bias[:channels] += 1

    def forward(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        h, c = states
        inputs, hidden = self.gate_inputs(self.input, x), self.gate_inputs(self.gates, h)
        f, i, o, j = (a() + b() for a, b in zip(inputs, hidden, strict=True))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(j)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


CELLS: dict[Cell, Callable[[int, int, int, int], RecurrentCell]] = {
    "residual-gru": ResidualConvGRU,
    "gru": ConvGRU,
    "lstm": ConvLSTM,
}
