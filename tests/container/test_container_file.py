from __future__ import annotations

import random
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Contents, contents

from nacre.container.file import Layout, ParsedFile, parse_file, write_file
from nacre.container.header import Header
from nacre.container.metadata import MAX_METADATA, pack_metadata, unpack_metadata
from nacre.container.segments import (
    EXIF,
    PICTURE,
    SEGMENT_LEAST,
    pack_segment,
    read_segments,
    split_stream,
)
from nacre.errors import FormatError, TruncatedError

HEADER = Header(codec=7, weights_tag=b"\x01\x02\x03\x04", width=768, height=512, parameters=b"\x08\x02\x00")
STREAM = random.Random(5).randbytes(20_000)
POINTS = ((300, 20.0), (3000, 22.0), (6000, 24.5), (12_000, 27.0), (20_000, 30.0))


def write(c: Contents) -> tuple[bytes, Layout]:
    return write_file(c.header, c.stream, c.points, icc=c.icc, exif=c.exif, xmp=c.xmp)


@settings(max_examples=60)
@given(contents())
def test_round_trip(c: Contents) -> None:
    data, _ = write(c)
    parsed = parse_file(data)
    assert parsed.stream == c.stream
    assert (parsed.icc, parsed.exif, parsed.xmp) == (c.icc, c.exif, c.xmp)
    assert parsed.integrity == "whole"
    assert replace(parsed.header, rate_points=()) == c.header
    assert [p.psnr for p in parsed.rate_points()] == [psnr for _, psnr in c.points]
    assert sum(len(s.payload) for s in parsed.segments if s.type == PICTURE) == len(c.stream)


def check_prefix(data: bytes, length: int, whole: ParsedFile) -> ParsedFile | None:
    try:
        parsed = parse_file(data[:length])
    except TruncatedError:
        assert length < whole.header_bytes
        return None
    except FormatError:
        assert length == 0
        return None
    assert whole.stream.startswith(parsed.stream)
    assert parsed.header == whole.header
    assert parsed.integrity in ("cut", "whole")
    for here, there in ((parsed.icc, whole.icc), (parsed.exif, whole.exif), (parsed.xmp, whole.xmp)):
        assert here in (None, there)
    return parsed


@settings(max_examples=25)
@given(contents(longest=1500))
def test_every_prefix_is_a_file_or_ends_in_the_header(c: Contents) -> None:
    data, _ = write(c)
    whole = parse_file(data)
    known = -1
    for length in range(len(data) + 1):
        parsed = check_prefix(data, length, whole)
        assert (parsed is None) == (length < whole.header_bytes)
        if parsed is not None:
            assert len(parsed.stream) >= known
            known = len(parsed.stream)
    assert known == len(c.stream)


@settings(max_examples=40)
@given(contents(), st.data())
def test_a_cut_of_a_cut_is_a_cut(c: Contents, data: st.DataObject) -> None:
    whole, _ = write(c)
    first = data.draw(st.integers(0, len(whole)))
    second = data.draw(st.integers(0, first))
    once, twice = whole[:second], whole[:first][:second]
    assert once == twice
    check_prefix(whole, second, parse_file(whole))


@settings(max_examples=60)
@given(contents())
def test_rate_points_are_the_shortest_prefixes_that_hold_their_layers(c: Contents) -> None:
    data, layout = write(c)
    for point, (end, _) in zip(parse_file(data).rate_points(), c.points, strict=True):
        assert point.offset == layout.file_bytes(end)
        assert parse_file(data[: point.offset]).stream == c.stream[:end]
        assert len(parse_file(data[: point.offset - 1]).stream) == end - 1


@settings(max_examples=60)
@given(contents(), st.data())
def test_layout_maps_stream_to_file_lengths(c: Contents, data: st.DataObject) -> None:
    whole, layout = write(c)
    end = data.draw(st.integers(1, len(c.stream)))
    assert parse_file(whole[: layout.file_bytes(end)]).stream == c.stream[:end]


def test_layout_knows_its_end() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Layout(10, ((2, 5),)).file_bytes(6)


def test_layers_that_end_at_one_byte_share_a_rate_point() -> None:
    # A few certain symbols may cost less than a byte: the better picture stands for both.
    data, _ = write_file(HEADER, bytes(50), [(10, 20.0), (10, 21.0), (50, 25.0)])
    assert [(p.offset, p.psnr) for p in parse_file(data).header.rate_points] == [(12, 21.0), (52, 25.0)]


def test_small_streams_are_one_segment_and_large_ones_at_most_one_a_layer() -> None:
    assert split_stream(STREAM[:3999], [100, 200, 3000, 3999]) == [STREAM[:3999]]
    slices = split_stream(STREAM, [end for end, _ in POINTS])
    assert b"".join(slices) == STREAM
    assert [len(s) for s in slices] == [6000, 6000, 8000]
    assert all(len(s) >= SEGMENT_LEAST for s in slices)


def test_metadata_stand_where_a_prefix_finds_them() -> None:
    data, _ = write_file(HEADER, STREAM, POINTS, icc=b"profile", exif=b"exif", xmp=b"xmp")
    assert [s.type for s in parse_file(data).segments] == [2, 1, 1, 1, 4, 6]
    last_point = parse_file(data).rate_points()[-1].offset
    cut = parse_file(data[:last_point])
    assert (cut.icc, cut.exif, cut.xmp) == (b"profile", None, None)


def test_integrity() -> None:
    data, layout = write_file(HEADER, STREAM, POINTS)
    assert parse_file(data).integrity == "whole"
    # The checksum of the last segment is all that is missing.
    assert parse_file(data[:-1]).integrity == "cut"
    border = layout.file_bytes(6000) + 4
    assert [s.state for s in parse_file(data[:border]).segments] == ["whole"]
    assert parse_file(data[:border]).integrity == "cut"
    assert parse_file(data[: layout.header]).integrity == "cut"


@pytest.mark.parametrize("byte", [2, 1000, 5990])
def test_a_damaged_segment_ends_the_picture_before_it(byte: int) -> None:
    data, layout = write_file(HEADER, STREAM, POINTS)
    second = layout.file_bytes(6000) + 4
    damaged = bytearray(data)
    damaged[second + byte] ^= 0x10
    parsed = parse_file(bytes(damaged))
    assert parsed.integrity == "damaged"
    assert parsed.stream == STREAM[:6000]
    assert [s.state for s in parsed.segments] == ["whole", "damaged"]


def test_checksums_can_be_off() -> None:
    data, layout = write_file(replace(HEADER, checksums=False), STREAM, POINTS)
    on, _ = write_file(HEADER, STREAM, POINTS)
    assert len(on) - len(data) == 4 * 3
    flipped = bytearray(data)
    flipped[layout.file_bytes(100)] ^= 1
    parsed = parse_file(bytes(flipped))
    assert parsed.integrity == "whole"
    assert len(parsed.stream) == len(STREAM)
    assert parsed.stream != STREAM


def test_unknown_even_segments_are_skipped_and_odd_ones_refused() -> None:
    data, layout = write_file(HEADER, STREAM[:5000], [(5000, 20.0)])
    head, rest = data[: layout.header], data[layout.header :]
    parsed = parse_file(head + pack_segment(8, b"news", True) + rest)
    assert parsed.stream == STREAM[:5000]
    assert [s.type for s in parsed.segments] == [8, 1]
    for place in (head + pack_segment(9, b"news", True) + rest, data + pack_segment(255, b"", True)):
        with pytest.raises(FormatError, match=r"segment (9|255).*update nacre"):
            parse_file(place)


@pytest.mark.parametrize("length", [b"\x80\x00", b"\xff" * 9, b"\xff" * 5 + b"\x7f"])
def test_segment_lengths_that_cannot_be_are_damage(length: bytes) -> None:
    head = HEADER.pack()
    (segment,) = read_segments(head + b"\x01" + length, len(head), True)
    assert (segment.type, segment.state) == (0, "damaged")
    assert parse_file(head + b"\x01" + length).integrity == "damaged"


def test_a_huge_segment_length_is_only_a_cut() -> None:
    head = HEADER.pack()
    parsed = parse_file(head + b"\x01\xff\xff\xff\xff\x7f" + STREAM)
    assert (parsed.stream, parsed.integrity) == (STREAM, "cut")


@given(st.binary(max_size=5000))
def test_metadata_round_trip(data: bytes) -> None:
    packed = pack_metadata(data)
    assert unpack_metadata(packed) == data
    assert unpack_metadata(packed[:-1]) is None


def test_metadata_that_inflate_without_end_are_dropped() -> None:
    bomb = pack_metadata(bytes(MAX_METADATA + 1))
    assert len(bomb) < MAX_METADATA // 500
    assert unpack_metadata(bomb) is None
    data, _ = write_file(HEADER, STREAM, POINTS)
    parsed = parse_file(data + pack_segment(EXIF, bomb, True))
    assert parsed.exif is None
    assert parsed.stream == STREAM
    assert unpack_metadata(b"no zlib") is None
    assert unpack_metadata(pack_metadata(bytes(MAX_METADATA))) == bytes(MAX_METADATA)


def test_checksum_is_crc32_big_endian_over_type_length_and_payload() -> None:
    packed = pack_segment(PICTURE, b"abc", True)
    assert packed == b"\x01\x03abc" + zlib.crc32(b"\x01\x03abc").to_bytes(4, "big")
    assert pack_segment(PICTURE, b"abc", False) == b"\x01\x03abc"
