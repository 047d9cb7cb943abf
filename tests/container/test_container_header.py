from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from strategies import headers

from nacre.container.header import (
    MAX_RATE_POINTS,
    SIGNATURE,
    Header,
    RatePoint,
    parse_header,
)
from nacre.container.varint import encode_varint
from nacre.errors import FormatError, TruncatedError

PLAIN = Header(codec=7, weights_tag=b"\x01\x02\x03\x04", width=768, height=512, parameters=b"\x08\x02\x00")


def resealed(body: bytes, *, version: int = 0x10, kind: int = 0) -> bytes:
    """A header of any body, with a checksum that fits."""
    head = SIGNATURE + bytes([version, kind]) + encode_varint(len(body)) + body
    return head + zlib.crc32(head).to_bytes(4, "big")


def body_of(header: Header) -> bytes:
    packed = header.pack()
    return packed[7:-4]  # of a header that is shorter than 128 bytes


@given(headers())
def test_round_trip(header: Header) -> None:
    packed = header.pack()
    assert parse_header(packed) == (header, len(packed))
    assert parse_header(packed + b"what follows") == (header, len(packed))


@given(headers())
def test_every_prefix_is_too_short(header: Header) -> None:
    packed = header.pack()
    for length in range(1, len(packed)):
        with pytest.raises(TruncatedError, match="ends inside its header"):
            parse_header(packed[:length])


def test_an_ordinary_header_is_small_and_tells_the_size_early() -> None:
    points = tuple(RatePoint(2000 * (i + 1), 24.0 + i) for i in range(9))
    packed = Header(7, b"abcd", 6000, 4000, parameters=b"\x08\x02\x10", rate_points=points).pack()
    assert len(packed) <= 40 + 4 * len(points)
    assert packed.index(encode_varint(6000) + encode_varint(4000)) + 4 <= 64


def test_the_layout_is_named() -> None:
    names = [Header(7, b"abcd", 1, 1, gray=g, alpha=a).layout for g in (False, True) for a in (False, True)]
    assert names == ["RGB", "RGB+alpha", "gray", "gray+alpha"]


@pytest.mark.parametrize("data", [b"", b"\x89NCX", b"\x89PNG\r\n\x1a\n", b"a text file", b"\x00" * 100])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"give a file that `nacre encode` wrote"):
        parse_header(data)


@pytest.mark.parametrize("version", [0x00, 0x20, 0xF3])
def test_other_major_versions_are_refused(version: int) -> None:
    with pytest.raises(FormatError, match="update nacre"):
        parse_header(resealed(body_of(PLAIN), version=version))


def test_a_newer_minor_version_is_read() -> None:
    assert parse_header(resealed(body_of(PLAIN), version=0x1F))[0] == PLAIN


@pytest.mark.parametrize(("kind", "name"), [(1, "sequence"), (2, "array"), (99, "kind 99")])
def test_other_kinds_are_refused_by_name(kind: int, name: str) -> None:
    with pytest.raises(FormatError, match=name):
        parse_header(resealed(body_of(PLAIN), kind=kind))


def test_any_flipped_bit_is_found() -> None:
    packed = PLAIN.pack()
    for bit in range(8 * len(packed)):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, TruncatedError)):
            parse_header(bytes(flipped))


def test_unknown_even_fields_are_kept_and_odd_ones_refused() -> None:
    body = body_of(PLAIN)
    header, _ = parse_header(resealed(body + b"\x08\x03abc"))
    assert header.optional == ((8, b"abc"),)
    with pytest.raises(FormatError, match=r"field 9.*update nacre"):
        parse_header(resealed(body + b"\x09\x03abc"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x07abcd",
        b"\x07abcd\x00\x10\x00\x01\x00\x00",  # no width
        b"\x07abcd\x10\x00\x00\x01\x00\x00",  # no height
        b"\x07abcd\x90\x00\x10\x00\x01\x00\x00",  # a size not in its shortest form
        b"\x07abcd\xff\xff\xff\xff\xff\x0f\x10\x00\x01\x00\x00",  # a size beyond 31 bits
        b"\x07abcd\x10\x10\x00\x02\x00\x00",  # a flag that nobody knows
        b"\x07abcd\x10\x10\x00\x01\x05ab",  # parameters beyond the end
        b"\x07abcd\x10\x10\x00\x01\x81\x10" + bytes(2049) + b"\x00",  # parameters beyond what any codec has
        b"\x07abcd\x10\x10\x00\x01\x00\x11" + b"\x01\x00" * 17,  # 17 rate points
        b"\x07abcd\x10\x10\x00\x01\x00\x02\x05\x00\x00\x00",  # a rate point that does not rise
        b"\x07abcd\x10\x10\x00\x01\x00\x03\x05\x00",  # fewer rate points than stated
        b"\x07abcd\x10\x10\x00\x01\x00\x00\x08\x09a",  # a field beyond the end
    ],
)
def test_bodies_that_cannot_be_are_damaged(body: bytes) -> None:
    with pytest.raises(FormatError, match="damaged"):
        parse_header(resealed(body))


def test_unknown_layouts_are_newer() -> None:
    with pytest.raises(FormatError, match="newer"):
        parse_header(resealed(b"\x07abcd\x10\x10\x04\x01\x00\x00"))


@pytest.mark.parametrize("length", [(1 << 16) + 1, (1 << 20) - 1, 1 << 20, 1 << 60])
def test_huge_lengths_are_refused_before_they_are_believed(length: int) -> None:
    with pytest.raises(FormatError):
        parse_header(SIGNATURE + b"\x10\x00" + encode_varint(length) + bytes(50))


def test_more_rate_points_than_fit_are_the_writers_mistake() -> None:
    points = tuple(RatePoint(i + 1, 20.0) for i in range(MAX_RATE_POINTS + 1))
    with pytest.raises(ValueError, match="at most 16"):
        Header(7, b"abcd", 1, 1, rate_points=points).pack()
