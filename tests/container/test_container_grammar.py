"""Every file that the grammar allows is read as what it says, and written back to the same bytes."""

from __future__ import annotations

import dataclasses

import pytest
from grammar import EXIF, ICC, PICTURE, XMP, Grown, files, varint
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.container.file import parse_file
from nacre.container.header import PSNR_UNIT, parse_header
from nacre.container.segments import pack_segment
from nacre.errors import FormatError, TruncatedError

PLAIN = Grown(0x10, 7, b"abcd", 3, 2, 0, 1, b"", (), (), ((PICTURE, b"stream"),))


@settings(max_examples=100)
@given(files())
def test_what_is_read_is_what_it_says(grown: Grown) -> None:
    parsed = parse_file(grown.file())
    header = parsed.header
    assert (header.codec, header.weights_tag) == (grown.codec, grown.tag)
    assert (header.width, header.height) == (grown.width, grown.height)
    assert header.gray + 2 * header.alpha == grown.layout
    assert header.checksums == grown.flags
    assert header.parameters == grown.parameters
    assert header.optional == grown.optional
    assert [p.offset for p in header.rate_points] == [offset for offset, _ in grown.points]
    assert [round(p.psnr / PSNR_UNIT) for p in header.rate_points] == [level for _, level in grown.points]
    assert [(s.type, s.payload, s.state) for s in parsed.segments] == [(*s, "whole") for s in grown.segments]
    assert parsed.stream == grown.stream
    assert [parsed.icc, parsed.exif, parsed.xmp] == [grown.metadata(kind) for kind in (ICC, EXIF, XMP)]
    assert parsed.header_bytes == len(grown.header())


@settings(max_examples=100)
@given(files(newest_minor=0))
def test_what_was_read_is_written_to_the_same_bytes(grown: Grown) -> None:
    data = grown.file()
    parsed = parse_file(data)
    segments = [pack_segment(s.type, s.payload, parsed.header.checksums) for s in parsed.segments]
    assert parsed.header.pack() + b"".join(segments) == data


@settings(max_examples=60)
@given(files(), st.data())
def test_every_prefix_is_valid_or_ends_in_the_header(grown: Grown, data: st.DataObject) -> None:
    whole = grown.file()
    length = data.draw(st.integers(1, len(whole)))
    if length < len(grown.header()):
        with pytest.raises(TruncatedError):
            parse_file(whole[:length])
    else:
        assert grown.stream.startswith(parse_file(whole[:length]).stream)


@settings(max_examples=60)
@given(files(), st.integers(0, 4), st.integers(0, (1 << 15) - 1).map(lambda n: 2 * n + 1))
def test_one_odd_field_refuses_any_file(grown: Grown, place: int, tag: int) -> None:
    fields = list(grown.optional)
    fields.insert(place, (tag, b"x"))
    with pytest.raises(FormatError, match=rf"field {tag}\).*update nacre"):
        parse_file(dataclasses.replace(grown, optional=tuple(fields)).file())


@settings(max_examples=60)
@given(files(), st.integers(0, 20), st.integers(1, 127).map(lambda n: 2 * n + 1))
def test_one_odd_segment_refuses_any_file(grown: Grown, place: int, kind: int) -> None:
    found = list(grown.segments)
    found.insert(place, (kind, b"x"))
    with pytest.raises(FormatError, match=rf"segment {kind}\).*update nacre"):
        parse_file(dataclasses.replace(grown, segments=tuple(found)).file())


def test_the_longest_header() -> None:
    bare = len(PLAIN.header()) - 4 - 7
    rest = (1 << 16) - bare
    content = rest - len(varint(2)) - len(varint(rest - 4))
    longest = dataclasses.replace(PLAIN, optional=((2, bytes(content)),))
    header, length = parse_header(longest.header())
    assert length == 4 + 2 + 3 + (1 << 16) + 4
    assert header.pack() == longest.header()
    for more in ({"optional": ((2, bytes(content + 1)),)}, {"parameters": bytes(1025)}):
        with pytest.raises(FormatError):
            parse_header(dataclasses.replace(PLAIN, **more).header())


def test_a_segment_length_of_forty_bits_is_the_longest() -> None:
    head = PLAIN.header()
    assert parse_file(head + b"\x01" + varint((1 << 40) - 1) + b"abc").stream == b"abc"
    assert parse_file(head + b"\x01" + varint(1 << 40) + b"abc").integrity == "damaged"
