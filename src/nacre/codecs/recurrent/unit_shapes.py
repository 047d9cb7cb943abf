"""Shapes of the networks of Toderici et al. (2016), which code a picture unit by unit.

A unit is an 8x8 patch of the fully connected networks or a 32x32 tile of the convolutional ones. Units
are independent of each other. Plain data, shared by the trainer and the codecs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Architecture = Literal["residual-fc", "lstm-fc", "residual-conv", "lstm-conv", "static-conv"]

MAX_ITERATIONS = 16
SCALE = 0.9
"""Levels 0 to 255 become -0.9 to 0.9, so that a tanh output reaches them all."""


@dataclass(frozen=True)
class UnitShape:
    """Widths of one network.

    Attributes
    ----------
    architecture
        Which of the five.
    widths
        Channels of the encoder's three layers, first to last; the decoder has them in reverse.
    bits
        Binary code channels a location and iteration.
    stages
        Stages with weights of their own in a residual network; 1 shares one stage between all
        iterations. Iterations beyond the last stage use that one again.
    """

    architecture: Architecture
    widths: tuple[int, int, int]
    bits: int
    stages: int = 1

    @property
    def connected(self) -> bool:
        """Fully connected, on patches; otherwise convolutional, on tiles."""
        return self.architecture.endswith("-fc")

    @property
    def memory(self) -> bool:
        """Every iteration predicts the whole picture from states; otherwise what is still missing."""
        return self.architecture.startswith("lstm-")

    @property
    def side(self) -> int:
        """Pixels a side of a unit."""
        return 8 if self.connected else 32

    @property
    def locations(self) -> int:
        """Code locations a side of a unit."""
        if self.connected:
            return 1
        return 8 if self.architecture == "static-conv" else 4

    @property
    def most_iterations(self) -> int:
        """The most that a file may hold."""
        return 1 if self.architecture == "static-conv" else MAX_ITERATIONS

    @property
    def unit_bits(self) -> int:
        """Bits of a unit and iteration before entropy coding."""
        return self.locations**2 * self.bits

    def encoder_states(self) -> list[tuple[int, ...]]:
        """Shape of every encoder state of a unit, in graph order; (h, c) of each layer."""
        return self._states(((self.widths[1], 8), (self.widths[2], 4)))

    def decoder_states(self) -> list[tuple[int, ...]]:
        """Shape of every decoder state of a unit, in graph order; (h, c) of each layer."""
        return self._states(((self.widths[1], 16), (self.widths[0], 32)))

    def _states(self, layers: tuple[tuple[int, int], ...]) -> list[tuple[int, ...]]:
        if not self.memory:
            return []
        return [(c,) if self.connected else (c, side, side) for c, side in layers for _ in "hc"]


UNIT_PRESETS: dict[Architecture, dict[str, UnitShape]] = {
    "residual-fc": {
        "paper": UnitShape("residual-fc", (512, 512, 512), 4, 16),
        "slim": UnitShape("residual-fc", (160, 160, 160), 4, 16),
        "tiny": UnitShape("residual-fc", (6, 6, 6), 4, 3),
    },
    "lstm-fc": {
        "paper": UnitShape("lstm-fc", (512, 512, 512), 4),
        "slim": UnitShape("lstm-fc", (256, 256, 256), 4),
        "tiny": UnitShape("lstm-fc", (6, 6, 6), 4),
    },
    "residual-conv": {
        "paper": UnitShape("residual-conv", (64, 256, 512), 8, 8),
        "slim": UnitShape("residual-conv", (48, 96, 160), 8, 8),
        "tiny": UnitShape("residual-conv", (4, 4, 4), 8, 2),
    },
    "lstm-conv": {
        "paper": UnitShape("lstm-conv", (64, 256, 512), 8),
        "slim": UnitShape("lstm-conv", (24, 64, 128), 8),
        "tiny": UnitShape("lstm-conv", (3, 4, 4), 8),
    },
    "static-conv": {
        "paper": UnitShape("static-conv", (64, 128, 160), 8),
        "slim": UnitShape("static-conv", (64, 128, 160), 8),
        "tiny": UnitShape("static-conv", (4, 4, 4), 8),
    },
}
"""`static-conv` has one size: each of its networks is for one rate, 8 or 16 bits a location."""
