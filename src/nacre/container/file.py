"""A picture file as a whole: writing it, reading any prefix of it, cutting it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nacre.container.header import Header, RatePoint, parse_header
from nacre.container.metadata import pack_metadata, unpack_metadata
from nacre.container.segments import (
    EXIF,
    ICC,
    PICTURE,
    XMP,
    Segment,
    pack_segment,
    read_segments,
    split_stream,
)
from nacre.errors import FormatError

Integrity = Literal["whole", "cut", "damaged"]


@dataclass(frozen=True)
class Layout:
    """Where the bytes of a codec's stream lie in the file."""

    header: int
    slices: tuple[tuple[int, int], ...]  # (offset of a payload after the header, its length)

    def file_bytes(self, stream_bytes: int) -> int:
        """Length of the shortest file prefix that holds the first `stream_bytes` of the stream."""
        for offset, length in self.slices:
            if stream_bytes <= length:
                return self.header + offset + stream_bytes
            stream_bytes -= length
        raise ValueError("the stream is shorter than that")


@dataclass(frozen=True)
class ParsedFile:
    """A file, or any prefix of one that holds the header.

    Attributes
    ----------
    stream
        The codec's stream as far as whole or unfinished segments give it.
    segments
        As found; the last one may be unfinished or damaged.
    icc, exif, xmp
        Metadata that is there.
    integrity
        `cut` when bytes of the full encode are missing, `damaged` when a checksum does not fit.
    """

    header: Header
    header_bytes: int
    stream: bytes
    segments: tuple[Segment, ...]
    icc: bytes | None
    exif: bytes | None
    xmp: bytes | None
    integrity: Integrity

    def rate_points(self) -> tuple[RatePoint, ...]:
        """Rate points with offsets from the start of the file."""
        return tuple(
            dataclasses.replace(p, offset=p.offset + self.header_bytes) for p in self.header.rate_points
        )


def write_file(
    header: Header,
    stream: bytes,
    points: Sequence[tuple[int, float]],
    *,
    icc: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
) -> tuple[bytes, Layout]:
    """Assemble the full file.

    Parameters
    ----------
    header
        Without rate points.
    points
        (stream bytes, PSNR in dB) of the layers that become rate points; their borders are also where
        segments may end.

    Returns
    -------
    data : bytes
    layout : Layout
        Maps stream lengths to file lengths.
    """
    out = bytearray()
    if icc:
        out += pack_segment(ICC, pack_metadata(icc), header.checksums)
    slices = []
    for payload in split_stream(stream, [end for end, _ in points]):
        segment = pack_segment(PICTURE, payload, header.checksums)
        tail = 4 if header.checksums else 0
        slices.append((len(out) + len(segment) - tail - len(payload), len(payload)))
        out += segment
    for kind, data in ((EXIF, exif), (XMP, xmp)):
        if data:
            out += pack_segment(kind, pack_metadata(data), header.checksums)
    after = Layout(0, tuple(slices))
    # Layers of a few certain symbols may end at one byte; then the last, the best of them, is the point.
    rate_points = {after.file_bytes(end): psnr for end, psnr in points}
    named = tuple(RatePoint(offset, psnr) for offset, psnr in rate_points.items())
    head = dataclasses.replace(header, rate_points=named).pack()
    return head + bytes(out), Layout(len(head), tuple(slices))


def parse_file(data: bytes) -> ParsedFile:
    """Read a file or any prefix of it that holds the header.

    Raises
    ------
    FormatError
        If the bytes are not a picture file, or need a feature that this reader lacks.
    TruncatedError
        If they end inside the header.
    """
    header, header_bytes = parse_header(data)
    segments = tuple(read_segments(data, header_bytes, header.checksums))
    stream = bytearray()
    metadata: dict[int, bytes | None] = {}
    integrity: Integrity = "whole"
    for segment in segments:
        if segment.state == "damaged":
            integrity = "damaged"
            break
        if segment.state == "unfinished":
            integrity = "cut"
        if segment.type == PICTURE:
            stream += segment.payload
        elif segment.type & 1:
            raise FormatError(
                f"The file needs a feature (segment {segment.type}) that this reader lacks; update nacre."
            )
        elif segment.state == "whole":
            metadata[segment.type] = unpack_metadata(segment.payload)
    # A cut between two segments leaves no trace but this.
    reach = header.rate_points[-1].offset if header.rate_points else 1
    if integrity == "whole" and len(data) < header_bytes + reach:
        integrity = "cut"
    return ParsedFile(
        header,
        header_bytes,
        bytes(stream),
        segments,
        metadata.get(ICC),
        metadata.get(EXIF),
        metadata.get(XMP),
        integrity,
    )
