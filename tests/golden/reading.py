"""The symbols of a file, as the codec decodes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from nacre import api
from nacre.codecs.contract import Coded, DecodeOptions
from nacre.codecs.progressive.decoding import ProgressiveDecoder
from nacre.codecs.recurrent.decoding import GruConvDecoder
from nacre.codecs.recurrent.unit_decoding import UnitPictureDecoder
from nacre.codecs.registry import get_codec_by_number
from nacre.coding.alpha import AlphaCoder
from nacre.container.file import parse_file


@dataclass(frozen=True)
class Symbols:
    """What a file decides.

    Attributes
    ----------
    passes
        That are whole.
    floors
        Of a recurrent codec's iterations.
    content
        All symbols, as the codec's family writes them down.
    """

    passes: int
    floors: list[int]
    content: bytes
    alpha: AlphaCoder | None


def coded(data: bytes) -> Coded:
    """What the codec is given of a file."""
    return api.coded(parse_file(data))


def symbols(data: bytes) -> Symbols:
    """All that integers decide of a file."""
    given = coded(data)
    codec = get_codec_by_number(parse_file(data).header.codec)
    decoder = codec.decoder(given, DecodeOptions(threads=1))
    if isinstance(decoder, ProgressiveDecoder):
        return _planes(decoder, given.stream)
    received, alpha = cast("GruConvDecoder | UnitPictureDecoder", decoder).receive(given.stream)
    content = received.codes.tobytes() + bytes(received.floors)
    return Symbols(sum(received.received), received.floors, content, alpha)


def _planes(decoder: ProgressiveDecoder, stream: bytes) -> Symbols:
    """Every symbol in 1/256 steps, which is exact: means count sixteenths."""
    values, planes, alpha = decoder.receive(stream)
    planes.add_to(values)
    exact = values.astype(np.float64) * 256
    assert np.array_equal(exact, np.rint(exact))
    return Symbols(planes.done, [], exact.astype("<i4").tobytes(), alpha)
