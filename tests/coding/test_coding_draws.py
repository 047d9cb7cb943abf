"""Symbols that are taken as far as they are decided: `some` and `draw`, beside `code`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import constriction
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_coder import PRECISION, PythonDecoder, borders
from scalar_coder import STATE_BITS, WORD_BITS, zeros_share

from nacre.coding.stream import FINE_TOTAL, TOTAL, BitDecoder, BitEncoder, EndOfStreamError

Weights = tuple[int, ...]


def weights_of(shares: list[int]) -> Weights:
    """Weights of at least 1 in proportion to shares, as tables hold them."""
    total, room = sum(shares), FINE_TOTAL - len(shares)
    weights = [1 + share * room // total for share in shares]
    weights[int(np.argmax(weights))] += FINE_TOTAL - sum(weights)
    return tuple(weights)


@dataclass(frozen=True)
class Call:
    """Symbols of one distribution, bits of one probability each, or symbols that choose among some."""

    symbols: list[int]
    weights: Weights | None = None
    ones: tuple[int, ...] = ()
    table: tuple[Weights, ...] = ()
    chosen: tuple[int, ...] = ()

    @property
    def choices(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.table, np.int32), np.array(self.chosen, np.int64)

    def send(self, coder: BitEncoder) -> None:
        if self.table:
            coder.draw_each(np.array(self.symbols, np.int32), *self.choices)
        elif self.weights is None:
            coder.some(np.array(self.symbols, np.uint8), np.array(self.ones, np.int64))
        else:
            coder.draw(np.array(self.symbols, np.int32), len(self.symbols), self.weights)

    def receive(self, coder: BitDecoder) -> list[int]:
        if self.table:
            return coder.draw_each(None, *self.choices).tolist()
        if self.weights is None:
            return coder.some(None, np.array(self.ones, np.int64)).tolist()
        return coder.draw(None, len(self.symbols), self.weights).tolist()

    def receive_slowly(self, coder: PythonDecoder) -> list[int]:
        if self.table:
            return coder.symbols(self.table[i] for i in self.chosen)
        if self.weights is None:
            return coder.bits(self.ones)
        return coder.draw(len(self.symbols), self.weights)


@st.composite
def draws(draw: st.DrawFn) -> Call:
    shares = draw(st.lists(st.integers(0, 1 << draw(st.integers(1, 40))), min_size=2, max_size=65))
    weights = weights_of([1 + share for share in shares])
    symbols = st.integers(0, len(weights) - 1)
    # What the tables expect, and what they do not.
    likely = st.just(int(np.argmax(weights)))
    return Call(draw(st.lists(st.one_of(likely, likely, symbols), max_size=40)), weights)


@st.composite
def bits(draw: st.DrawFn) -> Call:
    pairs = draw(st.lists(st.tuples(st.integers(1, TOTAL - 1), st.integers(0, 1)), max_size=30))
    return Call([bit for _, bit in pairs], ones=tuple(one for one, _ in pairs))


@st.composite
def choices(draw: st.DrawFn) -> Call:
    size = draw(st.integers(2, 129))
    shares = st.lists(st.integers(1, 1 << draw(st.integers(1, 40))), min_size=size, max_size=size)
    table = tuple(map(weights_of, draw(st.lists(shares, min_size=1, max_size=3))))
    pairs = st.tuples(st.integers(0, size - 1), st.integers(0, len(table) - 1))
    found = draw(st.lists(pairs, max_size=30))
    return Call([s for s, _ in found], table=table, chosen=tuple(i for _, i in found))


mixtures = st.lists(st.one_of(draws(), bits(), choices()), min_size=1, max_size=8)


def likely(count: int, weights: Weights, seed: int) -> Call:
    """Symbols that follow their distribution."""
    chances = np.array(weights) / FINE_TOTAL
    return Call(np.random.default_rng(seed).choice(len(weights), count, p=chances).tolist(), weights)


def likely_bits(count: int, one: int, seed: int) -> Call:
    found = np.random.default_rng(seed).integers(0, TOTAL, count) < one
    return Call(found.astype(int).tolist(), ones=(one,) * count)


def send(calls: list[Call]) -> tuple[bytes, list[int]]:
    coder = BitEncoder()
    for call in calls:
        call.send(coder)
        coder.mark()
    return coder.finish()


def receive(data: bytes, calls: list[Call]) -> list[list[int]]:
    coder = BitDecoder(data)
    return [call.receive(coder) for call in calls]


def receive_slowly(data: bytes, calls: list[Call]) -> list[list[int]]:
    coder = PythonDecoder(data)
    return [call.receive_slowly(coder) for call in calls]


def check_cut(data: bytes, length: int, calls: list[Call]) -> int:
    """What a prefix gives is what the slow decoder says, the first of what was sent; how much it is."""
    found = receive(data[:length], calls)
    assert found == receive_slowly(data[:length], calls)
    sent = [symbol for call in calls for symbol in call.symbols]
    flat = [symbol for part in found for symbol in part]
    assert flat == sent[: len(flat)]
    # Nothing comes behind a call that was taken in part.
    short = [
        i for i, (part, call) in enumerate(zip(found, calls, strict=True)) if len(part) < len(call.symbols)
    ]
    assert not short or not any(found[short[0] + 1 :])
    return len(flat)


@settings(max_examples=60)
@given(mixtures)
def test_round_trip_of_any_mixture(calls: list[Call]) -> None:
    assert receive(send(calls)[0], calls) == [call.symbols for call in calls]


@settings(max_examples=40)
@given(mixtures)
def test_every_cut_gives_what_is_decided(calls: list[Call]) -> None:
    data, _ = send(calls)
    known = [check_cut(data, length, calls) for length in range(len(data) + 1)]
    assert known == sorted(known)
    assert known[-1] == sum(len(call.symbols) for call in calls)


@settings(max_examples=60)
@given(mixtures)
def test_a_mark_ends_at_the_first_byte_that_decides_what_is_before_it(calls: list[Call]) -> None:
    data, ends = send(calls)
    assert ends == sorted(ends)
    assert len(data) == ends[-1]
    for number, end in enumerate(ends, 1):
        before = calls[:number]
        assert receive(data[:end], before) == [call.symbols for call in before]
        # Even an empty stream has a byte: the coder's first interval leaves out the last of all values.
        if any(call.symbols for call in before):
            assert receive(data[: end - 1], before) != [call.symbols for call in before]


@settings(max_examples=40)
@given(mixtures, st.binary(max_size=12))
def test_what_follows_does_not_matter(calls: list[Call], tail: bytes) -> None:
    data, _ = send(calls)
    for length in {len(data), len(data) * 2 // 3, len(data) // 3}:
        sure = [symbol for part in receive(data[:length], calls) for symbol in part]
        longer = [symbol for part in receive(data[:length] + tail, calls) for symbol in part]
        assert longer[: len(sure)] == sure


SKEWED = weights_of([1 << 24, 3, 3])
LEVEL = weights_of([5, 4, 3])
LONG = [
    likely(900, LEVEL, 0),
    likely(60_000, SKEWED, 1),
    likely_bits(2_000, 9_000, 2),
    likely(0, LEVEL, 0),
    likely(3_000, weights_of(list(range(1, 66))), 3),
    likely_bits(700, 1, 4),
    likely(40_000, SKEWED, 5),
]


def test_cuts_of_a_long_stream() -> None:
    # Far from its end a decoder goes ahead without a way back; the ends of calls are the places to look at.
    data, ends = send(LONG)
    near = {end + away for end in ends for away in (-9, -4, -1, 0, 1, 5)}
    lengths = sorted(n for n in near | set(range(0, len(data), 131)) if 0 <= n <= len(data))
    known = []
    for length in lengths:
        found = receive(data[:length], LONG)
        sent = [symbol for call in LONG for symbol in call.symbols]
        flat = [symbol for part in found for symbol in part]
        assert flat == sent[: len(flat)]
        known.append(len(flat))
    assert known == sorted(known)
    assert known[-1] == sum(len(call.symbols) for call in LONG)
    for length in (ends[0] - 3, ends[1], ends[2] - 40):
        check_cut(data, length, LONG[:3])


def test_symbols_that_nobody_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    # They take many times the bits that a call should, so its end comes as a surprise.
    calls = [
        Call([0] * 50 + [1, 2, 0] * 300, SKEWED),
        likely(200, LEVEL, 7),
        Call([1] * 300, ones=(1,) * 300),
    ]
    data, _ = send(calls)
    assert len(data) > 2 * 600
    surprised = []
    far = BitDecoder._far_from_the_end

    def watched(self: BitDecoder, *arguments: Any) -> Any:
        found = far(self, *arguments)
        surprised.append(found is None)
        return found

    monkeypatch.setattr(BitDecoder, "_far_from_the_end", watched)
    known = [check_cut(data, length, calls) for length in range(0, len(data) + 1, 23)]
    assert known == sorted(known)
    assert set(surprised) == {False, True}


def test_easy_symbols_come_without_a_byte() -> None:
    call = Call([0] * 400, SKEWED)
    data, ends = send([call])
    assert len(data) == ends[0] <= 1
    assert receive(data, [call]) == [call.symbols]
    # And the last bytes of a stream that goes on decide many of them, one call or many.
    calls = [likely(40, LEVEL, 3), Call([0] * 5_000, SKEWED)]
    data, _ = send(calls)
    whole = receive(data[:-1], calls)
    coder = BitDecoder(data[:-1])
    first = coder.draw(None, 40, LEVEL)
    single = [coder.draw(None, 1, SKEWED) for _ in range(5_000)] if len(first) == 40 else []
    assert whole == [first.tolist(), [int(n[0]) for n in single if len(n)]]


def test_some_and_code_are_one_stream() -> None:
    generator = np.random.default_rng(4)
    ones = generator.integers(1, TOTAL, 300)
    sent = (generator.integers(0, TOTAL, 300) < ones).astype(np.uint8)
    streams = []
    for name in ("some", "code"):
        coder = BitEncoder()
        assert getattr(coder, name)(sent, ones) is sent
        streams.append(coder.finish()[0])
    assert streams[0] == streams[1]
    found = BitDecoder(streams[0]).some(None, ones)
    assert found.dtype == np.uint8
    assert np.array_equal(found, sent)
    assert np.array_equal(BitDecoder(streams[0]).code(None, ones), sent)


def test_bits_are_draws_of_two() -> None:
    # What SPEC.md says of bits is a case of what it says of drawn symbols.
    for one in (1, 2, 77, 32768, 65535):
        bit = likely_bits(200, one, one)
        drawn = Call(bit.symbols, ((TOTAL - one) << 8, one << 8))
        assert send([bit])[0] == send([drawn])[0]


@pytest.mark.parametrize("first", ["some", "draw"])
def test_after_the_end_nothing_comes(first: str) -> None:
    coder = BitDecoder(b"\x5a\x17")
    if first == "some":
        assert len(coder.some(None, np.full(100, TOTAL // 2))) < 17
    else:
        assert len(coder.draw(None, 100, LEVEL)) < 17
    assert coder.some(None, np.array([1])).tolist() == []
    assert coder.draw(None, 5, SKEWED).tolist() == []
    with pytest.raises(EndOfStreamError):
        coder.code(None, np.array([1]))


def test_code_that_ends_leaves_nothing_for_the_others() -> None:
    coder = BitDecoder(b"\x5a\x17")
    with pytest.raises(EndOfStreamError):
        coder.code(None, np.full(100, TOTAL // 2))
    assert coder.some(None, np.array([1])).tolist() == []
    assert coder.draw(None, 5, SKEWED).tolist() == []


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff" * 9, b"\xff" * 40, bytes(40)])
def test_streams_that_nobody_sends(data: bytes) -> None:
    calls = [likely(30, LEVEL, 0), likely_bits(30, 20_000, 0), likely(3_000, SKEWED, 0)]
    assert receive(data, calls) == receive_slowly(data, calls)


@settings(max_examples=60)
@given(st.binary(max_size=60), mixtures)
def test_any_bytes_give_what_the_slow_decoder_says(data: bytes, calls: list[Call]) -> None:
    assert receive(data, calls) == receive_slowly(data, calls)


def test_nothing_to_send() -> None:
    coder = BitEncoder()
    coder.draw(np.zeros(0, np.int32), 0, LEVEL)
    coder.some(np.zeros(0, np.uint8), np.zeros(0, np.int64))
    assert coder.finish()[0] == b"\0"
    decoder = BitDecoder(b"")
    assert decoder.draw(None, 0, LEVEL).tolist() == []
    assert decoder.some(None, np.zeros(0, np.int64)).tolist() == []
    # Asking for nothing is no end.
    assert not np.any(decoder.code(None, np.zeros(0, np.int64)))


def test_the_encoder_needs_symbols() -> None:
    for call in (
        lambda c: c.draw(None, 3, LEVEL),
        lambda c: c.some(None, np.array([9])),
        lambda c: c.draw_each(None, np.array([LEVEL]), np.array([0])),
    ):
        with pytest.raises(ValueError, match="needs the symbols"):
            call(BitEncoder())


def test_one_choice_is_a_draw() -> None:
    drawn = likely(200, LEVEL, 5)
    chosen = Call(drawn.symbols, table=(SKEWED, LEVEL), chosen=(1,) * 200)
    assert send([drawn])[0] == send([chosen])[0]


@settings(max_examples=80)
@given(draws())
def test_the_coder_rounds_as_the_slow_one_does(call: Call) -> None:
    # One symbol narrows the first interval to its part of it, which shows the part itself.
    assert call.weights is not None
    parts = borders(call.weights)
    assert all(low < high for low, high in pairwise(parts))
    model = constriction.stream.model.Categorical(np.array(call.weights) / FINE_TOTAL, perfect=False)
    unit = ((1 << STATE_BITS) - 1) >> PRECISION
    for symbol in {0, len(call.weights) - 1, int(np.argmax(call.weights)), *call.symbols}:
        coder = constriction.stream.queue.RangeEncoder()
        coder.encode(np.array([symbol], np.int32), model)
        _, (lower, extent) = coder.pos()
        expected = unit * parts[symbol], unit * (parts[symbol + 1] - parts[symbol])
        if expected[1] < 1 << WORD_BITS:
            expected = (expected[0] << WORD_BITS) % (1 << STATE_BITS), expected[1] << WORD_BITS
        assert (lower, extent) == expected


@given(st.integers(1, TOTAL - 1))
def test_the_two_slow_coders_round_bits_alike(one: int) -> None:
    assert borders(((TOTAL - one) << 8, one << 8)) == [0, zeros_share(one), 1 << PRECISION]


def test_overhead_is_small() -> None:
    call = likely(30_000, weights_of([900, 40, 40, 7]), 1)
    assert call.weights is not None
    ideal = sum(PRECISION - np.log2(call.weights[symbol]) for symbol in call.symbols)
    assert ideal / 8 <= len(send([call])[0]) <= 1.001 * ideal / 8 + 8


def test_the_bytes_never_change() -> None:
    # Files are these bytes: whoever changes this hash makes files that nobody else reads.
    weights = weights_of([1 + n * n for n in range(65)])
    calls = [
        Call([n * n * 7 % 65 for n in range(300)], weights),
        Call([int(n * n % 11 == 5) for n in range(500)], ones=tuple(1 + 131 * n for n in range(500))),
        Call([2 * (n % 97 == 5) for n in range(2_000)], SKEWED),
    ]
    data, ends = send(calls)
    assert ends == [281, 371, 428]
    digest = hashlib.sha256(data).hexdigest()
    assert digest == "8644639c3235aa48d7ea6c95a3f9ca3c42fe0234df08fb6d13336e1b06f6d7ce"
    assert receive_slowly(data, calls) == [call.symbols for call in calls]
