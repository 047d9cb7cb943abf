"""How many iterations units are given: against all choices there are, on small tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nacre.codecs.recurrent.allocation import at_price, for_picture_psnr, for_size, for_unit_psnr
from nacre.errors import TargetError

Table = NDArray[np.float64]


def convex(iterations: int, units: int, seed: int) -> Table:
    """Errors (T + 1, units) that fall less and less, each unit at its own pace."""
    generator = np.random.default_rng(seed)
    gains = np.sort(generator.exponential(1.0, (iterations, units)), axis=0)[::-1]
    gains *= generator.uniform(0.2, 5, units)
    rest = generator.uniform(0.1, 1, units)
    return np.concatenate([gains[::-1].cumsum(0)[::-1] + rest, rest[None]]) * 1000


def bumpy(iterations: int, units: int, seed: int) -> Table:
    """Errors that may rise again."""
    generator = np.random.default_rng(seed)
    return convex(iterations, units, seed) * generator.uniform(0.5, 1.5, (iterations + 1, units))


def costs(iterations: int, seed: int) -> Table:
    steps = np.random.default_rng(seed).uniform(2, 4, iterations)
    return np.concatenate([[0.0], steps.cumsum()])


def choices(iterations: int, units: int) -> Iterator[NDArray[np.int64]]:
    for choice in itertools.product(range(1, iterations + 1), repeat=units):
        yield np.array(choice)


def total(table: Table, counts: NDArray[np.int64]) -> float:
    return sum(float(table[n, u]) for u, n in enumerate(counts))


def spent(bits: Table, counts: NDArray[np.int64]) -> float:
    return float(bits[counts].sum())


def psnr_of(error: float, samples: int) -> float:
    return 10 * math.log10(255**2 * samples / error)


seeds = st.integers(0, 10**6)
make = st.sampled_from([convex, bumpy])


@settings(max_examples=30)
@given(make, seeds, st.floats(0.1, 3000))
def test_no_choice_is_cheaper_at_a_price(make: Callable[..., Table], seed: int, price: float) -> None:
    errors, bits = make(4, 3, seed), costs(4, seed)
    found = at_price(errors, bits, price)
    least = min(total(errors, c) + price * spent(bits, c) for c in choices(4, 3))
    assert total(errors, found) + price * spent(bits, found) == pytest.approx(least)
    assert found.min() >= 1


@settings(max_examples=30)
@given(make, seeds, st.floats(0.05, 0.95))
def test_the_cheapest_choice_for_a_psnr(make: Callable[..., Table], seed: int, share: float) -> None:
    errors, bits, samples = make(4, 4, seed), costs(4, seed), 200
    least, most = errors[1:].min(0).sum(), errors[1].sum()
    wanted = psnr_of(least + share * max(0.0, most - least), samples)
    found = for_picture_psnr(errors, bits, samples, wanted)
    assert psnr_of(total(errors, found), samples) >= wanted - 1e-9
    enough = [c for c in choices(4, 4) if psnr_of(total(errors, c), samples) >= wanted]
    # The best of all may lie between two points of the hull, one unit's step apart.
    assert spent(bits, found) <= min(spent(bits, c) for c in enough) + bits[-1] - bits[1]
    better = [c for c in choices(4, 4) if spent(bits, c) <= spent(bits, found)]
    assert total(errors, found) <= min(total(errors, c) for c in better) + 1e-6


def test_a_psnr_beyond_all_iterations_names_the_best() -> None:
    errors, bits = convex(5, 6, 3), costs(5, 3)
    best = psnr_of(errors[-1].sum(), 500)
    assert (for_picture_psnr(errors, bits, 500, best - 1e-9) == 5).all()
    with pytest.raises(TargetError, match=rf"reaches {best:.2f} dB, less than {best + 1:g} dB"):
        for_picture_psnr(errors, bits, 500, best + 1)


def test_a_psnr_that_needs_next_to_nothing_takes_one_iteration() -> None:
    assert (for_picture_psnr(convex(5, 6, 3), costs(5, 3), 500, 0.0) == 1).all()


@settings(max_examples=40)
@given(make, seeds, st.floats(0.05, 1.2), st.sampled_from([1.0, 0.6, 1.7]))
def test_a_size_is_used_and_never_exceeded(
    make: Callable[..., Table], seed: int, share: float, estimate: float
) -> None:
    errors, bits = make(5, 6, seed), costs(5, seed)

    def measure(counts: NDArray[np.int64]) -> int:
        return 40 + math.ceil(estimate * spent(bits, counts))

    least, most = measure(np.ones(6, np.int64)), measure(np.full(6, 5))
    size = round(least + share * (most - least))
    found = for_size(errors, bits, size, measure)
    assert found is not None
    assert measure(found) <= size
    # All points of the hull of the whole picture.
    hull = [at_price(errors, bits, price) for price in np.geomspace(1e-2, 1e5, 600)]
    fitting = [c for c in hull if measure(c) <= 0.998 * size]
    assert total(errors, found) <= min(total(errors, c) for c in fitting) + 1e-6


def test_a_size_below_one_iteration_is_none() -> None:
    errors, bits = convex(5, 6, 3), costs(5, 3)
    assert for_size(errors, bits, 99, lambda _: 100) is None
    least = for_size(errors, bits, 100, lambda counts: 99 + int(counts.sum()) - 5)
    assert least is not None
    assert (least == 1).all()


def test_a_large_size_gives_each_unit_its_best() -> None:
    errors, bits = bumpy(6, 9, 4), costs(6, 4)
    found = for_size(errors, bits, 10**9, lambda counts: int(counts.sum()))
    assert np.array_equal(found, errors[1:].argmin(0) + 1)


def test_few_files_are_measured() -> None:
    measured = []

    def measure(counts: NDArray[np.int64]) -> int:
        measured.append(counts)
        return 100 + int(1.3 * counts.sum())

    errors, bits = convex(16, 2000, 1), costs(16, 1)
    found = for_size(errors, bits, 15_000, measure)
    assert found is not None
    assert 14_970 <= measure(found) <= 15_000
    assert len(measured) <= 14


@settings(max_examples=100)
@given(make, seeds, st.integers(1, 6), st.integers(0, 4))
def test_units_take_what_they_need_for_a_psnr(
    make: Callable[..., Table], seed: int, iteration: int, unit: int
) -> None:
    iterations, units = 6, 5
    errors = make(iterations, units, seed)
    samples = np.random.default_rng(seed).integers(100, 193, units)
    wanted = psnr_of(errors[iteration, unit], int(samples[unit])) - 1e-9
    found = for_unit_psnr(errors, samples, wanted)
    needs = []
    for u in range(units):
        enough = [
            t for t in range(1, iterations + 1) if errors[t, u] <= samples[u] * 65025 * 10 ** (-wanted / 10)
        ]
        needs.append(enough[0] if enough else None)
    assert all(n == need for n, need in zip(found, needs, strict=True) if need)
    others = [u for u, need in enumerate(needs) if need is None]
    all_of_them = np.array([need or iterations for need in needs])
    along = [total(errors, np.minimum(t, all_of_them)) for t in range(1, iterations + 1)]
    last_shown = max(t for t in range(1, iterations + 1) if along[t - 1] == min(along))
    if all(need <= last_shown for need in needs if need):
        assert all(found[u] == iterations for u in others)
    else:
        assert all(errors[found[u], u] == errors[1:, u].min() for u in others)
    # Whatever the rest does, the picture in which a unit reaches it is one that is shown.
    along = [total(errors, np.minimum(t, found)) for t in range(1, iterations + 1)]
    last_shown = max(t for t in range(1, iterations + 1) if along[t - 1] <= min(along) + 1e-9)
    assert all(need <= last_shown for need in needs if need)


def test_units_that_get_worse_do_not_hide_what_others_need() -> None:
    samples = np.array([100, 100])
    # One reaches 40 dB with its third iteration; the other never does, and that iteration spoils it.
    rises = np.array([[900.0, 90_000], [800, 50_000], [700, 30_000], [600, 60_000]])
    assert for_unit_psnr(rises, samples, 40).tolist() == [3, 2]
    # What is reached before is shown all the same, and the other has all.
    assert for_unit_psnr(rises, samples, 39).tolist() == [1, 3]
