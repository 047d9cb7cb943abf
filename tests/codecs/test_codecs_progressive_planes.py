"""Bit planes in passes: both sides, every cut, and what is known at each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import progressive_oracle as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from coding.python_coder import PythonDecoder
from nacre.codecs.progressive import planes as module
from nacre.codecs.progressive.planes import NOT_CODED, Planes
from nacre.codecs.progressive.tables import (
    CLASSES,
    LEVEL_STEP,
    LEVELS,
    REFINE,
    SLOPE_STEPS,
    ZERO,
    Tables,
    deviation,
    load_tables,
)
from nacre.coding.stream import FINE_TOTAL, TOTAL, BitDecoder, BitEncoder
from nacre.runtime.weights import find_weights

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def tables(tiny_root: Path) -> Tables:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NACRE_WEIGHTS", str(tiny_root))
        return load_tables(find_weights("progressive"))


def some(
    seed: int, shape: tuple[int, ...], most: int = CLASSES, wild: float = 0.0
) -> tuple[NDArray[np.uint8], Floats]:
    """Classes, some of them not coded, and residuals that follow them, but for a wild share."""
    generator = np.random.default_rng(seed)
    classes = generator.integers(0, most, shape).astype(np.uint8)
    classes[generator.random(shape) < 0.1] = NOT_CODED
    sigma = np.array([deviation(c) if c != NOT_CODED else 1 for c in range(256)])[classes]
    residuals = generator.normal(0, 1, shape) * sigma
    residuals[generator.random(shape) < wild] *= 300
    return classes, residuals.astype(np.float32)


def send(
    tables: Tables, classes: NDArray[np.uint8], residuals: Floats, levels: int = 1
) -> tuple[bytes, list[int], Planes]:
    coder, planes = BitEncoder(), Planes(tables, classes, residuals, levels)
    while not planes.finished:
        assert planes.code_pass(coder)
        coder.mark()
    return *coder.finish(), planes


def receive(tables: Tables, classes: NDArray[np.uint8], data: bytes, levels: int = 1) -> Planes:
    coder, planes = BitDecoder(data), Planes(tables, classes, levels=levels)
    while not planes.finished and planes.code_pass(coder):
        pass
    return planes


def with_levels(classes: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """The same with a level of importance for every position."""
    level = np.random.default_rng(seed).integers(0, LEVELS, classes.shape).astype(np.uint8)
    return np.where(classes == NOT_CODED, classes, classes + CLASSES * level)


def known(planes: Planes, shape: tuple[int, ...]) -> Floats:
    found = np.zeros(shape, np.float32)
    planes.add_to(found)
    return found


def error(planes: Planes, classes: NDArray[np.uint8], residuals: Floats) -> float:
    coded = classes != NOT_CODED
    return float(np.square((known(planes, classes.shape) - residuals)[coded], dtype=np.float64).sum())


# The table of passes


def test_every_pass_comes_behind_those_that_it_needs(tables: Tables) -> None:
    place = {(plane, number, kind): i for i, (plane, number, kind) in enumerate(tables.order.tolist())}
    assert len(place) == len(tables.order)
    expected = set()
    for number, top in enumerate(tables.top.tolist()):
        for plane in range(top + 1):
            expected.add((plane, number, ZERO))
            if plane == top:
                continue
            expected.add((plane, number, REFINE))
            # Zeros are split further, and what is not zero was found one plane higher or refined there.
            assert place[plane, number, ZERO] > place[plane + 1, number, ZERO]
            assert place[plane, number, REFINE] > place[plane + 1, number, ZERO]
            if plane + 1 < top:
                assert place[plane, number, REFINE] > place[plane + 1, number, REFINE]
    assert set(place) == expected


def test_tables_are_within_what_the_coder_takes(tables: Tables) -> None:
    assert tables.order[:, 0].max() < len(tables.means)
    assert (tables.signs >= 1).all()
    assert (2 * tables.signs < FINE_TOTAL).all()
    assert tables.ones.min() >= 1
    assert tables.ones.max() < TOTAL
    assert len(tables.top) == CLASSES == tables.signs.shape[1] == tables.ones.shape[1]
    # Residuals are kept in 16 bits.
    assert (2 << int(tables.top.max())) - 1 < 1 << 15


def test_slopes_fall(tables: Tables) -> None:
    assert tables.slopes.shape == (len(tables.order),)
    assert (np.diff(tables.slopes.astype(int)) <= 0).all()
    # The finest steps are worth less than one more bit a symbol, the first ones much more.
    assert tables.slopes[0] > 10 * SLOPE_STEPS
    assert tables.slopes[-1] < 0


def test_levels_of_importance_keep_the_order_within_each(tables: Tables) -> None:
    passes = tables.schedule(LEVELS)
    assert passes.dtype == np.uint8
    assert passes[:, 1].max() < NOT_CODED
    level = passes[:, 1] // CLASSES
    place = {tuple(entry): i for i, entry in enumerate(tables.order.tolist())}
    worth = []
    for n in range(LEVELS):
        own = passes[level == n].copy()
        own[:, 1] %= CLASSES
        assert np.array_equal(own, tables.order)
    for plane, group, kind in passes.tolist():
        number = place[plane, group % CLASSES, kind]
        worth.append(
            (-int(tables.slopes[number]) - LEVEL_STEP * (group // CLASSES), number, group // CLASSES)
        )
    assert worth == sorted(worth)
    assert tables.schedule(1) is tables.order


# Both sides


@settings(max_examples=15)
@given(st.integers(0, 1 << 32), st.sampled_from([(1,), (3, 5, 4), (2, 16, 8)]), st.integers(1, CLASSES))
def test_round_trip(tables: Tables, seed: int, shape: tuple[int, ...], most: int) -> None:
    classes, residuals = some(seed, shape, most, wild=0.1)
    data, _, sent = send(tables, classes, residuals)
    found = receive(tables, classes, data)
    assert found.done == sent.done == len(tables.order)
    assert np.array_equal(found._levels, sent._levels)
    assert np.array_equal(found._depths, sent._depths)
    assert np.array_equal(known(found, shape), known(sent, shape))
    # What came over is the nearest integer that the class can hold.
    most_levels = (2 << tables.top.astype(np.int64)) - 1
    levels = np.zeros(residuals.size, np.int64)
    levels[found._order] = found._levels
    flat = classes.ravel()
    coded = flat != NOT_CODED
    limit = most_levels[flat[coded]]
    assert np.array_equal(levels[coded], np.clip(np.rint(residuals.ravel()[coded]), -limit, limit))
    assert not levels[~coded].any()
    assert not known(found, shape)[classes == NOT_CODED].any()


@pytest.mark.parametrize("seed", range(3))
def test_round_trip_with_levels_of_importance(tables: Tables, seed: int) -> None:
    classes, residuals = some(seed, (2, 12, 10))
    leveled = with_levels(classes, seed + 100)
    data, _, sent = send(tables, leveled, residuals, LEVELS)
    found = receive(tables, leveled, data, LEVELS)
    assert found.done == LEVELS * len(tables.order)
    assert np.array_equal(known(found, classes.shape), known(sent, classes.shape))
    # What is known at the end is the same as without them, and what matters most is known first.
    plain, _, without = send(tables, classes, residuals)
    assert np.array_equal(known(found, classes.shape), known(without, classes.shape))
    assert len(data) == pytest.approx(len(plain), abs=12)
    cut = receive(tables, leveled, data[: len(data) // 4], LEVELS)
    left = np.square(known(cut, classes.shape) - residuals)
    plain_left = np.square(
        known(receive(tables, classes, plain[: len(data) // 4]), classes.shape) - residuals
    )
    level = leveled // CLASSES
    most, least = (level == LEVELS - 1) & (classes != NOT_CODED), level == 0
    assert left[most].sum() < plain_left[most].sum()
    assert left[least].sum() > plain_left[least].sum()
    assert sent.error == pytest.approx(error(sent, classes, residuals), rel=1e-3, abs=10)


def test_classes_bound_what_they_hold(tables: Tables) -> None:
    classes = np.arange(CLASSES, dtype=np.uint8).repeat(2)
    residuals = np.tile(np.array([1e9, -1e9], np.float32), CLASSES)
    data, _, _ = send(tables, classes, residuals)
    found = receive(tables, classes, data)
    levels = np.zeros(len(classes), np.int64)
    levels[found._order] = found._levels
    assert levels[::2].tolist() == ((2 << tables.top.astype(int)) - 1).tolist()
    assert np.array_equal(levels[1::2], -levels[::2])


@pytest.mark.parametrize("wild", [0.0, 0.05])
def test_every_cut_gives_a_part_of_the_whole(tables: Tables, wild: float) -> None:
    classes, residuals = some(3, (2, 5, 6), wild=wild)
    data, borders, whole = send(tables, classes, residuals)
    final = np.abs(whole._levels)
    first, seen, done = error(Planes(tables, classes), classes, residuals), -1, -1
    best = first
    for length in range(len(data) + 1):
        found = receive(tables, classes, data[:length])
        nonzero = found._levels != 0
        # Magnitudes are the whole's, rid of the planes that are still to come.
        depths = found._depths[nonzero]
        assert np.array_equal(np.abs(found._levels[nonzero]), final[nonzero] >> depths << depths)
        assert np.array_equal(np.sign(found._levels[nonzero]), np.sign(whole._levels[nonzero]))
        assert found.done >= done
        amount = int((14 - found._depths[nonzero].astype(int)).sum())
        assert amount >= seen
        seen, done = amount, found.done
        assert found.done >= sum(border <= length for border in borders)
        now = error(found, classes, residuals)
        assert now <= best + 2e-4 * first
        best = min(best, now)
    assert done == len(tables.order)
    assert best < (0.9 if wild else 0.01) * first


@settings(max_examples=6)
@given(st.integers(0, 1 << 32))
def test_cuts_are_those_of_the_oracle(tables: Tables, seed: int) -> None:
    classes, residuals = some(seed, (2, 4, 4), wild=0.1)
    data, _, _ = send(tables, classes, residuals)
    for length in {0, 1, len(data) // 3, len(data) - 1, len(data)}:
        expected = oracle.Received([], np.zeros(classes.shape, int).tolist(), classes.tolist())
        oracle.code_passes(PythonDecoder(data[:length]), tables, expected)
        found = receive(tables, classes, data[:length])
        shown = known(found, classes.shape)
        assert found.done == expected.passes
        assert {p: float(v) for p, v in expected.shown(tables).items()} == {
            p: float(shown[p]) for p in np.ndindex(classes.shape)
        }


def test_layers_end_where_their_passes_do(tables: Tables) -> None:
    classes, residuals = some(5, (3, 8, 8))
    data, borders, _ = send(tables, classes, residuals)
    assert borders == sorted(borders)
    for done, border in list(enumerate(borders, 1))[::37]:
        assert receive(tables, classes, data[:border]).done >= done
        if border and border > borders[done - 2]:
            assert receive(tables, classes, data[: border - 1]).done < done


# What is known of the error


@pytest.mark.parametrize("seed", range(3))
def test_the_sender_knows_the_error(tables: Tables, seed: int) -> None:
    classes, residuals = some(seed, (3, 8, 16), wild=0.02)
    coder, planes = BitEncoder(), Planes(tables, classes, residuals)
    first = planes.error
    assert first == pytest.approx(error(Planes(tables, classes), classes, residuals))
    while not planes.finished:
        planes.code_pass(coder)
        if planes.done % 20 == 0:
            expected = error(planes, classes, residuals)
            assert planes.error == pytest.approx(expected, rel=1e-4, abs=1e-7 * first)
    assert planes.error == pytest.approx(error(planes, classes, residuals), rel=1e-3, abs=1e-7 * first)


def test_means_lie_in_their_cells(tables: Tables) -> None:
    for number, top in enumerate(tables.top.tolist()):
        for plane in range(top + 1):
            rests = tables.means[plane, number, 1:] / 256
            # Cells of the finest plane are rounded to the middle; the others begin at their integer.
            assert (rests >= -0.5).all()
            assert (rests <= (1 << plane) - 0.5).all()


# The order of positions


@given(st.integers(0, 1 << 32), st.integers(1, 60), st.integers(1, 20))
def test_chunks_are_sorted_as_the_whole_is(seed: int, size: int, chunk: int) -> None:
    generator = np.random.default_rng(seed)
    groups = CLASSES * LEVELS
    classes = generator.choice(np.array([0, 1, 5, 72, 73, groups - 1, NOT_CODED], np.uint8), size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", size)
        whole, bounds = module._by_class(classes)
        patch.setattr(module, "_CHUNK", chunk)
        order, again = module._by_class(classes)
    assert whole.dtype == order.dtype == np.uint32
    assert np.array_equal(order, whole)
    assert again == bounds
    assert len(bounds) == groups + 1
    positions = np.arange(size)
    for number in np.unique(classes[classes != NOT_CODED]).tolist():
        assert order[bounds[number] : bounds[number + 1]].tolist() == positions[classes == number].tolist()
    assert bounds[-1] == np.count_nonzero(classes != NOT_CODED)
