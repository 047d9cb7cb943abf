"""`CodeModel` against a scalar oracle, byte by byte."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import oracle
import pytest
from code_grids import KINDS, codes_of

from nacre.codecs.recurrent.contexts import (
    TABLES_FILE,
    CodeModel,
    Codes,
    Tables,
    VoteModel,
    channel_halves,
)
from nacre.codecs.recurrent.mix import MOST_HIDDEN, Mix
from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.coding.stream import BitDecoder, BitEncoder, EndOfStreamError
from nacre.runtime.weights import find_weights

MakeTables = Callable[[int, int, int], Tables]
MakeMix = Callable[[int, int, int], Mix]

GRIDS = [(1, 1), (1, 2), (2, 1), (1, 7), (5, 1), (2, 2), (3, 3), (4, 5), (9, 11)]


class Spy(BitEncoder):
    """An encoder that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[tuple[int, int]]] = []

    def code(self, bits, ones):  # type: ignore[no-untyped-def]
        self.calls.append(list(zip(ones.ravel().tolist(), bits.ravel().tolist(), strict=True)))
        return super().code(bits, ones)


def send(codes: Codes, tables: VoteModel | None, coder: BitEncoder | None = None) -> bytes:
    coder = coder or BitEncoder()
    model = CodeModel(*codes.shape[1:], tables)
    for t, iteration in enumerate(codes):
        model.begin(t)
        for number, offset in enumerate(INTERLEAVED):
            model.code_pass(coder, t, number, pass_view(iteration, offset))
    return coder.finish()[0]


def receive(data: bytes, shape: tuple[int, ...], tables: VoteModel | None) -> tuple[Codes, int]:
    """Codes as far as the bytes decide whole passes, and how many passes that are."""
    codes = np.zeros(shape, np.int8)
    coder, model, count = BitDecoder(data), CodeModel(*shape[1:], tables), 0
    for t, iteration in enumerate(codes):
        model.begin(t)
        for number, offset in enumerate(INTERLEAVED):
            try:
                pass_view(iteration, offset)[...] = model.code_pass(coder, t, number, None)
            except EndOfStreamError:
                return codes, count
            count += 1
    return codes, count


def scalar_stream(codes: Codes, tables: VoteModel | None) -> bytes:
    """The oracle's symbols through the coder one by one."""
    coder = BitEncoder()
    for call in oracle.symbols(codes, tables):
        for ones, bit in call:
            coder.code(np.array([bit], np.uint8), np.array([ones]))
    return coder.finish()[0]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("channels", [2, 8, 32])
def test_random_tables_and_codes(grid: tuple[int, int], channels: int, make_tables: MakeTables) -> None:
    codes = codes_of("smooth", (3, *grid, channels), seed=sum(grid))
    tables = make_tables(3, channels, channels)
    coder = Spy()
    stream = send(codes, tables, coder)
    expected = list(oracle.symbols(codes, tables))
    assert coder.calls == expected
    assert stream == scalar_stream(codes, tables)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [False, True])
def test_all_kinds_of_codes(kind: str, raw: bool, make_tables: MakeTables) -> None:
    codes = codes_of(kind, (2, 5, 6, 16))
    tables = None if raw else make_tables(2, 16, 3)
    coder = Spy()
    stream = send(codes, tables, coder)
    assert coder.calls == list(oracle.symbols(codes, tables))
    assert stream == scalar_stream(codes, tables)


@pytest.mark.parametrize("grid", [(1, 1), (1, 7), (3, 3), (5, 4)])
@pytest.mark.parametrize("channels", [2, 8, 10])
def test_random_networks_and_codes(grid: tuple[int, int], channels: int, make_mix: MakeMix) -> None:
    codes = codes_of("smooth", (4, *grid, channels), seed=sum(grid))
    mix = make_mix(4, channels, channels)
    coder = Spy()
    stream = send(codes, mix, coder)
    assert coder.calls == list(oracle.symbols(codes, mix))
    assert stream == scalar_stream(codes, mix)
    found, passes = receive(stream, codes.shape, mix)
    assert passes == 16
    assert np.array_equal(found, codes)


def test_sums_of_a_network_are_within_its_bound(make_mix: MakeMix) -> None:
    mix = make_mix(4, 32, 0)
    loud = dataclasses.replace(mix, first=np.full_like(mix.first, 127))
    assert loud.bound() >= 127 * 19 * 32 + int(np.abs(mix.first_bias).max())
    assert mix.bound() >= np.abs(mix.last.astype(int)).sum(-2).max() * MOST_HIDDEN


def test_shipped_tables(tiny_weights: Path) -> None:
    tables = Tables.load(find_weights("gru-conv").read(TABLES_FILE))
    codes = codes_of("smooth", (16, 6, 7, 8))
    coder = Spy()
    send(codes, tables, coder)
    assert coder.calls == list(oracle.symbols(codes, tables))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("shape", [(2, 1, 1, 8), (3, 1, 9, 32), (3, 8, 1, 4), (2, 33, 47, 8), (4, 9, 11, 32)])
def test_round_trip(kind: str, raw: bool, shape: tuple[int, ...], make_tables: MakeTables) -> None:
    codes = codes_of(kind, shape)  # type: ignore[arg-type]
    tables = None if raw else make_tables(shape[0], shape[3], 1)
    found, passes = receive(send(codes, tables), shape, tables)
    assert passes == 4 * shape[0]
    assert np.array_equal(found, codes)


def test_codes_as_they_are_cost_a_bit_each() -> None:
    codes = codes_of("random", (4, 9, 11, 32))
    assert 0 <= len(send(codes, None)) - codes.size // 8 <= 8


def test_tables_learn(tiny_weights: Path) -> None:
    tables = Tables.load(find_weights("gru-conv").read(TABLES_FILE))
    for kind in ("minus", "plus"):
        codes = codes_of(kind, (4, 40, 40, 8))
        assert len(send(codes, tables)) < 0.6 * codes.size / 8


def test_every_prefix_decides_a_beginning(make_tables: MakeTables) -> None:
    codes, tables = codes_of("smooth", (3, 5, 4, 32)), make_tables(3, 32, 5)
    data = send(codes, tables)
    known = 0
    for length in range(len(data) + 1):
        found, passes = receive(data[:length], codes.shape, tables)
        assert passes >= known
        known = passes
        for index in range(12):
            t, number = divmod(index, 4)
            cells = pass_view(found[t], INTERLEAVED[number])
            whole = pass_view(codes[t], INTERLEAVED[number])
            assert np.array_equal(cells, whole) if index < passes else not cells.any()
    assert known == 12


def test_halves() -> None:
    assert channel_halves(8) == [slice(0, 8)]
    assert channel_halves(32) == [slice(0, 16), slice(16, 32)]


def test_tables_survive_a_file(make_tables: MakeTables, tmp_path: Path) -> None:
    tables = make_tables(2, 8, 0)
    np.savez_compressed(tmp_path / "tables.npz", **tables.arrays())
    loaded = Tables.load((tmp_path / "tables.npz").read_bytes())
    for name, array in tables.arrays().items():
        assert np.array_equal(loaded.arrays()[name], array)
        assert loaded.arrays()[name].dtype == array.dtype


HASH_IN_A_FRESH_PROCESS = """
import hashlib, sys
sys.path.insert(0, {folder!r})
from code_grids import codes_of
from test_codecs_contexts import send
from nacre.codecs.recurrent.contexts import Tables
from nacre.codecs.recurrent.contexts import TABLES_FILE
from nacre.runtime.weights import find_weights
tables = Tables.load(find_weights("gru-conv").read(TABLES_FILE))
print(hashlib.sha256(send(codes_of("smooth", (16, 40, 50, 8)), tables)).hexdigest())
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_byte_equal_in_a_fresh_process_with_any_threads(tiny_weights: Path, threads: int) -> None:
    tables = Tables.load(find_weights("gru-conv").read(TABLES_FILE))
    here = hashlib.sha256(send(codes_of("smooth", (16, 40, 50, 8)), tables)).hexdigest()
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, str(threads)) | {"PYTHONHASHSEED": str(threads)}
    code = HASH_IN_A_FRESH_PROCESS.format(folder=str(Path(__file__).parent))
    there = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here
