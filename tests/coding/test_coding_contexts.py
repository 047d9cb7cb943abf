from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.coding.contexts import AdaptiveContexts
from nacre.coding.stream import BitDecoder, BitEncoder

# As SPEC.md says, and on purpose not what the code says.
LEAST, MOST, LIMIT = 64, 65472, 4096


class ScalarContexts:
    """The same with one symbol after the other, and forgetting after each call."""

    def __init__(self, counts: list[tuple[int, int]]) -> None:
        self.counts = [list(pair) for pair in counts]

    def ones(self, context: int) -> int:
        zeros, ones = self.counts[context]
        return min(max(65536 * ones // (zeros + ones), LEAST), MOST)

    def update(self, call: list[tuple[int, int]]) -> None:
        for context, bit in call:
            self.counts[context][bit] += 1
        for pair in self.counts:
            while sum(pair) > LIMIT:
                pair[:] = [(pair[0] + 1) // 2, (pair[1] + 1) // 2]


counts = st.lists(st.tuples(st.integers(1, 255), st.integers(1, 255)), min_size=1, max_size=6)


@settings(max_examples=60)
@given(counts, st.integers(0, 1 << 30), st.lists(st.integers(0, 9000), min_size=1, max_size=5))
def test_probabilities_are_those_of_the_scalar_oracle(
    prior: list[tuple[int, int]], seed: int, sizes: list[int]
) -> None:
    generator = np.random.default_rng(seed)
    contexts, oracle = AdaptiveContexts(np.array(prior)), ScalarContexts(prior)
    bias = generator.random(len(prior))
    for size in sizes:
        context = generator.integers(0, len(prior), size)
        bits = (generator.random(size) < bias[context]).astype(np.uint8)
        everyone = np.arange(len(prior))
        assert contexts.ones(everyone).tolist() == [oracle.ones(c) for c in everyone]
        contexts.update(context, bits)
        oracle.update(list(zip(context.tolist(), bits.tolist(), strict=True)))


def test_probabilities_stay_within_bounds() -> None:
    contexts = AdaptiveContexts.uniform(2)
    assert contexts.ones(np.array([0, 1])).tolist() == [32768, 32768]
    for bit in (0, 1):
        contexts.update(np.full(5_000_000, bit), np.full(5_000_000, bit, np.uint8))
    assert contexts.ones(np.array([0, 1])).tolist() == [LEAST, MOST]


def test_old_symbols_are_forgotten() -> None:
    contexts = AdaptiveContexts.uniform(1)
    zero = np.zeros(LIMIT, np.int64)
    contexts.update(zero, np.zeros(LIMIT, np.uint8))
    for _ in range(6):
        contexts.update(zero, np.ones(LIMIT, np.uint8))
    assert contexts.ones(np.array([0]))[0] > 0.97 * 65536


def test_both_sides_learn_alike() -> None:
    generator = np.random.default_rng(4)
    prior = generator.integers(1, 40, (3, 5, 2))
    calls = [
        (generator.integers(0, 15, (n, 7)), generator.integers(0, 2, (n, 7), np.uint8)) for n in (1, 50, 9)
    ]
    encoder, sender = BitEncoder(), AdaptiveContexts(prior)
    for context, bits in calls:
        sender.code(encoder, bits, context)
    decoder, receiver = BitDecoder(encoder.finish()[0]), AdaptiveContexts(prior)
    for context, bits in calls:
        assert np.array_equal(receiver.code(decoder, None, context), bits)


def test_the_prior_is_left_alone() -> None:
    prior = np.ones((4, 2), np.int64)
    AdaptiveContexts(prior).update(np.array([0, 1]), np.array([1, 1], np.uint8))
    assert prior.sum() == 8
