"""Shapes of the recurrent networks, shared by the trainer and the codec.

Plain data: what a preset is made of, how large its states are, which cells exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STRIDE = 16
"""Pixels a side of the cell that one code location of `gru-conv` stands for."""

TILE_UNIT = 64
"""Pixels a step of the tile side in the file."""

LARGEST_TILE = 1 << 21
"""Pixels of a padded tile at most: a file decides its tiles, and their states take 350 bytes a pixel."""

MAX_ITERATIONS = 16
DEFAULT_ITERATIONS = 8

MOST_PRIMING = 3
"""Priming runs before the first iteration at most."""
DEFAULT_PRIMING = 0

MOST_SEARCH = 32
"""Codes of a cell and iteration that an encoder tries at most."""

Cell = Literal["residual-gru", "gru", "lstm"]
Reconstruction = Literal["additive", "one-shot"]

STATES_PER_CELL: dict[Cell, int] = {"residual-gru": 1, "gru": 1, "lstm": 2}


@dataclass(frozen=True)
class GruConvShape:
    """Widths of one `gru-conv` network (Toderici 2017, figure 1 and table of layers).

    Attributes
    ----------
    encoder_conv
        Channels of the first convolution, at half resolution.
    encoder_rnn
        Channels of the three recurrent layers at 1/4, 1/8 and 1/16.
    bits
        Binary code channels a cell and iteration.
    decoder_conv
        Channels of the 1x1 convolution after the code.
    decoder_rnn
        Channels of the four recurrent layers at 1/16, 1/8, 1/4 and 1/2; each is followed by depth-to-space.
    decoder_hidden
        Kernel side of each decoder layer's state-to-state convolution.
    cell, reconstruction
        Recurrent unit, and whether each iteration adds to the picture or redraws it.
    """

    encoder_conv: int
    encoder_rnn: tuple[int, int, int]
    bits: int
    decoder_conv: int
    decoder_rnn: tuple[int, int, int, int]
    decoder_hidden: tuple[int, int, int, int]
    cell: Cell = "residual-gru"
    reconstruction: Reconstruction = "additive"

    def encoder_states(self) -> list[tuple[int, int]]:
        """(channels, stride in pixels) of every encoder state, in graph order."""
        copies = STATES_PER_CELL[self.cell]
        return [(c, s) for c, s in zip(self.encoder_rnn, (4, 8, 16), strict=True) for _ in range(copies)]

    def decoder_states(self) -> list[tuple[int, int]]:
        """(channels, stride in pixels) of every decoder state, in graph order."""
        copies = STATES_PER_CELL[self.cell]
        return [(c, s) for c, s in zip(self.decoder_rnn, (16, 8, 4, 2), strict=True) for _ in range(copies)]


PRESETS: dict[str, GruConvShape] = {
    "paper": GruConvShape(64, (256, 512, 512), 32, 512, (512, 512, 256, 128), (1, 1, 3, 3)),
    "slim": GruConvShape(24, (64, 128, 160), 32, 160, (160, 128, 64, 48), (1, 1, 3, 1)),
    # Small enough for golden files in the tests.
    "tiny": GruConvShape(4, (6, 8, 8), 8, 8, (8, 8, 8, 8), (1, 1, 1, 1)),
}
