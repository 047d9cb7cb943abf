"""Hyper-latents in the stream: there and back, against plain integers, and damaged or cut."""

from __future__ import annotations

import numpy as np
import progressive_oracle as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from coding.python_coder import PythonDecoder
from nacre.codecs.progressive.hyper_contexts import HyperContexts, code_hyper
from nacre.codecs.progressive.shapes import HYPER_MOST
from nacre.coding.stream import FINE_TOTAL, BitDecoder, BitEncoder, EndOfStreamError

CHANNELS, CODED, SCALES = 5, 3, 4

seeds = st.integers(0, 1 << 32)
sides = st.integers(1, 5)


def contexts(generator: np.random.Generator, coded: int = CODED) -> HyperContexts:
    """Random integers, of which some reach what clips them."""

    def whole(most: int, *shape: int) -> NDArray[np.int64]:
        return generator.integers(-most, most + 1, shape)

    weights = generator.integers(1, FINE_TOTAL // 129, (SCALES, 8, 129))
    weights[..., 64] += FINE_TOTAL - weights.sum(2)
    most = 1 << int(generator.integers(2, 15))
    return HyperContexts(
        constants=whole(HYPER_MOST, CHANNELS).astype(np.int8),
        coded=generator.permutation(CHANNELS)[:coded].astype(np.uint8),
        centers=whole(HYPER_MOST, coded).astype(np.int8),
        across=whole(most, 2, coded, coded, 9).astype(np.int16),
        beside=whole(most, 2, coded).astype(np.int16),
        biases=whole(1 << 14, 2, 2, coded).astype(np.int32),
        weights=weights.astype(np.int32),
    )


def hyper_latents(generator: np.random.Generator, rows: int, columns: int) -> NDArray[np.int8]:
    return generator.integers(-HYPER_MOST, HYPER_MOST + 1, (CHANNELS, rows, columns)).astype(np.int8)


def send(made: HyperContexts, sent: NDArray[np.int8]) -> bytes:
    coder = BitEncoder()
    code_hyper(coder, made, sent.shape[1:], sent)
    return coder.finish()[0]


@settings(max_examples=40)
@given(seeds, sides, sides)
def test_there_and_back_as_the_oracle_says(seed: int, rows: int, columns: int) -> None:
    generator = np.random.default_rng(seed)
    made = contexts(generator)
    sent = hyper_latents(generator, rows, columns)
    stream = send(made, sent)
    found = code_hyper(BitDecoder(stream), made, (rows, columns), None)
    assert found.dtype == np.int8
    for channel in range(CHANNELS):
        same = sent[channel] if channel in made.coded else made.constants[channel]
        assert (found[channel] == same).all()
    assert oracle.hyper_latents(PythonDecoder(stream), made, rows, columns) == found.tolist()


@settings(max_examples=40)
@given(seeds, st.binary(max_size=80))
def test_any_bytes_give_what_the_oracle_says(seed: int, data: bytes) -> None:
    made = contexts(np.random.default_rng(seed))
    expected = oracle.hyper_latents(PythonDecoder(data), made, 2, 3)
    try:
        found = code_hyper(BitDecoder(data), made, (2, 3), None)
    except EndOfStreamError:
        assert expected is None
    else:
        assert found.tolist() == expected
        assert np.abs(found.astype(int)).max() <= HYPER_MOST


def test_a_cut_is_the_end() -> None:
    generator = np.random.default_rng(2)
    made = contexts(generator)
    stream = send(made, hyper_latents(generator, 3, 4))
    for length in range(len(stream)):
        with pytest.raises(EndOfStreamError):
            code_hyper(BitDecoder(stream[:length]), made, (3, 4), None)


def test_what_is_not_coded_takes_no_byte() -> None:
    generator = np.random.default_rng(3)
    made = contexts(generator, coded=0)
    stream = send(made, hyper_latents(generator, 3, 4))
    assert len(stream) <= 1
    assert (code_hyper(BitDecoder(b""), made, (3, 4), None) == made.constants[:, None, None]).all()
