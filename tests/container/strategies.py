"""Headers, metadata and files for property tests of the container."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from nacre.container.header import PSNR_UNIT, Header, RatePoint

even_tags = st.integers(0, 500).map(lambda n: 2 * n)
even_fields = st.lists(st.tuples(even_tags, st.binary(max_size=20)), max_size=3)


@st.composite
def rate_points(draw: st.DrawFn) -> tuple[RatePoint, ...]:
    steps = draw(st.lists(st.integers(1, 1 << 20), max_size=16))
    levels = draw(st.lists(st.integers(0, 2000), min_size=len(steps), max_size=len(steps)))
    points, offset = [], 0
    for step, level in zip(steps, levels, strict=True):
        offset += step
        points.append(RatePoint(offset, round(level * PSNR_UNIT, 2)))
    return tuple(points)


@st.composite
def headers(draw: st.DrawFn, *, with_points: bool = True) -> Header:
    return Header(
        codec=draw(st.integers(0, 1 << 15)),
        weights_tag=draw(st.binary(min_size=4, max_size=4)),
        width=draw(st.integers(1, (1 << 31) - 1)),
        height=draw(st.integers(1, (1 << 31) - 1)),
        gray=draw(st.booleans()),
        alpha=draw(st.booleans()),
        parameters=draw(st.binary(max_size=30)),
        rate_points=draw(rate_points()) if with_points else (),
        checksums=draw(st.booleans()),
        optional=tuple(draw(even_fields)),
    )


@dataclass(frozen=True)
class Contents:
    """All that goes into a file."""

    header: Header
    stream: bytes
    points: tuple[tuple[int, float], ...]
    icc: bytes | None
    exif: bytes | None
    xmp: bytes | None


@st.composite
def contents(draw: st.DrawFn, *, longest: int = 14_000) -> Contents:
    length = draw(st.integers(1, longest))
    seed = draw(st.integers(0, 255))
    stream = bytes((seed + 7 * i + (i >> 8)) & 0xFF for i in range(length))
    ends = sorted(draw(st.sets(st.integers(1, length), max_size=16)))
    points = tuple((end, round(20 + 0.5 * i, 2)) for i, end in enumerate(ends))
    metadata = st.none() | st.binary(min_size=1, max_size=300)
    return Contents(
        draw(headers(with_points=False)), stream, points, draw(metadata), draw(metadata), draw(metadata)
    )
