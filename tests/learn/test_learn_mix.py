"""The trained network of the entropy model `mix`: what it saves, and that it is what was trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from test_learn_tables import random_codes, relative_size, smooth_codes

from nacre.codecs.recurrent.contexts import channel_halves
from nacre.codecs.recurrent.mix import EXACT, SEEN, VOTE_PLACES
from nacre.learn import mix_fit
from nacre.learn.code_tables import fit_tables
from nacre.learn.mix_fit import THRESHOLDS, fit_mix

Codes = NDArray[np.int8]


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mix_fit, "HIDDEN", 16)
        patch.setattr(mix_fit, "STEPS", 250)
        yield


def majorities(count: int, seed: int) -> list[Codes]:
    """Channels that seven others tell together, more than tables have partners."""
    pictures = random_codes(count, seed, iterations=1)
    for codes in pictures:
        votes = [np.delete(codes[..., :8], i, axis=-1).sum(-1) for i in range(8)]
        codes[..., 8:] = np.sign(np.stack(votes, axis=-1))
    return pictures


def test_smooth_codes_become_smaller() -> None:
    assert relative_size(smooth_codes(6, seed=1), fit_mix(smooth_codes(30, seed=0))) < 0.8


def test_random_codes_cost_little_more() -> None:
    assert relative_size(random_codes(6, seed=1), fit_mix(random_codes(30, seed=0))) < 1.03


def test_it_learns_what_tables_cannot() -> None:
    learned, sent = majorities(40, seed=0), majorities(6, seed=1)
    assert relative_size(sent, fit_mix(learned)) < 0.7 < relative_size(sent, fit_tables(learned))


@pytest.mark.parametrize("channels", [4, 16])
def test_a_network_has_the_types_of_the_file(channels: int) -> None:
    mix = fit_mix(smooth_codes(7, seed=0, iterations=3, side=6, channels=channels))
    halves, levels = len(channel_halves(channels)), len(THRESHOLDS) + 1
    shapes = {name: (array.shape, array.dtype.name) for name, array in mix.arrays().items()}
    assert shapes == {
        "network": ((3,), "uint8"),
        "first": ((3, 4, halves, SEEN * channels, 16), "int8"),
        "first_bias": ((3, 4, halves, 16), "int16"),
        "last": ((3, 4, halves, 16, channels // halves), "int8"),
        "last_bias": ((3, 4, channels), "int32"),
        "thresholds": ((len(THRESHOLDS),), "int16"),
        "priors": ((3, channels, levels, 2), "uint8"),
    }
    assert (np.diff(THRESHOLDS) > 0).all()
    assert mix.priors.min() >= 1
    assert mix.bound() < EXACT
    # Nothing is known in the first call, so nothing may be made of it.
    assert not mix.first[0, 0, 0].any()


def test_levels_mean_what_votes_say() -> None:
    mix = fit_mix(smooth_codes(30, seed=0, side=16))
    counts = mix.priors[1].astype(float).sum(0)
    told = np.log(counts[:, 1] / counts[:, 0])
    middle = np.abs(THRESHOLDS[:-1] + THRESHOLDS[1:]) < 2 * 2**VOTE_PLACES
    voted = (THRESHOLDS[:-1] + THRESHOLDS[1:]) / 2 / 2**VOTE_PLACES
    assert np.abs(told[1:-1] - voted)[middle].mean() < 0.25


def test_fitting_is_repeatable() -> None:
    first, second = (fit_mix(smooth_codes(7, seed=0, side=6, channels=4)).arrays() for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


def test_grids_without_cells_in_some_passes() -> None:
    mix = fit_mix([codes[:, :1] for codes in smooth_codes(12, seed=0)])
    assert not mix.first[:, 1].any()
    assert mix.first[1, 0].any()
