"""The integer hyper-synthesis and the grid that its symbols fill."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import progressive_oracle as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.codecs.progressive import hyper
from nacre.codecs.progressive.cells import CellGrid, to_latents, to_symbols
from nacre.codecs.progressive.hyper import MOST, HyperNetwork, load_hyper
from nacre.codecs.progressive.planes import NOT_CODED
from nacre.codecs.progressive.shapes import CELL, HYPER_MOST
from nacre.codecs.progressive.tables import CLASSES, load_tables
from nacre.errors import WeightsError
from nacre.runtime.weights import find_weights


def network(generator: np.random.Generator, channels: int, width: int, entries: int) -> HyperNetwork:
    """Random integers, of which some reach what clips them."""

    def weights(*shape: int) -> np.ndarray:
        return generator.integers(-127, 128, shape).astype(np.int8)

    def bias(count: int, bits: int) -> np.ndarray:
        return generator.integers(-(1 << bits), 1 << bits, count)

    return HyperNetwork(
        weights(4 * width, entries, 3, 3),
        bias(4 * width, 10),
        weights(4 * width, width, 3, 3),
        bias(4 * width, 18),
        weights(2 * channels, width, 1, 1),
        bias(2 * channels, 20),
        np.array([generator.integers(0, 6), generator.integers(0, 12), generator.integers(4, 14)]),
        generator.integers(1, 1 << int(generator.integers(4, 17)), (channels, CELL, CELL)).astype(np.int32),
        generator.integers(-4_000, 22_000, (channels, CELL, CELL)).astype(np.int32),
    )


seeds = st.integers(0, 1 << 32)
sides = st.integers(1, 4)


@settings(max_examples=30)
@given(seeds, sides, sides)
def test_predictions_are_those_of_the_oracle(seed: int, height: int, width: int) -> None:
    generator = np.random.default_rng(seed)
    made = network(generator, 2, 3, 2)
    sent = generator.integers(-HYPER_MOST, HYPER_MOST + 1, (2, height, width)).astype(np.int8)
    means, classes = made.predict(sent)
    expected_means, expected_classes = oracle.predict(made, sent.tolist())
    assert (means.dtype, classes.dtype) == (np.int16, np.uint8)
    assert means.tolist() == expected_means
    assert classes.tolist() == expected_classes


def test_random_networks_reach_the_bounds() -> None:
    found = [
        network(np.random.default_rng(seed), 2, 3, 2).predict(np.full((2, 2, 2), 32, np.int8))
        for seed in range(40)
    ]
    means, classes = (np.array([pair[i] for pair in found]) for i in (0, 1))
    assert (means.min(), means.max()) == (-MOST, MOST)
    assert (classes.min(), classes.max()) == (0, CLASSES - 1)
    assert len(np.unique(classes)) > 20


def test_the_tiny_network_predicts_as_the_oracle(tiny_weights: Path) -> None:
    made = load_hyper(find_weights("progressive"))
    sent = np.random.default_rng(1).integers(-HYPER_MOST, HYPER_MOST + 1, (6, 3, 2)).astype(np.int8)
    means, classes = made.predict(sent)
    assert (means.tolist(), classes.tolist()) == oracle.predict(made, sent.tolist())
    assert len(np.unique(classes)) > 10


@settings(max_examples=25)
@given(seeds, st.integers(1, 9), sides, st.integers(1, 5))
def test_strips_are_the_whole(seed: int, height: int, width: int, rows: int) -> None:
    generator = np.random.default_rng(seed)
    made = network(generator, 3, 4, 2)
    sent = generator.integers(-HYPER_MOST, HYPER_MOST + 1, (2, height, width)).astype(np.int8)
    whole = made.predict(sent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hyper, "_STRIP", rows * 2 * 3 * CELL**2 * width)
        strips = list(made._strips(height, width))
        assert len(strips) == -(-height // rows)
        parts = made.predict(sent)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_strips_of_less_than_a_row() -> None:
    made = network(np.random.default_rng(5), 2, 3, 2)
    sent = np.arange(-9, 9, dtype=np.int8).reshape(2, 9, 1)
    whole = made.predict(sent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hyper, "_STRIP", 1)
        parts = made.predict(sent)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_what_lies_to_the_right_and_below_reaches_two_rows() -> None:
    # That is what strips leave room for.
    made = network(np.random.default_rng(3), 2, 3, 2)
    sent = np.random.default_rng(4).integers(-32, 33, (2, 9, 3)).astype(np.int8)
    other = sent.copy()
    other[:, 4] = -other[:, 4] + 1
    changed = (made.predict(sent)[0] != made.predict(other)[0]).any((0, 2)).reshape(9, CELL).any(1)
    assert changed[4]
    assert not changed[:2].any()
    assert not changed[7:].any()


def test_files_of_integers_survive(tiny_weights: Path) -> None:
    info = find_weights("progressive")
    for loaded in (load_hyper(info), load_tables(info)):
        with np.load(io.BytesIO(loaded.packed())) as copy:  # past the cache of what was loaded
            assert all(np.array_equal(a, copy[k]) for k, a in loaded.arrays().items())


@pytest.mark.parametrize("name", ["hyper.npz", "tables.npz"])
def test_damaged_integers(
    name: str, tiny_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    shutil.copytree(tiny_root / "progressive", tmp_path / "progressive")
    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path))
    content = bytearray((tmp_path / "progressive" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "progressive" / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name):
        (load_hyper if name == "hyper.npz" else load_tables)(find_weights("progressive"))


# Cells


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_grid_holds_the_picture_and_no_more(height: int, width: int) -> None:
    grid = CellGrid(height, width)
    assert grid.positions == (4 * grid.cells[0], 4 * grid.cells[1])
    for size, cells in zip((height, width), grid.cells, strict=True):
        assert 64 * (cells - 1) < size <= 64 * cells


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 3))
def test_positions_outside_the_picture_are_not_coded(height: int, width: int, flat: int) -> None:
    grid = CellGrid(height, width)
    classes = np.full((3, *grid.positions), 7, np.uint8)
    expected = classes.tolist()
    grid.leave_out(classes, flat)
    oracle.leave_out(expected, flat, height, width)
    assert classes.tolist() == expected
    rows, columns = -(-height // 16), -(-width // 16)
    assert np.count_nonzero(classes != NOT_CODED) == flat * classes[0].size + (3 - flat) * rows * columns


def test_a_pixel_beyond_a_cell_costs_little() -> None:
    classes = np.zeros((1, *CellGrid(65, 65).positions), np.uint8)
    CellGrid(65, 65).leave_out(classes, 0)
    assert np.count_nonzero(classes == NOT_CODED) == 39


@given(seeds, sides, sides, st.integers(0, 3))
def test_the_transform_of_cells_is_orthonormal(seed: int, height: int, width: int, flat: int) -> None:
    latents = np.random.default_rng(seed).normal(0, 30, (3, CELL * height, CELL * width)).astype(np.float32)
    symbols = latents.copy()
    to_symbols(symbols, flat)
    assert np.array_equal(symbols[flat:], latents[flat:])
    cells = symbols[:flat].reshape(flat, height, CELL, width, CELL)
    before = latents[:flat].reshape(cells.shape)
    np.testing.assert_allclose(np.square(cells).sum((2, 4)), np.square(before).sum((2, 4)), rtol=1e-4)
    to_latents(symbols, flat)
    np.testing.assert_allclose(symbols, latents, atol=1e-3)


def test_the_transform_is_the_cosine_transform() -> None:
    cell = np.random.default_rng(2).normal(0, 10, (CELL, CELL))
    symbols = np.zeros((2, 8, 8), np.float32)
    symbols[0, 4:, :4] = cell
    to_symbols(symbols, 1)
    for u, v in np.ndindex(CELL, CELL):
        total = sum(
            cell[i, j] * np.cos(np.pi * (2 * i + 1) * u / 8) * np.cos(np.pi * (2 * j + 1) * v / 8)
            for i, j in np.ndindex(CELL, CELL)
        )
        norm = (0.5 if u == 0 else 0.5**0.5) * (0.5 if v == 0 else 0.5**0.5)
        assert symbols[0, 4 + u, v] == pytest.approx(norm * total, abs=1e-4)
    assert not symbols[0, :4].any()
    flat = np.full((1, CELL, CELL), 3, np.float32)
    to_symbols(flat, 1)
    assert flat[0, 0, 0] == pytest.approx(12)
    assert np.abs(flat).sum() == pytest.approx(12, abs=1e-4)
