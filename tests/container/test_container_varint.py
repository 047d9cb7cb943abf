from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.container.varint import Cursor, MalformedError, OutOfDataError, encode_varint, unzigzag, zigzag


@given(st.integers(0, (1 << 40) - 1))
def test_round_trip(value: int) -> None:
    packed = encode_varint(value)
    cursor = Cursor(packed + b"\xff")
    assert cursor.varint(40) == value
    assert cursor.left == 1
    assert len(packed) == max(1, -(-value.bit_length() // 7))


@given(st.integers(1, 40), st.binary(max_size=8))
def test_what_is_read_is_the_shortest_form_and_within_the_bits(bits: int, data: bytes) -> None:
    cursor = Cursor(data)
    try:
        value = cursor.varint(bits)
    except (MalformedError, OutOfDataError):
        return
    assert value < 1 << bits
    assert data.startswith(encode_varint(value))
    assert cursor.position == len(encode_varint(value))


def test_limits_are_exact() -> None:
    assert Cursor(encode_varint((1 << 16) - 1)).varint(16) == (1 << 16) - 1
    with pytest.raises(MalformedError):
        Cursor(encode_varint(1 << 16)).varint(16)


def test_negative_numbers_have_no_form() -> None:
    with pytest.raises(ValueError, match="unsigned"):
        encode_varint(-1)


@given(st.integers(-(1 << 40), 1 << 40))
def test_zigzag(value: int) -> None:
    assert unzigzag(zigzag(value)) == value
    assert zigzag(value) >= 0
    assert [zigzag(v) for v in (0, -1, 1, -2)] == [0, 1, 2, 3]


def test_a_cursor_never_reads_past_its_end() -> None:
    cursor = Cursor(b"abcdef", 1, 3)
    assert cursor.take(2) == b"bc"
    assert cursor.left == 0
    with pytest.raises(OutOfDataError):
        cursor.byte()
    assert cursor.position == 3
