"""What a family of picture codecs is.

A family encodes a picture once, to a whole stream in order of importance, and knows what its prefixes
are worth. Choosing a prefix for a target is not its business (`targets.py`), nor is the file around the
stream (`nacre.container`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from nacre.picture.picture import Picture


@dataclass(frozen=True)
class CodecInfo:
    """A codec as `nacre codecs` shows it.

    Attributes
    ----------
    weights
        Tag of the installed weights in hex, None when not installed.
    weights_bytes
        Bytes of the installed weights' files.
    regions
        Whether parts of a picture can be given more of the bytes.
    priming
        Whether networks can be run before the first iteration, to see farther.
    search
        Whether the encoder can look for better codes by trying them.
    """

    name: str
    number: int
    family: str
    paper: str
    rates: str
    progressive: bool
    byte_exact: bool
    adaptive_bits: bool
    weights: str | None
    weights_bytes: int
    licence: str
    regions: bool = False
    priming: bool = False
    search: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Allocation:
    """Dynamic bits: what iterations are given to units of a picture for; one of three.

    Attributes
    ----------
    patch_psnr
        Decibels that every unit is to reach.
    psnr
        Decibels that the picture is to reach.
    bytes
        Size of the file at most.
    lengths
        Of the file that an encode makes, cut after each of its layers, then of all of it; for `bytes`.
    """

    patch_psnr: float | None = None
    psnr: float | None = None
    bytes: int | None = None
    lengths: Callable[[Encoded], list[int]] | None = None


@dataclass(frozen=True)
class EncodeOptions:
    """What a family may be told when encoding; never a rate, but for dynamic bits.

    Attributes
    ----------
    iterations
        Iterations of a recurrent codec, None for its default; of a codec that is not progressive which
        of its rates, from 1.
    fast
        Skip measurements that only make partial iterations worth showing.
    threads
        Threads of the network runtime, None for all cores this process may use.
    allocation
        Given only to codecs with adaptive bits.
    regions
        (H, W) of the picture's size, 0 for what matters least to 255 for what matters most; given only to
        codecs that have regions.
    priming
        Runs before the first iteration, None for the codec's default; given only to codecs that have them.
    search
        How many codes of a cell and iteration the encoder tries the other way around, None for none; given
        only to codecs that do so.
    """

    iterations: int | None = None
    fast: bool = False
    threads: int | None = None
    allocation: Allocation | None = None
    regions: NDArray[np.uint8] | None = None
    priming: int | None = None
    search: int | None = None


@dataclass(frozen=True)
class DecodeOptions:
    """What a family may be told when decoding."""

    threads: int | None = None


@dataclass(frozen=True)
class Layer:
    """A prefix of the stream at which something more can be shown.

    Attributes
    ----------
    end
        Bytes of the stream: the first length that decides all symbols of the layer.
    psnr
        Decibels of the picture that this prefix shows (RGB, pooled); None when it was not measured.
    iteration, whole
        For codecs that go in iterations which one (from 1) this layer belongs to, and whether it completes
        it; for others 0, and whether it is worth naming. Whole ones become the file's rate points.
    """

    end: int
    psnr: float | None
    iteration: int
    whole: bool


@dataclass(frozen=True)
class Encoded:
    """A picture as a family leaves it.

    Attributes
    ----------
    weights_tag
        Four bytes naming the weights that decode it.
    parameters
        Bytes that only the family reads, for the header.
    stream
        The whole stream in order of importance.
    layers
        In order; the first is the least that shows a picture.
    notes
        Remarks for the user, one sentence each.
    unit_bits
        (rows, columns): bits of each unit's codes before entropy coding, where a codec has units.
    unit_side
        Pixels a side of those.
    estimated
        Whether the decibels of layers are estimates, good to some tenths.
    """

    weights_tag: bytes
    parameters: bytes
    stream: bytes
    layers: tuple[Layer, ...]
    notes: tuple[str, ...] = ()
    unit_bits: NDArray[np.int64] | None = None
    unit_side: int = 0
    estimated: bool = False


@dataclass(frozen=True)
class Coded:
    """What a family is given to decode: the facts of the header and the stream or a prefix of it."""

    weights_tag: bytes
    parameters: bytes
    width: int
    height: int
    gray: bool
    alpha: bool
    stream: bytes


class PictureDecoder(Protocol):
    """Decodes a growing stream."""

    def pictures(self, stream: bytes) -> Iterator[Picture]:
        """Yield every better picture that `stream` gives beyond those yielded before.

        Parameters
        ----------
        stream
            The stream so far, from its start.
        """


class Codec(Protocol):
    """One codec of a family."""

    name: str
    number: int
    rates: int
    """Rates of a codec that is not progressive; 0 if it is: then prefixes are its rates."""

    def describe(self) -> CodecInfo:
        """Facts about the codec and its installed weights."""

    def encode(self, picture: Picture, options: EncodeOptions) -> Encoded:
        """Encode once, whole."""

    def decode(self, coded: Coded, options: DecodeOptions) -> Picture:
        """The best picture that the stream gives.

        Raises
        ------
        TruncatedError
            If the stream ends before the first layer.
        FormatError
            If the parameters are not the codec's.
        WeightsError
            If the weights that the file names are not installed.
        """

    def decoder(self, coded: Coded, options: DecodeOptions) -> PictureDecoder:
        """A decoder for a stream that is still coming in; `coded.stream` is not looked at."""


@runtime_checkable
class RawCodec(Protocol):
    """A codec that has header-less streams too: no header, no flags, no entropy coding."""

    def encode_raw(self, picture: Picture, options: EncodeOptions) -> bytes:
        """The codes of all iterations; alpha is not among them."""

    def decode_raw(
        self, data: bytes, width: int, height: int, options: DecodeOptions, iterations: int | None = None
    ) -> Picture:
        """The picture of the whole iterations that `data` holds, or of so many of them.

        Raises
        ------
        TruncatedError
            If it holds none.
        """
