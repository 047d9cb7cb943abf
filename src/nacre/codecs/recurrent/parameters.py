"""The codec parameters of `gru-conv` in the file's header (SPEC.md, codec 7)."""

from __future__ import annotations

from dataclasses import dataclass

from nacre.codecs.parameters import sized
from nacre.codecs.recurrent.entropy import MIX
from nacre.codecs.recurrent.presets import MAX_ITERATIONS
from nacre.errors import FormatError

_RECONSTRUCTIONS = ("additive", "one-shot")


@dataclass(frozen=True)
class Parameters:
    """What the decoder must know beside the weights.

    Attributes
    ----------
    iterations
        Iterations of the full encode, 1 to 16.
    entropy
        One of `entropy`.
    reconstruction
        `additive` or `one-shot`; stated for checking, fixed by the weights.
    tile
        Side of a tile in units of 64 pixels, 0 for the whole picture.
    dynamic
        Whether the stream says for each cell in which iterations it goes on.
    priming
        Runs before the first iteration, 0 to 3.
    """

    iterations: int
    entropy: int
    reconstruction: str
    tile: int
    dynamic: bool = False
    priming: int = 0

    def pack(self) -> bytes:
        """Three bytes: iterations, flags, tile."""
        reconstruction = _RECONSTRUCTIONS.index(self.reconstruction)
        flags = self.dynamic | self.entropy << 1 | self.priming << 3 | reconstruction << 5
        return bytes([self.iterations, flags, self.tile])

    @classmethod
    def parse(cls, data: bytes) -> Parameters:
        """Read three bytes.

        Raises
        ------
        FormatError
            If they ask for something that this version does not know.
        """
        iterations, flags, tile = sized(data, 3)
        entropy, reconstruction = flags >> 1 & 3, flags >> 5 & 3
        if flags & 0x80 or entropy > MIX or reconstruction >= len(_RECONSTRUCTIONS):
            raise FormatError(
                "The file uses an entropy model or a reconstruction that this reader lacks; update nacre."
            )
        if not 1 <= iterations <= MAX_ITERATIONS:
            raise FormatError(
                f"The file claims {iterations} iterations, and 1 to {MAX_ITERATIONS} exist; it is damaged."
            )
        return cls(
            iterations,
            entropy,
            _RECONSTRUCTIONS[reconstruction],
            tile,
            dynamic=bool(flags & 1),
            priming=flags >> 3 & 3,
        )
