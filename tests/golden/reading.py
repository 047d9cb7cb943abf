"""The symbols of a file, as the codec decodes them."""

from __future__ import annotations

from typing import cast

from nacre import api
from nacre.codecs.contract import Coded, DecodeOptions
from nacre.codecs.recurrent.decoding import GruConvDecoder
from nacre.codecs.recurrent.stream import Iterations
from nacre.codecs.recurrent.unit_decoding import UnitPictureDecoder
from nacre.codecs.registry import get_codec_by_number
from nacre.coding.alpha import AlphaCoder
from nacre.container.file import parse_file


def coded(data: bytes) -> Coded:
    """What the codec is given of a file."""
    return api.coded(parse_file(data))


def symbols(data: bytes) -> tuple[Iterations, AlphaCoder | None]:
    """Codes and floors, and the alpha plane, that a file decides."""
    given = coded(data)
    codec = get_codec_by_number(parse_file(data).header.codec)
    decoder = cast("GruConvDecoder | UnitPictureDecoder", codec.decoder(given, DecodeOptions(threads=1)))
    return decoder.receive(given.stream)
