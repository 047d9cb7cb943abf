"""The five networks of Toderici et al. (2016) as torch modules.

Units are (N, 3, S, S) in [-0.9, 0.9], S = 8 (fully connected) or 32 (convolutional); codes are
(N, bits, K, K) with K = 1, 4 or 8 locations a side. Layer tables: sections 3.3 to 3.6 of the paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from nacre.codecs.recurrent.unit_shapes import UnitShape
from nacre.learn.nets.amplified import amplified, channels, widened
from nacre.learn.quantizers.stochastic_binary import StochasticBinarizer

States = tuple[Tensor, ...]


class LSTM(nn.Module):
    """Equations 8 to 10: no peepholes, one bias a gate; the forget gate starts open.

    Parameters
    ----------
    inputs, hidden
        From the layer below and from the state to all four gates, in the order i, f, o, g; only `inputs`
        may change the resolution, and only it has biases.
    """

    def __init__(self, inputs: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, hidden: nn.Module) -> None:
        super().__init__()
        self.inputs, self.hidden = inputs, hidden
        assert inputs.bias is not None
        width = len(inputs.bias) // 4
        with torch.no_grad():
            inputs.bias[width : 2 * width] += 1

    def forward(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        h, c = states
        i, f, o, g = (self.inputs(x) + self.hidden(h)).float().chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, (h, c)


class Column(nn.Module):
    """Layers one after the other, some of which are LSTMs with two states each.

    Parameters
    ----------
    gain
        Of the amplified copy of the input that the layers see; 0 for none.
    """

    def __init__(self, *layers: nn.Module, gain: float = 0.0) -> None:
        super().__init__()
        self.layers, self.gain = nn.ModuleList(layers), gain

    def forward(self, x: Tensor, states: States = ()) -> tuple[Tensor, States]:
        new: list[Tensor] = []
        x = amplified(x, self.gain)
        for layer in self.layers:
            if isinstance(layer, LSTM):
                x, pair = layer(x, states[len(new) : len(new) + 2])
                new.extend(pair)
            else:
                x = layer(x)
        return x, tuple(new)


def _conv(a: int, b: int, stride: int = 2) -> nn.Conv2d:
    return nn.Conv2d(a, b, 3, stride, 1)


def _deconv(a: int, b: int) -> nn.ConvTranspose2d:
    """Twice the side."""
    return nn.ConvTranspose2d(a, b, 3, 2, 1, output_padding=1)


def _conv_hidden(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, 4 * width, 3, 1, 1, bias=False)


def _binarizer_input(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    # tanh must not start saturated, or no gradient reaches the encoder.
    nn.init.normal_(layer.weight, std=0.5 / layer.weight.shape[1] ** 0.5)
    return layer


def _encoder(shape: UnitShape, gain: float) -> Column:
    """What is missing, maybe amplified, to values before the binarizer, in (-1, 1)."""
    a, b, c = shape.widths
    if shape.connected:
        to_bits = _binarizer_input(nn.Linear(c, shape.bits))
        ends = [to_bits, nn.Tanh(), nn.Unflatten(1, (shape.bits, 1, 1))]
        first = [nn.Flatten(), widened(nn.Linear(channels(3, gain) * shape.side**2, a)), nn.Tanh()]
        if shape.memory:
            rnn = [LSTM(nn.Linear(n, 4 * m), nn.Linear(m, 4 * m, bias=False)) for n, m in pairwise((a, b, c))]
            return Column(*first, *rnn, *ends, gain=gain)
        return Column(*first, nn.Linear(a, b), nn.Tanh(), nn.Linear(b, c), nn.Tanh(), *ends, gain=gain)
    ends = [_binarizer_input(nn.Conv2d(c, shape.bits, 1)), nn.Tanh()]
    first = [widened(_conv(channels(3, gain), a)), nn.Tanh()]
    if shape.memory:
        rnn = [LSTM(_conv(n, 4 * m), _conv_hidden(m)) for n, m in pairwise((a, b, c))]
        return Column(*first, *rnn, *ends, gain=gain)
    last = _conv(b, c, 1 if shape.architecture == "static-conv" else 2)
    return Column(*first, _conv(a, b), nn.Tanh(), last, nn.Tanh(), *ends, gain=gain)


def _decoder(shape: UnitShape) -> Column:
    """Codes to a picture, or to an estimate of what is missing (whose range tanh would not reach)."""
    a, b, c = shape.widths
    output = [] if shape.architecture.startswith("residual-") else [nn.Tanh()]
    if shape.connected:
        first = [nn.Flatten(), nn.Linear(shape.bits, c), nn.Tanh()]
        ends = [nn.Linear(a, 3 * shape.side**2), *output, nn.Unflatten(1, (3, shape.side, shape.side))]
        if shape.memory:
            rnn = [LSTM(nn.Linear(n, 4 * m), nn.Linear(m, 4 * m, bias=False)) for n, m in pairwise((c, b, a))]
            return Column(*first, *rnn, *ends)
        return Column(*first, nn.Linear(c, b), nn.Tanh(), nn.Linear(b, a), nn.Tanh(), *ends)
    ends = [nn.Conv2d(a, 3, 1), *output]
    if shape.memory:
        rnn = [LSTM(_deconv(n, 4 * m), _conv_hidden(m)) for n, m in pairwise((c, b, a))]
        return Column(_deconv(shape.bits, c), nn.Tanh(), *rnn, *ends)
    first = [_conv(shape.bits, c, 1) if shape.architecture == "static-conv" else _deconv(shape.bits, c)]
    return Column(*first, nn.Tanh(), _deconv(c, b), nn.Tanh(), _deconv(b, a), nn.Tanh(), *ends)


class UnitNet(nn.Module):
    """Encoder, binarizer and decoder of every stage, with the loop over iterations.

    Parameters
    ----------
    gain
        Of the amplified copy of what is missing that encoders see; 0 for none.
    """

    def __init__(self, shape: UnitShape, gain: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.encoders = nn.ModuleList(_encoder(shape, gain) for _ in range(shape.stages))
        self.decoders = nn.ModuleList(_decoder(shape) for _ in range(shape.stages))
        self.binarizer = StochasticBinarizer()

    def stage(self, iteration: int) -> int:
        """Which stage an iteration (from 0) runs."""
        return min(iteration, self.shape.stages - 1)

    def initial(self, units: Tensor, shapes: list[tuple[int, ...]]) -> States:
        """Zero states for a batch of units."""
        return tuple(units.new_zeros((len(units), *s), dtype=torch.float32) for s in shapes)

    def forward(self, units: Tensor, count: int, *, detach: bool = False) -> list[tuple[Tensor, Tensor]]:
        """All of `iterations` as a list, the form that wrappers of modules can call."""
        return list(self.iterations(units, count, detach=detach))

    def iterations(
        self, units: Tensor, count: int, *, detach: bool = False
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (codes, picture) after each of `count` iterations.

        Residual networks add up what their stages predict; networks with memory predict the whole
        picture each time. With `detach` no gradient flows through it to the iterations before.
        """
        encoding = self.initial(units, self.shape.encoder_states())
        decoding = self.initial(units, self.shape.decoder_states())
        shown = torch.zeros_like(units)
        for t in range(count):
            before = shown.detach() if detach else shown
            activations, encoding = self.encoders[self.stage(t)](units - before, encoding)
            codes = self.binarizer(activations)
            picture, decoding = self.decoders[self.stage(t)](codes, decoding)
            shown = picture.float() if self.shape.memory else before + picture.float()
            yield codes, shown
