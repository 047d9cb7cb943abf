"""Fitted tables: what they save where codes are correlated, and what they cost where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import CodeModel, VoteModel, voters
from nacre.codecs.recurrent.stream import Iterations, code_stream
from nacre.coding.passes import INTERLEAVED, neighbor_view, pass_view
from nacre.coding.stream import BitDecoder, BitEncoder
from nacre.learn.code_tables import THRESHOLDS, fit_tables

Codes = NDArray[np.int8]


def random_codes(
    count: int, seed: int, iterations: int = 2, side: int = 12, channels: int = 16
) -> list[Codes]:
    g = np.random.default_rng(seed)
    shape = (iterations, side, side, channels)
    return [(2 * g.integers(0, 2, shape, np.int8) - 1).astype(np.int8) for _ in range(count)]


def smooth_codes(
    count: int, seed: int, iterations: int = 2, side: int = 12, channels: int = 16
) -> list[Codes]:
    """Signs of a field that is smooth over cells and goes on over iterations."""
    g = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        noise = g.normal(size=(iterations, side + 4, side + 4, channels))
        field = sum(noise[:, y : y + side, x : x + side] for y in range(5) for x in range(5))
        for t in range(1, iterations):
            field[t] += 0.7 * field[t - 1]
        found.append(np.where(field < 0, -1, 1).astype(np.int8))
    return found


def send(codes: Codes, tables: VoteModel | None) -> bytes:
    coder = BitEncoder()
    model = CodeModel(*codes.shape[1:], tables)
    code_stream(coder, model, Iterations(codes, [1] * len(codes)), None, send=True)
    return coder.finish()[0]


def relative_size(pictures: list[Codes], tables: VoteModel) -> float:
    coded = sum(len(send(codes, tables)) for codes in pictures)
    return coded / sum(len(send(codes, None)) for codes in pictures)


def test_smooth_codes_become_smaller() -> None:
    tables = fit_tables(smooth_codes(24, seed=0))
    assert relative_size(smooth_codes(6, seed=1), tables) < 0.8


def test_random_codes_cost_less_than_one_per_cent() -> None:
    tables = fit_tables(random_codes(24, seed=0, side=16))
    assert relative_size(random_codes(6, seed=1, side=16), tables) < 1.01


def test_the_second_half_of_channels_sees_the_first() -> None:
    def copied(count: int, seed: int) -> list[Codes]:
        pictures = random_codes(count, seed)
        for codes in pictures:
            codes[..., 8:] = -codes[..., 7::-1]
        return pictures

    # Half of the bits say nothing new.
    assert relative_size(copied(6, seed=1), fit_tables(copied(24, seed=0))) < 0.6


def test_an_iteration_sees_the_one_before() -> None:
    def repeated(count: int, seed: int) -> list[Codes]:
        pictures = random_codes(count, seed, iterations=2)
        for codes in pictures:
            codes[1] = codes[0]
        return pictures

    assert relative_size(repeated(6, seed=1), fit_tables(repeated(24, seed=0))) < 0.6


def test_what_is_sent_is_received() -> None:
    tables = fit_tables(smooth_codes(4, seed=0))
    (codes,) = smooth_codes(1, seed=2)
    stream = send(codes, tables)
    received = Iterations(np.zeros_like(codes))
    code_stream(BitDecoder(stream), CodeModel(*codes.shape[1:], tables), received, None, send=False)
    np.testing.assert_array_equal(received.codes, codes)


@pytest.mark.parametrize("channels", [4, 16])
def test_tables_have_the_types_of_the_file(channels: int) -> None:
    tables = fit_tables(smooth_codes(3, seed=0, iterations=3, side=6, channels=channels))
    shapes = {name: (array.shape, array.dtype.name) for name, array in tables.arrays().items()}
    assert shapes == {
        "weights": ((3, 4, channels, 16), "int8"),
        "biases": ((3, 4, channels), "int16"),
        "partners": ((3, channels, 3), "uint8"),
        "thresholds": ((14,), "int16"),
        "priors": ((3, channels, 15, 2), "uint8"),
    }
    assert (np.diff(THRESHOLDS) > 0).all()
    assert tables.priors.min() >= 1
    assert tables.partners.max() < 2 * channels


def test_partners_are_known_when_they_vote() -> None:
    tables = fit_tables(smooth_codes(8, seed=0))
    first, second = tables.partners[:, :8], tables.partners[:, 8:]
    assert first.max() < 16
    assert second.max() < 16 + 8
    own = np.arange(16)[None, :, None]
    assert not (tables.partners == own).any()


def test_fitting_is_repeatable() -> None:
    first, second = (fit_tables(smooth_codes(6, seed=0)).arrays() for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


def test_voters_of_many_pictures_are_those_of_each() -> None:
    g = np.random.default_rng(0)
    now, before = g.integers(-1, 2, (2, 7, 8, 3, 4), np.int8)
    partners = g.integers(0, 8, (4, 3)).astype(np.uint8)
    for number in range(4):
        together = voters(now, before, number, partners, slice(0, 4))
        for i in range(3):
            alone = voters(now[:, :, i], before[:, :, i], number, partners, slice(0, 4))
            for a, b in zip(together, alone, strict=True):
                np.testing.assert_array_equal(a[:, :, i], b)


def test_no_voter_is_of_its_own_pass() -> None:
    # A cell is marked by its pass; neighbors of this iteration are of other ones, whatever the pass.
    grid = np.zeros((8, 8, 1), np.int8)
    for number, offset in enumerate(INTERLEAVED):
        pass_view(grid[1:-1, 1:-1], offset)[...] = number + 1
    for number, offset in enumerate(INTERLEAVED):
        own = neighbor_view(grid, offset, (0, 0))
        assert (own == number + 1).all()
        found = voters(grid, np.zeros_like(grid), number, np.zeros((1, 3), np.uint8), slice(0, 1))
        assert all((here != number + 1).all() for here in found[:8])
