"""`gru-conv`: the full-resolution recurrent codec of Toderici et al. (2017) as torch modules.

Pictures are (N, 3, H, W) in [-0.5, 0.5], H and W multiples of 16. One iteration maps what is still
missing to binary codes (N, bits, H/16, W/16) and those to a better picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nacre.codecs.recurrent.presets import GruConvShape
from nacre.learn.nets.amplified import amplified, channels, widened
from nacre.learn.nets.recurrent_cells import CELLS
from nacre.learn.quantizers.stochastic_binary import StochasticBinarizer

States = tuple[Tensor, ...]


def _zeros(like: Tensor, shapes: list[tuple[int, int]], cell_stride: int) -> States:
    """Zero states for a batch whose spatial size at `cell_stride` is that of `like`."""
    n, _, h, w = like.shape
    return tuple(
        like.new_zeros(
            (n, channels, h * cell_stride // stride, w * cell_stride // stride), dtype=torch.float32
        )
        for channels, stride in shapes
    )


class Encoder(nn.Module):
    """E and B: residual (N, 3, H, W) and states to codes in {-1, +1} and new states."""

    def __init__(self, shape: GruConvShape, gain: float = 0.0) -> None:
        super().__init__()
        self.shape, self.gain = shape, gain
        self.conv = widened(nn.Conv2d(channels(3, gain), shape.encoder_conv, 3, 2, 1))
        widths = (shape.encoder_conv, *shape.encoder_rnn)
        cell = CELLS[shape.cell]
        self.rnn = nn.ModuleList(cell(a, b, 2, 1) for a, b in pairwise(widths))
        self.to_bits = nn.Conv2d(widths[-1], shape.bits, 1)
        self.binarizer = StochasticBinarizer()
        # tanh must not start saturated, or no gradient reaches the encoder.
        nn.init.normal_(self.to_bits.weight, std=0.5 / widths[-1] ** 0.5)

    def initial(self, picture: Tensor) -> States:
        """Zero states for a batch of pictures (N, 3, H, W)."""
        return _zeros(picture, self.shape.encoder_states(), 1)

    def activations(self, residual: Tensor, states: States) -> tuple[Tensor, States]:
        """Values before the binarizer, in (-1, 1), and the new states."""
        x = self.conv(amplified(residual, self.gain))
        copies = len(states) // len(self.rnn)
        new: list[Tensor] = []
        for i, layer in enumerate(self.rnn):
            x, out = layer(x, states[i * copies : (i + 1) * copies])
            new.extend(out)
        return torch.tanh(self.to_bits(x)), tuple(new)

    def forward(self, residual: Tensor, states: States) -> tuple[Tensor, States]:
        x, states = self.activations(residual, states)
        return self.binarizer(x), states


class Decoder(nn.Module):
    """D: codes in {-1, 0, +1}, the previous picture and states to the next picture and new states."""

    def __init__(self, shape: GruConvShape) -> None:
        super().__init__()
        self.shape = shape
        self.conv = nn.Conv2d(shape.bits, shape.decoder_conv, 1)
        inputs = (shape.decoder_conv, *(c // 4 for c in shape.decoder_rnn))
        cell = CELLS[shape.cell]
        self.rnn = nn.ModuleList(
            cell(a, b, 1, k) for a, b, k in zip(inputs, shape.decoder_rnn, shape.decoder_hidden, strict=False)
        )
        self.to_rgb = nn.Conv2d(inputs[-1], 3, 1)

    def initial(self, codes: Tensor) -> States:
        """Zero states for a batch of codes (N, bits, H/16, W/16)."""
        return _zeros(codes, self.shape.decoder_states(), 16)

    def trunk(self, codes: Tensor, states: States) -> tuple[Tensor, States]:
        """Codes to features (N, C, H/2, W/2): all recurrent layers but the last."""
        x = self.conv(codes)
        copies = len(states) // (len(self.rnn) - 1)
        new: list[Tensor] = []
        for i, layer in enumerate(self.rnn[:-1]):
            x, out = layer(x, states[i * copies : (i + 1) * copies])
            new.extend(out)
            x = F.pixel_shuffle(x, 2)
        return x, tuple(new)

    def head(self, features: Tensor, previous: Tensor, states: States) -> tuple[Tensor, States]:
        """Features to the picture: the last recurrent layer, at half resolution, and the output."""
        x, new = self.rnn[-1](features, states)
        picture = torch.tanh(self.to_rgb(F.pixel_shuffle(x, 2))) / 2
        if self.shape.reconstruction == "additive":
            picture = previous + picture
        return picture, new

    def forward(self, codes: Tensor, previous: Tensor, states: States) -> tuple[Tensor, States]:
        last = len(states) // len(self.rnn)
        features, below = self.trunk(codes, states[:-last])
        picture, above = self.head(features, previous, states[-last:])
        return picture, (*below, *above)


class GruConv(nn.Module):
    """Encoder and decoder with the loop over iterations.

    Parameters
    ----------
    gain
        Of the amplified copy of what is missing that the encoder sees; 0 for none.
    """

    def __init__(self, shape: GruConvShape, gain: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape, gain)
        self.decoder = Decoder(shape)

    def forward(
        self, picture: Tensor, count: int, mask: dict[int, Tensor] | None = None, priming: int = 0
    ) -> list[tuple[Tensor, Tensor]]:
        """All of `iterations` as a list, the form that wrappers of modules can call."""
        return list(self.iterations(picture, count, mask, priming))

    def iterations(
        self, picture: Tensor, count: int, mask: dict[int, Tensor] | None = None, priming: int = 0
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (codes, picture) after each of `count` iterations.

        Parameters
        ----------
        mask
            Maps an iteration (from 0) to an array broadcastable to the codes: the decoder sees codes
            times mask in that iteration, as after a cut inside it.
        priming
            Runs of the encoder on the picture and of the decoder on the first codes before the first
            iteration, of which only the states are kept (Johnston et al. 2018, section 3.1).
        """
        encoder_states = self.encoder.initial(picture)
        for _ in range(priming):
            _, encoder_states = self.encoder.activations(picture, encoder_states)
        decoder_states: States | None = None
        shown = torch.zeros_like(picture)
        for t in range(count):
            codes, encoder_states = self.encoder(picture - shown, encoder_states)
            seen = codes if mask is None or t not in mask else codes * mask[t]
            if decoder_states is None:
                decoder_states = self.decoder.initial(codes)
                for _ in range(priming):
                    _, decoder_states = self.decoder(seen, shown, decoder_states)
            shown, decoder_states = self.decoder(seen, shown, decoder_states)
            shown = shown.float()
            yield codes, shown
