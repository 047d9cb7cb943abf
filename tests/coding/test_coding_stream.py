from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scalar_coder import Interval, decided

from nacre.coding.stream import TOTAL, BitDecoder, BitEncoder, EndOfStreamError

Ints = NDArray[np.int64]
LEAST, MOST = 64, TOTAL - 64

calls = st.lists(
    st.lists(st.tuples(st.integers(LEAST, MOST), st.integers(0, 1)), max_size=40), min_size=1, max_size=8
)


def send(parts: list[list[tuple[int, int]]]) -> tuple[bytes, list[int]]:
    coder = BitEncoder()
    for part in parts:
        ones = np.array([p for p, _ in part], np.int64)
        coder.code(np.array([b for _, b in part], np.uint8), ones)
        coder.mark()
    return coder.finish()


def likely(
    count: int, seed: int, ones: Callable[[np.random.Generator], Ints] | None = None
) -> list[tuple[int, int]]:
    """Probabilities and bits that follow them."""
    generator = np.random.default_rng(seed)
    p = generator.integers(1, TOTAL, count) if ones is None else ones(generator)
    return [(int(k), int(u < k)) for k, u in zip(p, generator.integers(0, TOTAL, count), strict=True)]


def decode_singly(data: bytes, ones: list[int]) -> list[int]:
    """Symbols one call each, until the bytes no longer decide one."""
    coder, found = BitDecoder(data), []
    for k in ones:
        try:
            found.append(int(coder.code(None, np.array([k]))[0]))
        except EndOfStreamError:
            break
    return found


@given(calls)
def test_round_trip_of_any_calls(parts: list[list[tuple[int, int]]]) -> None:
    data, _ = send(parts)
    coder = BitDecoder(data)
    for part in parts:
        found = coder.code(None, np.array([p for p, _ in part], np.int64))
        assert found.dtype == np.uint8
        assert found.tolist() == [b for _, b in part]


def test_shapes_are_kept() -> None:
    bits = np.random.default_rng(0).integers(0, 2, (3, 4, 5), np.uint8)
    ones = np.full(bits.shape, 20_000)
    coder = BitEncoder()
    assert coder.code(bits, ones) is bits
    assert np.array_equal(BitDecoder(coder.finish()[0]).code(None, ones), bits)


@settings(max_examples=40)
@given(calls)
def test_borders_are_those_of_the_scalar_coder(parts: list[list[tuple[int, int]]]) -> None:
    data, borders = send(parts)
    interval = Interval()
    for part, border in zip(parts, borders, strict=True):
        for ones, bit in part:
            interval.narrow(ones, bit)
        assert interval.holds(data[:border])
        assert border == 0 or not interval.holds(data[: border - 1])
    assert len(data) == borders[-1]


@pytest.mark.parametrize("seed", range(4))
def test_symbols_decided_by_every_prefix_are_those_of_the_scalar_coder(seed: int) -> None:
    part = likely(400, seed) + likely(100, seed, lambda g: g.choice([LEAST, MOST], 100))
    ones = [k for k, _ in part]
    data, _ = send([part])
    known = -1
    for length in range(len(data) + 1):
        found = decode_singly(data[:length], ones)
        assert found == decided(data[:length], ones)
        assert found == [b for _, b in part[: len(found)]]
        assert len(found) >= known
        known = len(found)
    assert known == len(part)


def test_fillers_do_not_change_what_was_decided() -> None:
    part = likely(300, 9)
    ones = [k for k, _ in part]
    data, _ = send([part])
    for length in range(len(data)):
        sure = decode_singly(data[:length], ones)
        for filler in (b"\x00", b"\xff"):
            assert decode_singly(data[:length] + 20 * filler, ones)[: len(sure)] == sure


def test_a_cut_loses_few_symbols() -> None:
    part = likely(4000, 3, lambda g: np.full(4000, TOTAL // 2))
    data, _ = send([part])
    ones = [k for k, _ in part]
    for length in range(10, 500, 37):
        assert 8 * length - 10 <= len(decode_singly(data[:length], ones)) <= 8 * length + 1


def test_a_call_is_given_whole_or_not_at_all() -> None:
    part = likely(200, 5)
    data, _ = send([part])
    coder = BitDecoder(data[: len(data) // 2])
    with pytest.raises(EndOfStreamError):
        coder.code(None, np.array([k for k, _ in part]))
    # What the coder has eaten is gone: it stays at its end, for easy symbols too.
    for ones in ([MOST], []):
        with pytest.raises(EndOfStreamError):
            coder.code(None, np.array(ones, np.int64))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 3])
def test_next_to_no_data_decides_next_to_nothing(data: bytes) -> None:
    with pytest.raises(EndOfStreamError):
        BitDecoder(data).code(None, np.full(100, TOTAL // 2))


def test_empty_calls_cost_nothing() -> None:
    nothing = np.zeros((0, 3), np.uint8)
    coder = BitEncoder()
    for _ in range(3):
        coder.code(nothing, np.zeros((0, 3), np.int64))
    coder.code(np.ones(1, np.uint8), np.array([TOTAL // 2]))
    data, _ = coder.finish()
    assert data == send([[(TOTAL // 2, 1)]])[0]
    decoder = BitDecoder(data)
    assert decoder.code(None, np.zeros((0, 3), np.int64)).shape == (0, 3)
    assert decoder.code(None, np.array([TOTAL // 2])).tolist() == [1]


def test_layers_of_less_than_a_byte_may_end_at_one_byte() -> None:
    _, borders = send([[(TOTAL // 2, 0)]] * 40)
    assert borders == sorted(borders)
    assert len(set(borders)) < 12


def test_the_encoder_needs_symbols() -> None:
    with pytest.raises(ValueError, match="needs the symbols"):
        BitEncoder().code(None, np.array([100]))


def test_damaged_data_end_or_give_other_symbols_and_never_anything_else() -> None:
    part = likely(2000, 8)
    data, _ = send([part])
    ones = np.array([k for k, _ in part])
    generator = np.random.default_rng(1)
    ended = other = 0
    for _ in range(300):
        damaged = bytearray(data)
        damaged[generator.integers(len(data))] ^= 1 << generator.integers(8)
        coder = BitDecoder(bytes(damaged))
        try:
            for start in range(0, len(ones), 100):
                coder.code(None, ones[start : start + 100])
            other += 1
        except EndOfStreamError:
            ended += 1
    assert ended + other == 300
    assert ended > 0


def test_overhead_is_small() -> None:
    part = likely(20_000, 2, lambda g: np.full(20_000, 9000))
    ideal = -sum(np.log2((k if b else TOTAL - k) / TOTAL) for k, b in part)
    data, _ = send([part])
    assert ideal / 8 <= len(data) <= 1.001 * ideal / 8 + 8


def test_the_bytes_never_change() -> None:
    # Files are these bytes: whoever changes this hash makes files that nobody else reads.
    part = [(64 + 641 * i * i % (TOTAL - 128), (i * i >> 3) & 1) for i in range(1000)]
    data, borders = send([part[:300], part[300:301], part[301:]])
    assert borders == [57, 57, 180]
    digest = hashlib.sha256(data).hexdigest()
    assert digest == "b619d747b4302d61d44b03131e1a887fadab6d7b583d3da6386344f4ca027a4c"
