"""Tiny files that claim to be huge: what a header alone can make a decoder do."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from nacre.bench.hard_input.caps import memory_cap
from nacre.bench.hard_input.decoding import to_picture
from nacre.bench.hard_input.endings import Endings
from nacre.bench.hard_input.fresh import fresh
from nacre.container.file import parse_file
from nacre.container.header import Header, parse_header
from nacre.container.segments import PICTURE, pack_segment
from nacre.picture.reading import DEFAULT_MAX_PIXELS

SIDE = 9459
"""Of the largest square that the default limit allows, 89 megapixels."""
NARROW = DEFAULT_MAX_PIXELS // 32
_STREAM = 16
"""Bytes of stream, so that the files have some sixty."""
_TILE = 16
"""Side of the tiles of `gru-conv`, in its steps of 64 pixels."""


@dataclass(frozen=True)
class Claim:
    """One such file and what became of it.

    Attributes
    ----------
    seconds
        Of the processor.
    peak, cap
        Resident bytes at most: found, and allowed.
    """

    codec: str
    what: str
    bytes: int
    end: str
    seconds: float
    peak: int
    cap: float


def claims_of(codec: str, file: bytes) -> Iterator[Claim]:
    """Decode files that claim much, each in a fresh process, made of a valid file without alpha."""
    for what, data in lies(codec, file):
        found = fresh(decode_alone, data)
        (end,) = found.counts
        cap = memory_cap(parse_header(data)[0])
        yield Claim(codec, what, len(data), end, found.slowest, found.peak, cap)


def decode_alone(data: bytes) -> Endings:
    """One decode, for a process of its own."""
    found = Endings()
    found.add(to_picture, data)
    return found


def lies(codec: str, file: bytes) -> Iterator[tuple[str, bytes]]:
    """What each file claims, and its bytes."""
    parsed = parse_file(file)
    header = dataclasses.replace(parsed.header, checksums=False, rate_points=(), width=SIDE, height=SIDE)
    if codec == "gru-conv":
        header = _in_tiles(header, _TILE)
    own, square = parsed.stream[:_STREAM], f"{SIDE:,} x {SIDE:,}"
    yield square, _file(header, own)
    yield f"{square}, zeros", _file(header, bytes(_STREAM))
    yield f"{square}, ones, alpha", _file(dataclasses.replace(header, alpha=True), b"\xff" * _STREAM)
    for width, height in ((NARROW, 32), (1, DEFAULT_MAX_PIXELS), ((1 << 31) - 1, (1 << 31) - 1)):
        yield f"{width:,} x {height:,}", _file(dataclasses.replace(header, width=width, height=height), own)
    if codec in ("residual-fc", "lstm-fc", "residual-conv", "lstm-conv"):
        dynamic = header.parameters[:1] + bytes([header.parameters[1] | 1])
        yield f"{square}, dynamic bits", _file(dataclasses.replace(header, parameters=dynamic), own)
    if codec == "gru-conv":
        for tile in (0, 255):
            tiles = f"tiles of {64 * tile:,}" if tile else "one tile"
            yield f"{square} in {tiles}", _file(_in_tiles(header, tile), own)


def _file(header: Header, stream: bytes) -> bytes:
    return header.pack() + pack_segment(PICTURE, stream, header.checksums)


def _in_tiles(header: Header, tile: int) -> Header:
    """The header with tiles of so many times 64 pixels a side; 0 for one tile."""
    return dataclasses.replace(header, parameters=header.parameters[:2] + bytes([tile]))
