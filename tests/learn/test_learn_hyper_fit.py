"""Contexts of hyper-latents learn what neighbors and other channels tell."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nacre.codecs.progressive.hyper_contexts import HyperContexts, code_hyper
from nacre.codecs.progressive.shapes import HYPER_MOST
from nacre.coding.stream import FINE_TOTAL, BitEncoder
from nacre.learn import hyper_fit
from nacre.learn.hyper_fit import fit_hyper_contexts

ROWS, COLUMNS = 6, 7


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hyper_fit, "STEPS", 150)


def pictures(count: int, seed: int) -> NDArray[np.int8]:
    """Noise; twice that and a little more; a constant; what varies slowly; the noise's magnitude as scale."""
    g = np.random.default_rng(seed)
    noise = g.normal(0, 4, (count, ROWS, COLUMNS))
    slow = g.normal(0, 6, (count, 1, 1)) + g.normal(0, 0.5, (count, ROWS, COLUMNS))
    parts = [
        noise,
        2 * np.rint(noise) + g.normal(0, 0.4, noise.shape),
        np.full(noise.shape, 3.0),
        slow,
        np.abs(noise) * g.normal(0, 1, noise.shape),
    ]
    return np.clip(np.rint(np.stack(parts, 1)), -HYPER_MOST, HYPER_MOST).astype(np.int8)


def size(contexts: HyperContexts, grids: NDArray[np.int8]) -> int:
    coder = BitEncoder()
    for grid in grids:
        assert (code_hyper(coder, contexts, (ROWS, COLUMNS), grid) == grid).all()
    return len(coder.finish()[0])


def static_size(learned: NDArray[np.int8], grids: NDArray[np.int8]) -> float:
    """Bytes with the frequencies of each channel alone."""
    bits = 0.0
    for channel in range(learned.shape[1]):
        counts = np.bincount(learned[:, channel].ravel().astype(int) + HYPER_MOST, minlength=65) + 0.02
        bits -= np.log2(counts[grids[:, channel].astype(int) + HYPER_MOST] / counts.sum()).sum()
    return bits / 8


def test_they_find_what_there_is_to_find() -> None:
    learned, held_out = pictures(120, 1), pictures(20, 2)
    contexts = fit_hyper_contexts(learned)
    assert contexts.coded.tolist() == [0, 1, 3, 4]
    assert contexts.constants[2] == 3
    assert (contexts.weights >= 1).all()
    assert (contexts.weights.sum(2) == FINE_TOTAL).all()
    # The second channel is nearly known from the first, the fourth nearly from its neighbors.
    assert size(contexts, held_out) < 0.75 * static_size(learned, held_out)
    # What comes later in the order tells nothing.
    assert not (contexts.across * np.triu(np.ones((4, 4), int))[None, :, :, None]).any()


def test_nothing_to_code() -> None:
    grids = np.full((8, 2, 3, 3), -5, np.int8)
    contexts = fit_hyper_contexts(grids)
    assert contexts.coded.size == 0
    assert contexts.constants.tolist() == [-5, -5]


def test_the_same_pictures_give_the_same() -> None:
    first, second = (fit_hyper_contexts(pictures(20, 4)).arrays() for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
