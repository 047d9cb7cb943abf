"""Valid files straight from the grammar of SPEC.md, sections 1 and 2, byte by byte.

Nothing here is written by nacre, so that what it reads and writes is held against the page and not against
itself.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from hypothesis import strategies as st

PICTURE, ICC, EXIF, XMP = 1, 2, 4, 6
FIRST_UNKNOWN = 8
LARGEST_SIDE = (1 << 31) - 1


def varint(value: int) -> bytes:
    """Unsigned LEB128 in its shortest form."""
    groups = []
    while True:
        groups.append(value & 127)
        value >>= 7
        if not value:
            return bytes(g | 128 for g in groups[:-1]) + bytes(groups[-1:])


def zigzag(value: int) -> int:
    """0, -1, 1, -2, 2 to 0, 1, 2, 3, 4."""
    return 2 * abs(value) - (value < 0)


def crc(data: bytes) -> bytes:
    """CRC-32, most significant byte first."""
    return zlib.crc32(data).to_bytes(4, "big")


@dataclass(frozen=True)
class Grown:
    """A file and all that it says.

    Attributes
    ----------
    points
        (offset after the header, level in steps of 0.05 dB).
    segments
        (type, payload) in order.
    """

    version: int
    codec: int
    tag: bytes
    width: int
    height: int
    layout: int
    flags: int
    parameters: bytes
    points: tuple[tuple[int, int], ...]
    optional: tuple[tuple[int, bytes], ...]
    segments: tuple[tuple[int, bytes], ...] = field(default=())

    def header(self) -> bytes:
        """Signature to checksum."""
        body = varint(self.codec) + self.tag + varint(self.width) + varint(self.height)
        body += bytes([self.layout, self.flags]) + varint(len(self.parameters)) + self.parameters
        body += varint(len(self.points))
        before = 0, 0
        for offset, level in self.points:
            body += varint(offset - before[0]) + varint(zigzag(level - before[1]))
            before = offset, level
        body += b"".join(varint(tag) + varint(len(content)) + content for tag, content in self.optional)
        head = b"\x89NCR" + bytes([self.version, 0]) + varint(len(body)) + body
        return head + crc(head)

    def file(self) -> bytes:
        """All of it."""
        return self.header() + b"".join(self.segment(*s) for s in self.segments)

    def segment(self, kind: int, payload: bytes) -> bytes:
        """One segment."""
        packed = bytes([kind]) + varint(len(payload)) + payload
        return packed + (crc(packed) if self.flags & 1 else b"")

    @property
    def stream(self) -> bytes:
        """The codec's stream."""
        return b"".join(payload for kind, payload in self.segments if kind == PICTURE)

    def metadata(self, kind: int) -> bytes | None:
        """What a segment of metadata inflates to."""
        packed = [payload for k, payload in self.segments if k == kind]
        return zlib.decompress(packed[0]) if packed else None


def near(most: int) -> st.SearchStrategy[int]:
    """Integers from 0, with the borders between lengths of a varint among them."""
    borders = {min(most, max(0, (1 << 7 * n) + d)) for n in range(7) for d in (-1, 0)} | {0, most}
    return st.sampled_from(sorted(borders)) | st.integers(0, most)


skipped_fields = st.tuples(near((1 << 15) - 1).map(lambda n: 2 * n), st.binary(max_size=300))
skipped_segments = st.tuples(
    st.integers(FIRST_UNKNOWN // 2, 127).map(lambda n: 2 * n), st.binary(max_size=200)
)


@st.composite
def points(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Up to sixteen, offsets rising up to 40 bits a step, levels rising and falling."""
    found, offset, level = [], 0, 0
    for _ in range(draw(st.integers(0, 16))):
        offset += 1 + draw(near((1 << 40) - 2))
        level += draw(st.integers(-(1 << 15), (1 << 15) - 1))
        found.append((offset, level))
    return tuple(found)


@st.composite
def segments(draw: st.DrawFn) -> tuple[tuple[int, bytes], ...]:
    """ICC, pictures, Exif, XMP, each if at all, and unknown ones between any two."""

    def between() -> list[tuple[int, bytes]]:
        return draw(st.lists(skipped_segments, max_size=2))

    def metadata(kind: int) -> list[tuple[int, bytes]]:
        packed = draw(st.none() | st.binary(max_size=400).map(zlib.compress))
        return [] if packed is None else [(kind, packed)]

    found = between() + metadata(ICC)
    for payload in draw(st.lists(st.binary(max_size=300), max_size=6)):
        found += [*between(), (PICTURE, payload)]
    return (*found, *between(), *metadata(EXIF), *between(), *metadata(XMP), *between())


@st.composite
def files(draw: st.DrawFn, *, newest_minor: int = 15) -> Grown:
    """Any valid file."""
    return Grown(
        version=0x10 | draw(st.integers(0, newest_minor)),
        codec=draw(near((1 << 16) - 1)),
        tag=draw(st.binary(min_size=4, max_size=4)),
        width=1 + draw(near(LARGEST_SIDE - 1)),
        height=1 + draw(near(LARGEST_SIDE - 1)),
        layout=draw(st.integers(0, 3)),
        flags=draw(st.integers(0, 1)),
        parameters=draw(st.binary(max_size=40) | st.integers(1020, 1024).map(bytes)),
        points=draw(points()),
        optional=tuple(draw(st.lists(skipped_fields, max_size=4))),
        segments=draw(segments()),
    )
