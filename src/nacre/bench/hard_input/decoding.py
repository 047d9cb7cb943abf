"""Two ways through a file: to its symbols, without networks, and to its picture."""

from __future__ import annotations

from typing import Any, Protocol, cast

from nacre import api
from nacre.api.checks import parse_checked
from nacre.codecs.contract import DecodeOptions
from nacre.codecs.registry import get_codec_by_number
from nacre.coding.stream import EndOfStreamError

PICTURE, SYMBOLS, NOTHING = "picture", "symbols", "no symbols"


class _Receiver(Protocol):
    def receive(self, stream: bytes) -> Any: ...


def to_symbols(data: bytes) -> str:
    """All that decoding does before a network runs, with the limits of `nacre.decode`."""
    parsed = parse_checked(data, None)
    codec = get_codec_by_number(parsed.header.codec)
    decoder = codec.decoder(api.coded(parsed), DecodeOptions(threads=1))
    try:
        cast("_Receiver", decoder).receive(parsed.stream)
    except EndOfStreamError:
        return NOTHING
    return SYMBOLS


def to_picture(data: bytes) -> str:
    """What `nacre.decode` does."""
    api.decompress(data, threads=1)
    return PICTURE
