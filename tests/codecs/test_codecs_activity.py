"""Dynamic bits in the stream: flags and codes against scalar oracles, and any map there and back."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
from code_grids import KINDS, codes_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nacre.codecs.recurrent.activity import Activity, Flags
from nacre.codecs.recurrent.contexts import CodeModel, Codes, Tables
from nacre.codecs.recurrent.stream import NEVER, Iterations, code_stream
from nacre.coding.stream import BitDecoder, BitEncoder, EndOfStreamError

MakeTables = Callable[[int, int, int], Tables]
Call = list[tuple[int, int]]
"""Probability of a 1 out of 65536, and the bit."""


class Spy(BitEncoder):
    """An encoder that remembers what it was told, but for empty calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    def code(self, bits, ones):  # type: ignore[no-untyped-def]
        if bits.size:
            self.calls.append(list(zip(ones.ravel().tolist(), bits.ravel().tolist(), strict=True)))
        return super().code(bits, ones)


# The flags once more, in plain Python integers, from SPEC.md 8.3.


def flag_calls(counts: list[list[int]], iterations: int) -> Iterator[list[Call]]:
    """Two calls for each iteration, of a map of how many iterations each unit has."""
    rows, columns = len(counts), len(counts[0])
    learned: dict[tuple[int, int], list[int]] = {}
    for t in range(1, iterations + 1):
        for pair in learned.values():
            if (total := sum(pair)) > 32:
                pair[:] = [max(1, 32 * n // total) for n in pair]
        known: set[tuple[int, int]] = set()
        both = []
        for parity in (0, 1):
            call, seen = [], []
            for y in range(rows):
                for x in range(columns):
                    if (y + x) % 2 != parity or counts[y][x] < t - 1:
                        continue
                    around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
                    inside = [(r, c) for r, c in around if 0 <= r < rows and 0 <= c < columns]
                    before = sum(counts[r][c] >= t - 1 for r, c in inside)
                    here = sum(place in known for place in inside) if parity else 5
                    context = before, here
                    zeros, ones = learned.setdefault(context, [1, 15])
                    bit = int(counts[y][x] >= t)
                    call.append((min(max(65536 * ones // (zeros + ones), 64), 65472), bit))
                    seen.append((context, bit, (y, x)))
            for context, bit, place in seen:
                learned[context][bit] += 1
                known |= {place} if bit else set()
            both.append(call)
        yield both


def floor_calls(floor: int) -> list[Call]:
    """Whether it is 1, then 2, 3, 4, all of 1 to 5 equally likely."""
    return [[(65536 // (6 - k), int(k == floor))] for k in range(1, min(floor, 4) + 1)]


def stream_calls(
    codes: Codes, counts: list[list[int]], floors: list[int], tables: Any, opening: int
) -> list[Call]:
    """All calls of a stream with dynamic bits, in order."""
    iterations, height, _, channels = codes.shape
    side = height // len(counts)
    located = np.array(counts).repeat(side, 0).repeat(side, 1)
    active = np.arange(iterations)[:, None, None] < located
    halves = 2 if channels > 8 else 1
    passes = 4 * halves
    of_codes = list(oracle.symbols(codes, tables, active))
    calls: list[Call] = []
    for t, flags in enumerate(flag_calls(counts, iterations)):
        calls += floor_calls(floors[t]) if t else []
        calls += flags
        now = of_codes[t * passes : (t + 1) * passes]
        first = passes if t else opening * halves
        calls += now[:first] + ([] if t else floor_calls(floors[t])) + now[first:]
    return [call for call in calls if call]


# Sending and receiving


def sent_iterations(
    codes: Codes, counts: NDArray[np.integer], floors: list[int], opening: int = 4
) -> Iterations:
    active: Flags = np.arange(len(codes))[:, None, None] < counts
    made = Iterations(codes.copy(), floors, opening=opening, active=active)
    for t in range(len(codes)):
        located = made.located(t)
        assert located is not None
        made.codes[t][~located] = 0
    return made


def send(made: Iterations, tables: Tables | None, coder: BitEncoder | None = None) -> tuple[bytes, list[int]]:
    coder = coder or BitEncoder()
    copied = Iterations(made.codes, made.floors, opening=made.opening, active=made.active)
    code_stream(coder, CodeModel(*made.codes.shape[1:], tables), copied, None, send=True)
    return coder.finish()


def receive(data: bytes, like: Iterations, tables: Tables | None) -> Iterations:
    assert like.active is not None
    blank = Iterations(np.zeros_like(like.codes), opening=like.opening, active=np.zeros_like(like.active))
    code_stream(BitDecoder(data), CodeModel(*like.codes.shape[1:], tables), blank, None, send=False)
    return blank


@st.composite
def maps(draw: st.DrawFn, most: int = 12) -> list[list[int]]:
    """Iterations of each unit, at least one of which has the largest number."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    top = draw(st.integers(1, most))
    lowest = draw(st.sampled_from((0, 1, top)))
    numbers = st.integers(lowest, top)
    found = draw(
        st.lists(st.lists(numbers, min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    )
    found[draw(st.integers(0, rows - 1))][draw(st.integers(0, columns - 1))] = top
    return found


@settings(max_examples=60)
@given(maps())
def test_flags_are_those_of_the_oracle_and_come_back(counts: list[list[int]]) -> None:
    grid = np.array(counts)
    coder = Spy()
    activity = Activity(*grid.shape)
    for t in range(grid.max()):
        assert np.array_equal(activity.code(coder, grid > t), grid > t)
    expected = [call for both in flag_calls(counts, int(grid.max())) for call in both if call]
    assert coder.calls == expected
    reader, received = BitDecoder(coder.finish()[0]), Activity(*grid.shape)
    for t in range(grid.max()):
        assert np.array_equal(received.code(reader, None), grid > t)


@settings(max_examples=40)
@given(
    maps(5),
    st.sampled_from([(1, 4, 4), (1, 8, 4), (4, 8, 4), (2, 16, 4), (1, 8, 1), (1, 16, 1)]),
    st.integers(0, 99),
    st.booleans(),
)
def test_streams_are_those_of_the_oracle_and_come_back(
    make_tables: MakeTables, counts: list[list[int]], unit: tuple[int, int, int], seed: int, raw: bool
) -> None:
    grid, (side, channels, opening) = np.array(counts), unit
    iterations = int(grid.max())
    shape = (iterations, grid.shape[0] * side, grid.shape[1] * side, channels)
    floors = np.random.default_rng(seed).integers(1, NEVER + 1, iterations).tolist()
    made = sent_iterations(codes_of("smooth", shape, seed), grid, floors, opening)
    tables = None if raw else make_tables(iterations, channels, seed)
    coder = Spy()
    stream, borders = send(made, tables, coder)
    assert coder.calls == stream_calls(made.codes, counts, floors, tables, opening)
    found = receive(stream, made, tables)
    assert np.array_equal(found.codes, made.codes)
    assert np.array_equal(found.active, made.active)
    assert (found.floors, found.received) == (floors, [4] * iterations)
    assert len(borders) == 4 * iterations


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(
    ("units", "side", "channels"), [((1, 1), 1, 4), ((33, 47), 1, 4), ((5, 7), 4, 8), ((3, 2), 8, 16)]
)
def test_any_codes_come_back(
    kind: str, raw: bool, units: tuple[int, int], side: int, channels: int, make_tables: MakeTables
) -> None:
    counts = np.random.default_rng(1).integers(1, 5, units)
    counts[0, 0] = 4
    codes = codes_of(kind, (4, units[0] * side, units[1] * side, channels))
    made = sent_iterations(codes, counts, [5, 1, 3, 4])
    tables = None if raw else make_tables(4, channels, 2)
    found = receive(send(made, tables)[0], made, tables)
    assert np.array_equal(found.codes, made.codes)
    assert np.array_equal(found.active, made.active)


def test_every_prefix_decides_a_beginning(make_tables: MakeTables) -> None:
    counts = np.random.default_rng(3).integers(1, 6, (5, 4))
    counts[2, 2] = 5
    made = sent_iterations(codes_of("smooth", (5, 5, 4, 4)), counts, [5, 2, 3, 1, 4])
    tables = make_tables(5, 4, 7)
    stream, borders = send(made, tables)
    known = 0
    for length in range(len(stream) + 1):
        found = receive(stream[:length], made, tables)
        whole = sum(found.received)
        assert whole == sum(border <= length for border in borders)
        assert whole >= known
        known = whole
        decided = found.codes != 0
        assert np.array_equal(found.codes[decided], made.codes[decided])
        for t in range(len(found.received) - 1):
            assert np.array_equal(found.active[t], made.active[t])  # type: ignore[index]
    assert known == 20


def test_what_has_stopped_costs_nothing(make_tables: MakeTables) -> None:
    codes, tables = codes_of("random", (8, 12, 16, 4)), make_tables(8, 4, 0)
    counts = np.full((12, 16), 1)
    counts[:3, :4] = 8
    some = len(send(sent_iterations(codes, counts, [4] * 8), tables)[0])
    all_ = len(send(sent_iterations(codes, np.full((12, 16), 8), [4] * 8), tables)[0])
    # 192 units in iteration 1 and 12 in the seven others, of 192 in all eight.
    assert some < 0.3 * all_


def test_flags_that_are_all_set_cost_less_and_less() -> None:
    rows, columns = 32, 48
    coder, activity = BitEncoder(), Activity(rows, columns)
    for _ in range(16):
        activity.code(coder, np.ones((rows, columns), bool))
        coder.mark()
    costs = np.diff([0, *coder.finish()[1]])
    # Expected at first; what one iteration teaches the next one keeps, up to a sum of 32.
    assert max(costs) <= 0.12 * rows * columns / 8
    assert max(costs[1:]) <= 0.06 * rows * columns / 8


def test_too_few_bytes_raise() -> None:
    coder, activity = BitEncoder(), Activity(9, 9)
    activity.code(coder, np.random.default_rng(0).random((9, 9)) < 0.5)
    data = coder.finish()[0]
    for length in range(len(data)):
        with pytest.raises(EndOfStreamError):
            Activity(9, 9).code(BitDecoder(data[:length]), None)


HASH_IN_A_FRESH_PROCESS = """
import sys
sys.path.insert(0, {folder!r})
import test_codecs_activity
print(test_codecs_activity.example_hash({root!r}))
"""


def example_hash(root: str) -> str:
    """Of a stream with dynamic bits and shipped tables."""
    tables = Tables.load((Path(root) / "lstm-conv" / "tables.npz").read_bytes())
    counts = np.random.default_rng(5).integers(1, 17, (10, 12))
    made = sent_iterations(codes_of("smooth", (16, 40, 48, 8)), counts, [1, 2, 3, 4] * 4)
    return hashlib.sha256(send(made, tables)[0]).hexdigest()


@pytest.mark.parametrize("threads", [1, 2])
def test_byte_equal_in_a_fresh_process_with_any_threads(tiny_root: Path, threads: int) -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads)) | {"PYTHONHASHSEED": str(threads)}
    code = HASH_IN_A_FRESH_PROCESS.format(folder=str(Path(__file__).parent), root=str(tiny_root))
    there = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == example_hash(str(tiny_root))
