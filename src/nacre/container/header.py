"""The header of a picture file; `SPEC.md` gives every byte."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from nacre.container.varint import Cursor, MalformedError, OutOfDataError, encode_varint, unzigzag, zigzag
from nacre.errors import FormatError, TruncatedError

SIGNATURE = b"\x89NCR"
MAJOR, MINOR = 1, 0
KIND_PICTURE = 0
KINDS = {0: "picture", 1: "sequence", 2: "array"}

MAX_RATE_POINTS = 16
MAX_HEADER = 1 << 16
MAX_PARAMETERS = 1 << 10
PSNR_UNIT = 0.05
"""Decibels a step of a rate point's PSNR."""

_GRAY, _ALPHA, _LAYOUT_KNOWN = 1, 2, 3
_CHECKSUMS, _FLAGS_KNOWN = 1, 1


@dataclass(frozen=True)
class RatePoint:
    """One prefix of the full encode.

    Attributes
    ----------
    offset
        Bytes after the header.
    psnr
        Decibels of the picture that this prefix shows, to 0.05 dB.
    """

    offset: int
    psnr: float


@dataclass(frozen=True)
class Header:
    """What a file says about itself before its first segment.

    Attributes
    ----------
    codec
        Codec number; a number is never used again.
    weights_tag
        Four bytes that name the weights.
    width, height
        Upright pixels, at least 1.
    gray, alpha
        Pixel layout: one color channel instead of three; an alpha plane.
    parameters
        Bytes that only the codec reads.
    rate_points
        At most 16, offsets strictly rising.
    checksums
        Whether segments carry a CRC-32.
    optional
        Tagged fields (tag, payload) in file order. An even tag may be skipped by a reader that does not
        know it, an odd one is a reason to refuse.
    """

    codec: int
    weights_tag: bytes
    width: int
    height: int
    gray: bool = False
    alpha: bool = False
    parameters: bytes = b""
    rate_points: tuple[RatePoint, ...] = ()
    checksums: bool = True
    optional: tuple[tuple[int, bytes], ...] = field(default=())

    @property
    def layout(self) -> str:
        """`RGB` or `gray`, with `+alpha`."""
        return ("gray" if self.gray else "RGB") + ("+alpha" if self.alpha else "")

    def pack(self) -> bytes:
        """The header's bytes, signature to checksum."""
        body = bytearray(encode_varint(self.codec))
        body += self.weights_tag
        body += encode_varint(self.width) + encode_varint(self.height)
        body += bytes([_GRAY * self.gray | _ALPHA * self.alpha, _CHECKSUMS * self.checksums])
        body += encode_varint(len(self.parameters)) + self.parameters
        body += _pack_rate_points(self.rate_points)
        for tag, payload in self.optional:
            body += encode_varint(tag) + encode_varint(len(payload)) + payload
        head = SIGNATURE + bytes([MAJOR << 4 | MINOR, KIND_PICTURE]) + encode_varint(len(body)) + body
        return head + zlib.crc32(head).to_bytes(4, "big")


def parse_header(data: bytes) -> tuple[Header, int]:
    """Read the header at the start of `data`.

    Returns
    -------
    header : Header
    length : int
        Bytes of the header, so the offset of the first segment.

    Raises
    ------
    FormatError
        If the bytes are not a picture file this version reads, or the header is damaged.
    TruncatedError
        If the bytes are too few to hold the header.
    """
    cursor = Cursor(data)
    try:
        return _parse(data, cursor)
    except OutOfDataError:
        raise TruncatedError(
            f"The file ends inside its header after {len(data)} bytes; ask for a longer prefix."
        ) from None
    except MalformedError:
        raise FormatError("The header is damaged; fetch the file again.") from None


def _parse(data: bytes, cursor: Cursor) -> tuple[Header, int]:
    start = data[: len(SIGNATURE)]
    if not start or start != SIGNATURE[: len(start)]:
        what = "The file is empty" if not data else "This is not a nacre file"
        raise FormatError(f"{what}; give a file that `nacre encode` wrote.")
    cursor.take(len(SIGNATURE))
    version, kind = cursor.byte(), cursor.byte()
    if version >> 4 != MAJOR:
        raise FormatError(
            f"The file has format {version >> 4}.{version & 15}, this reader knows {MAJOR}.x; update nacre."
        )
    if kind != KIND_PICTURE:
        raise FormatError(
            f"The file holds a {KINDS.get(kind, f'kind {kind}')}, which this version does not read."
        )
    length = cursor.varint(20)
    if length > MAX_HEADER:
        raise FormatError("The header claims to be longer than any header is; the file is damaged.")
    body = cursor.position
    cursor.take(length)
    stated = int.from_bytes(cursor.take(4), "big")
    if zlib.crc32(data[: body + length]) != stated:
        raise FormatError("The header's checksum does not fit; the file is damaged, fetch it again.")
    try:
        return _parse_body(Cursor(data, body, body + length)), cursor.position
    except OutOfDataError:
        raise MalformedError from None


def _parse_body(cursor: Cursor) -> Header:
    codec, tag = cursor.varint(16), cursor.take(4)
    width, height = cursor.varint(31), cursor.varint(31)
    layout, flags = cursor.byte(), cursor.byte()
    if not width or not height or flags & ~_FLAGS_KNOWN:
        raise MalformedError
    if layout & ~_LAYOUT_KNOWN:
        raise FormatError("The file's pixel layout is newer than this reader; update nacre.")
    count = cursor.varint(16)
    if count > MAX_PARAMETERS:
        raise MalformedError
    parameters = cursor.take(count)
    points = _parse_rate_points(cursor)
    optional = []
    while cursor.left:
        field_tag = cursor.varint(16)
        payload = cursor.take(cursor.varint(16))
        if field_tag & 1:
            raise FormatError(
                f"The file needs a feature (field {field_tag}) that this reader lacks; update nacre."
            )
        optional.append((field_tag, payload))
    return Header(
        codec=codec,
        weights_tag=tag,
        width=width,
        height=height,
        gray=bool(layout & _GRAY),
        alpha=bool(layout & _ALPHA),
        parameters=parameters,
        rate_points=points,
        checksums=bool(flags & _CHECKSUMS),
        optional=tuple(optional),
    )


def _pack_rate_points(points: Sequence[RatePoint]) -> bytes:
    if len(points) > MAX_RATE_POINTS:
        raise ValueError(f"at most {MAX_RATE_POINTS} rate points")
    out = bytearray(encode_varint(len(points)))
    offset = level = 0
    for point in points:
        steps = round(point.psnr / PSNR_UNIT)
        out += encode_varint(point.offset - offset) + encode_varint(zigzag(steps - level))
        offset, level = point.offset, steps
    return bytes(out)


def _parse_rate_points(cursor: Cursor) -> tuple[RatePoint, ...]:
    count = cursor.varint(8)
    if count > MAX_RATE_POINTS:
        raise MalformedError
    points: list[RatePoint] = []
    offset = level = 0
    for _ in range(count):
        step = cursor.varint(40)
        if step == 0:
            raise MalformedError
        offset += step
        level += unzigzag(cursor.varint(16))
        points.append(RatePoint(offset, round(level * PSNR_UNIT, 2)))
    return tuple(points)
