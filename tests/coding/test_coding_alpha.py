from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nacre.coding.alpha import LAYERS, AlphaCoder
from nacre.coding.stream import BitDecoder, BitEncoder, EndOfStreamError

Plane = NDArray[np.uint8]


@st.composite
def planes(draw: st.DrawFn, *, longest: int = 150) -> Plane:
    height, width = draw(st.integers(1, longest)), draw(st.integers(1, longest))
    y, x = np.mgrid[:height, :width]
    generator = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    kind = draw(st.sampled_from(["constant", "disc", "ramp", "noise", "two values", "one pixel"]))
    if kind == "constant":
        return np.full((height, width), generator.integers(256), np.uint8)
    if kind == "disc":
        return (255 * (np.hypot(y - height / 2, x - width / 3) < max(height, width) / 3)).astype(np.uint8)
    if kind == "ramp":
        return ((3 * x + y) % 256).astype(np.uint8)
    if kind == "one pixel":
        plane = np.full((height, width), 255, np.uint8)
        plane[generator.integers(height), generator.integers(width)] = 3
        return plane
    return generator.choice([0, 255] if kind == "two values" else 256, (height, width)).astype(np.uint8)


def send(plane: Plane) -> tuple[bytes, list[int]]:
    coder, alpha = BitEncoder(), AlphaCoder(*plane.shape, plane)
    while not alpha.done:
        alpha.code_layer(coder)
        coder.mark()
    alpha.code_layer(coder)  # nothing is left to send
    return coder.finish()


def receive(data: bytes, height: int, width: int) -> AlphaCoder:
    """As many layers as the bytes decide."""
    coder, alpha = BitDecoder(data), AlphaCoder(height, width)
    try:
        while not alpha.done:
            alpha.code_layer(coder)
    except EndOfStreamError:
        pass
    return alpha


@settings(max_examples=80)
@given(planes())
def test_exact_at_the_end(plane: Plane) -> None:
    data, borders = send(plane)
    alpha = receive(data, *plane.shape)
    assert alpha.done
    assert np.array_equal(alpha.shown(), plane)
    assert len(borders) == LAYERS
    assert borders == sorted(borders)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 1), (1, 700), (700, 1), (2, 130), (63, 64), (64, 64), (65, 129), (3, 5)]
)
def test_any_shape(shape: tuple[int, int]) -> None:
    plane = np.random.default_rng(sum(shape)).integers(0, 256, shape, np.uint8)
    assert np.array_equal(receive(send(plane)[0], *shape).shown(), plane)


@settings(max_examples=25)
@given(planes(longest=90))
def test_layers_end_where_the_encoder_says(plane: Plane) -> None:
    data, borders = send(plane)
    for layer, border in enumerate(borders, 1):
        assert receive(data[:border], *plane.shape).layers >= layer
        assert receive(data[: border - 1], *plane.shape).layers < layer


@settings(max_examples=25)
@given(planes(longest=90))
def test_a_layer_shows_every_so_many_pixels_repeated(plane: Plane) -> None:
    data, borders = send(plane)
    for layer, border in enumerate(borders, 1):
        alpha = receive(data[:border], *plane.shape)
        step = 128 >> alpha.layers
        assert alpha.layers >= layer
        shown = alpha.shown()
        assert shown.shape == plane.shape
        assert np.array_equal(shown[::step, ::step], plane[::step, ::step])
        y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
        if plane.min() != plane.max():
            assert np.array_equal(shown, plane[y // step * step, x // step * step])


def test_cut_anywhere() -> None:
    y, x = np.mgrid[:40, :70]
    plane = (255 * np.clip(18 - np.hypot(y - 20, x - 35), 0, 5) / 5).astype(np.uint8)
    data, _ = send(plane)
    before = receive(b"", 40, 70)
    assert before.layers == 0
    assert (before.shown() == 255).all()
    errors, layers = [], 0
    for length in (*range(0, len(data), 3), len(data)):
        alpha = receive(data[:length], 40, 70)
        assert alpha.layers >= layers
        layers = alpha.layers
        errors.append(float(((alpha.shown().astype(float) - plane) ** 2).mean()))
    assert errors[-1] == 0
    assert layers == LAYERS


def test_a_broken_layer_leaves_the_ones_before_it() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (80, 80), np.uint8)
    data, borders = send(plane)
    coder, alpha = BitDecoder(data[: borders[3] + 5]), AlphaCoder(80, 80)
    for _ in range(4):
        alpha.code_layer(coder)
    shown = alpha.shown().copy()
    with pytest.raises(EndOfStreamError):
        alpha.code_layer(coder)
    assert alpha.layers == 4
    assert np.array_equal(alpha.shown(), shown)


def test_one_value_costs_a_few_bytes_and_simple_planes_little() -> None:
    assert len(send(np.full((1000, 800), 200, np.uint8))[0]) <= 3
    y, x = np.mgrid[:200, :300]
    disc = (255 * (np.hypot(y - 100, x - 150) < 80)).astype(np.uint8)
    assert len(send(disc)[0]) < 600
    noise = np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)
    assert len(send(noise)[0]) < 1.2 * noise.size


def test_the_bytes_never_change() -> None:
    y, x = np.mgrid[:45, :77]
    data, borders = send(((x * x + 5 * y) // 9 % 256).astype(np.uint8))
    assert (hashlib.sha256(data).hexdigest(), borders) == (
        "0904511049902cefabf95d34ecba9b1b84a3a680e8f4215ce0d4181a9eed4dec",
        [3, 8, 19, 65, 209, 507, 1736],
    )
