"""What a file says about itself."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from nacre.api.sources import FileSource, read_source
from nacre.container.file import parse_file
from nacre.container.segments import TYPE_NAMES


@dataclass(frozen=True)
class FileRatePoint:
    """A prefix the header recommends: its length in bytes and the PSNR of its picture in dB.

    The PSNR is an estimate in files of `progressive`, but for the last.
    """

    bytes: int
    psnr: float


@dataclass(frozen=True)
class SegmentInfo:
    """One segment: its type's name, where it begins, its payload's length, its state.

    The state is `whole`, `unfinished` or `damaged`.
    """

    type: str
    offset: int
    length: int
    state: str


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself; see `info`."""

    kind: str
    version: str
    codec: str
    codec_number: int
    weights_tag: str
    width: int
    height: int
    layout: str
    file_bytes: int
    first_layer_bytes: int | None
    rate_points: tuple[FileRatePoint, ...]
    segments: tuple[SegmentInfo, ...]
    has_icc: bool
    has_exif: bool
    has_xmp: bool
    integrity: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)


def info(source: FileSource) -> FileInfo:
    """What a file says about itself, without decoding it.

    Raises
    ------
    FormatError, TruncatedError
        If it is not a nacre file, or ends inside its header.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> facts = nacre.info(nacre.encode(np.zeros((32, 48, 3), np.uint8)))
    >>> facts.codec, facts.width, facts.height, facts.layout, facts.integrity
    ('progressive', 48, 32, 'RGB', 'whole')
    >>> facts.rate_points[0].bytes == facts.first_layer_bytes
    True
    """
    return facts_of(read_source(source, None))


def facts_of(data: bytes) -> FileInfo:
    """As `info`, of bytes at hand."""
    from nacre.codecs.registry import codec_name

    parsed = parse_file(data)
    header = parsed.header
    points = tuple(FileRatePoint(p.offset, p.psnr) for p in parsed.rate_points())
    return FileInfo(
        kind="picture",
        version=f"{data[4] >> 4}.{data[4] & 15}",
        codec=codec_name(header.codec) or "unknown",
        codec_number=header.codec,
        weights_tag=header.weights_tag.hex(),
        width=header.width,
        height=header.height,
        layout=header.layout,
        file_bytes=len(data),
        first_layer_bytes=points[0].bytes if points else None,
        rate_points=points,
        segments=tuple(
            SegmentInfo(TYPE_NAMES.get(s.type, f"type {s.type}"), s.offset, s.length, s.state)
            for s in parsed.segments
        ),
        has_icc=parsed.icc is not None,
        has_exif=parsed.exif is not None,
        has_xmp=parsed.xmp is not None,
        integrity=parsed.integrity,
    )
