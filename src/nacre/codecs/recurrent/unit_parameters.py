"""The codec parameters of the networks of 2016 in the file's header (SPEC.md, codecs 2 to 6)."""

from __future__ import annotations

from dataclasses import dataclass

from nacre.codecs.parameters import sized
from nacre.codecs.recurrent.entropy import MIX
from nacre.errors import FormatError


@dataclass(frozen=True)
class UnitParameters:
    """What the decoder must know beside the weights.

    Attributes
    ----------
    iterations
        Iterations of the full encode, at least 1.
    entropy
        One of `entropy`.
    dynamic
        Whether the stream says for each unit in which iterations it goes on.
    """

    iterations: int
    entropy: int
    dynamic: bool

    def pack(self) -> bytes:
        """Two bytes: iterations, flags."""
        return bytes([self.iterations, self.entropy << 1 | self.dynamic])

    @classmethod
    def parse(cls, data: bytes, most: int) -> UnitParameters:
        """Read two bytes; `most` iterations exist.

        Raises
        ------
        FormatError
            If they ask for something that this version does not know.
        """
        iterations, flags = sized(data, 2)
        if flags & ~7 or flags >> 1 > MIX:
            raise FormatError("The file uses an entropy model that this reader lacks; update nacre.")
        if not 1 <= iterations <= most:
            raise FormatError(
                f"The file claims {iterations} iterations, and 1 to {most} exist; it is damaged."
            )
        return cls(iterations, flags >> 1, bool(flags & 1))
