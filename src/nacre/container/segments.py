"""Segments: type, length, payload, checksum. A prefix of a file ends inside one of them at most."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nacre.container.varint import Cursor, MalformedError, OutOfDataError, encode_varint

PICTURE, ICC, EXIF, XMP = 1, 2, 4, 6
TYPE_NAMES = {PICTURE: "picture", ICC: "icc", EXIF: "exif", XMP: "xmp"}

SEGMENT_LEAST = 4000
"""Bytes that a picture segment collects before it ends at the next layer."""

State = Literal["whole", "unfinished", "damaged"]


@dataclass(frozen=True)
class Segment:
    """One segment as it was found.

    Attributes
    ----------
    type
        `PICTURE`, `ICC`, `EXIF`, `XMP`, a number this version does not know, or 0 when not even type and
        length can be read.
    offset
        Of its first byte in the file.
    payload
        The payload bytes at hand; fewer than `length` when the file was cut inside.
    length
        The payload's stated length.
    state
        `whole` with a checksum that fits, `unfinished` when bytes are missing, `damaged` otherwise.
    """

    type: int
    offset: int
    payload: bytes
    length: int
    state: State


def pack_segment(kind: int, payload: bytes, checksums: bool) -> bytes:
    """One segment's bytes."""
    head = bytes([kind]) + encode_varint(len(payload))
    check = zlib.crc32(payload, zlib.crc32(head)).to_bytes(4, "big") if checksums else b""
    return head + payload + check


def split_stream(stream: bytes, borders: Sequence[int]) -> list[bytes]:
    """Slices of a stream: each ends at the first border that gives it at least 4,000 bytes."""
    slices, start = [], 0
    for border in borders:
        if border - start >= SEGMENT_LEAST and len(stream) - border > 0:
            slices.append(stream[start:border])
            start = border
    slices.append(stream[start:])
    return slices


def read_segments(data: bytes, start: int, checksums: bool) -> Iterator[Segment]:
    """Walk the segments from byte `start`; ends at the first one that is not whole."""
    cursor = Cursor(data, start)
    while cursor.left:
        offset = cursor.position
        try:
            kind = cursor.byte()
            length = cursor.varint(40)
        except (OutOfDataError, MalformedError) as error:
            yield Segment(0, offset, b"", 0, "unfinished" if isinstance(error, OutOfDataError) else "damaged")
            return
        body = cursor.position
        payload = cursor.take(min(length, cursor.left))
        state: State = "whole"
        try:
            if len(payload) < length:
                raise OutOfDataError
            if checksums:
                stated = int.from_bytes(cursor.take(4), "big")
                if stated != zlib.crc32(data[offset : body + length]):
                    state = "damaged"
        except OutOfDataError:
            state = "unfinished"
        yield Segment(kind, offset, payload, length, state)
        if state != "whole":
            return
