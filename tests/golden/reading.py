"""The symbols of a file, as the codec decodes them."""

from __future__ import annotations

from nacre import api
from nacre.codecs.contract import Coded, DecodeOptions
from nacre.codecs.recurrent.gru_conv import GruConv
from nacre.codecs.recurrent.stream import Iterations
from nacre.coding.alpha import AlphaCoder
from nacre.container.file import parse_file


def coded(data: bytes) -> Coded:
    """What the codec is given of a file."""
    return api.coded(parse_file(data))


def symbols(data: bytes) -> tuple[Iterations, AlphaCoder | None]:
    """Codes and floors, and the alpha plane, that a file decides."""
    given = coded(data)
    return GruConv().decoder(given, DecodeOptions(threads=1)).receive(given.stream)
