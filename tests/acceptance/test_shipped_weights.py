"""Facts about the weights inside the package; they need no data but the example photographs."""

from __future__ import annotations

import dataclasses
import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nacre
from nacre.codecs.progressive.shapes import PRESETS as SHAPES
from nacre.codecs.progressive.transforms import network_shape as progressive_shape
from nacre.codecs.recurrent.presets import PRESETS
from nacre.codecs.recurrent.steps import network_shape
from nacre.codecs.recurrent.unit_shapes import UNIT_PRESETS
from nacre.codecs.recurrent.unit_steps import unit_shape
from nacre.learn.recipe import load_recipe_text
from nacre.runtime.weights import SHIPPED, find_weights, list_weights, verify_weights

EXAMPLES = Path(__file__).parents[2] / "examples"
LARGEST_FAMILY = 6_000_000
"""Bytes of a family's networks."""
LARGEST = 50_000_000


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NACRE_WEIGHTS", raising=False)


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    with Image.open(EXAMPLES / "kodim23.png") as image:
        return image.convert("RGB").crop((128, 64, 384, 256))


def test_they_are_intact_small_and_recorded() -> None:
    found = list_weights()
    assert {info.name for info in found} == {"progressive", "gru-conv", *UNIT_WEIGHTS}
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file()) < LARGEST
    for info in found:
        assert verify_weights(info) == []
        assert sum(file.stat().st_size for file in info.path.glob("*.onnx")) < LARGEST_FAMILY
        assert info.licence
        assert {"recipe", "steps", "hours", "data_sha256"} <= info.record["training"].keys()


def test_gru_conv_is_the_slim_network() -> None:
    info = find_weights("gru-conv")
    assert network_shape(info) == PRESETS["slim"]
    recipe = info.read("recipe.toml")
    assert hashlib.sha256(recipe).hexdigest() == info.record["training"]["recipe_sha256"]


def test_progressive_is_the_network_of_its_recipe() -> None:
    info = find_weights("progressive")
    recipe = info.read("recipe.toml")
    assert progressive_shape(info) == SHAPES["S"]
    assert load_recipe_text("progressive", recipe.decode()).task["preset"] == "S"
    assert hashlib.sha256(recipe).hexdigest() == info.record["training"]["recipe_sha256"]


def test_any_number_of_bytes_is_a_photograph(photograph: Image.Image) -> None:
    whole = nacre.compress(photograph)
    assert whole.codec == "progressive"
    stated = [layer.psnr for layer in whole.layers]
    assert all(a is not None and b is not None and b >= a for a, b in pairwise(stated))
    pixels = photograph.width * photograph.height
    sizes = [int(bpp * pixels / 8) for bpp in (0.05, 0.1, 0.2, 0.4, 0.8)]
    shown = [nacre.compare(photograph, nacre.decode(whole.data[:size])).psnr for size in sizes]
    assert shown == sorted(shown)
    # More than flat color by far at 300 bytes, and a good picture at 0.8 bits a pixel.
    assert shown[0] > flat(photograph) + 5
    assert shown[-1] > 32
    # The whole is as good as stated, cuts about.
    assert nacre.compare(photograph, nacre.decode(whole.data)).psnr == pytest.approx(whole.psnr, abs=0.01)
    for size, psnr in zip(sizes, shown, strict=True):
        cut = nacre.compress(photograph, bytes=size)
        assert cut.data == whole.data[:size]
        assert cut.psnr == pytest.approx(psnr, abs=1.0)


def test_it_beats_the_recurrent_codec_at_equal_bytes(photograph: Image.Image) -> None:
    recurrent = nacre.compress(photograph, codec="gru-conv")
    ours = nacre.decode(nacre.encode(photograph, bytes=len(recurrent.data)))
    assert recurrent.psnr is not None
    assert nacre.compare(photograph, ours).psnr > recurrent.psnr + 2


def flat(photograph: Image.Image) -> float:
    """PSNR of the mean color."""
    pixels = np.asarray(photograph).astype(float)
    return float(10 * np.log10(255**2 / ((pixels - pixels.mean((0, 1))) ** 2).mean()))


def test_a_photograph_gets_better_along_its_iterations(photograph: Image.Image) -> None:
    made = nacre.compress(photograph, codec="gru-conv")
    shown = [layer.psnr for layer in made.layers]
    assert all(a is not None and b is not None and b >= a for a, b in pairwise(shown))
    last, first = nacre.decode(made.data), nacre.decode(made.data[: made.layers[0].file_bytes])
    better = nacre.compare(photograph, last).psnr
    assert better == pytest.approx(made.psnr, abs=1e-6)
    assert better > nacre.compare(photograph, first).psnr > flat(photograph)
    # Entropy coding: less than the 32 bits of a cell and iteration that the network emits.
    cells = (256 // 16) * (192 // 16)
    assert len(made.data) < 8 * cells * 32 // 8


@pytest.mark.parametrize("codec", ["progressive", "gru-conv"])
def test_the_cost_of_gray_is_known(codec: str, photograph: Image.Image) -> None:
    gray = photograph.convert("L")
    made = nacre.compress(gray, codec=codec)
    assert nacre.decode(made.data).mode == "L"
    assert made.psnr is not None
    assert made.psnr > nacre.compress(photograph, codec=codec).psnr - 1  # type: ignore[operator]


UNIT_WEIGHTS = {
    "residual-fc": "residual-fc",
    "residual-fc-shared": "residual-fc",
    "residual-fc-8bits": "residual-fc",
    "lstm-fc": "lstm-fc",
    "residual-conv": "residual-conv",
    "residual-conv-shared": "residual-conv",
    "lstm-conv": "lstm-conv",
    "static-conv-64": "static-conv",
    "static-conv-128": "static-conv",
}


@pytest.mark.parametrize("name", UNIT_WEIGHTS)
def test_networks_of_units_are_the_slim_ones_of_their_recipes(name: str) -> None:
    info = find_weights(name)
    assert info.codec == UNIT_WEIGHTS[name]
    recipe = load_recipe_text(name, info.read("recipe.toml").decode())
    assert recipe.weights == name
    slim = UNIT_PRESETS[info.codec]["slim"]  # type: ignore[index]
    chosen = {key: recipe.task[key] for key in ("bits", "stages") if key in recipe.task}
    assert unit_shape(info) == dataclasses.replace(slim, **chosen)


@pytest.mark.parametrize("codec", ["residual-fc", "lstm-fc", "residual-conv", "lstm-conv"])
def test_a_photograph_of_units_gets_better_along_its_file(codec: str, photograph: Image.Image) -> None:
    made = nacre.compress(photograph, codec=codec, iterations=4)
    whole = [layer for layer in made.layers if layer.whole]
    for a, b in pairwise(whole):
        assert a.psnr is not None
        assert b.psnr is not None
        assert b.psnr > a.psnr
    assert nacre.compare(photograph, nacre.decode(made.data)).psnr == pytest.approx(made.psnr, abs=1e-6)
    bits = 4 * photograph.width * photograph.height * (1 / 16 if codec.endswith("-fc") else 1 / 8)
    assert len(made.data) * 8 < bits  # entropy coding pays for headers and more


def test_distinct_stages_beat_a_shared_one(photograph: Image.Image) -> None:
    for codec in ("residual-fc", "residual-conv"):
        distinct = nacre.compress(photograph, codec=codec)
        shared = nacre.compress(photograph, codec=f"{codec}-shared")
        assert distinct.psnr is not None
        assert shared.psnr is not None
        assert distinct.psnr > shared.psnr + 1


def test_static_conv_has_two_rates(photograph: Image.Image) -> None:
    high = nacre.compress(photograph, codec="static-conv")
    low = nacre.compress(photograph, codec="static-conv", bytes=len(high.data) - 1)
    assert low.psnr is not None
    assert high.psnr is not None
    assert len(low.data) < len(high.data)
    assert high.psnr > low.psnr
