"""The codec parameters of `progressive` in the file's header (SPEC.md, section 9.1)."""

from __future__ import annotations

from dataclasses import dataclass

from nacre.codecs.parameters import sized
from nacre.errors import FormatError

_REGIONS = 1


@dataclass(frozen=True)
class Parameters:
    """What the decoder must know beside the weights.

    Attributes
    ----------
    regions
        Whether cells have levels of importance.
    """

    regions: bool = False

    def pack(self) -> bytes:
        """One byte of flags."""
        return bytes([_REGIONS if self.regions else 0])

    @classmethod
    def parse(cls, data: bytes) -> Parameters:
        """Read one byte.

        Raises
        ------
        FormatError
            If it asks for something that this version does not know.
        """
        (flags,) = sized(data, 1)
        if flags & ~_REGIONS:
            raise FormatError("The file uses options of its codec that this reader lacks; update nacre.")
        return cls(bool(flags & _REGIONS))
