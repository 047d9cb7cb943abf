"""Facts about the weights inside the package; they need no data but the example photographs."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nacre
from nacre.codecs.recurrent.presets import PRESETS
from nacre.codecs.recurrent.steps import network_shape
from nacre.runtime.weights import SHIPPED, list_weights, verify_weights

EXAMPLES = Path(__file__).parents[2] / "examples"
LARGEST_FAMILY = 6_000_000
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
    assert [info.codec for info in found] == ["gru-conv"]
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file()) < LARGEST
    for info in found:
        assert verify_weights(info) == []
        assert info.bytes < LARGEST_FAMILY
        assert info.licence
        assert {"recipe", "steps", "hours", "data_sha256"} <= info.record["training"].keys()


def test_gru_conv_is_the_slim_network() -> None:
    info = list_weights()[0]
    assert network_shape(info) == PRESETS["slim"]
    recipe = info.read("recipe.toml")
    assert hashlib.sha256(recipe).hexdigest() == info.record["training"]["recipe_sha256"]


def test_a_photograph_gets_better_along_its_file(photograph: Image.Image) -> None:
    made = nacre.compress(photograph)
    shown = [layer.psnr for layer in made.layers]
    assert all(a is not None and b is not None and b >= a for a, b in pairwise(shown))
    pixels = np.asarray(photograph).astype(float)
    flat = 10 * np.log10(255**2 / ((pixels - pixels.mean((0, 1))) ** 2).mean())
    last, first = nacre.decode(made.data), nacre.decode(made.data[: made.layers[0].file_bytes])
    better = nacre.compare(photograph, last).psnr
    assert better == pytest.approx(made.psnr, abs=1e-6)
    assert better > nacre.compare(photograph, first).psnr > flat
    # Entropy coding: less than the 32 bits of a cell and iteration that the network emits.
    cells = (256 // 16) * (192 // 16)
    assert len(made.data) < 8 * cells * 32 // 8


def test_the_cost_of_gray_is_known(photograph: Image.Image) -> None:
    gray = photograph.convert("L")
    made = nacre.compress(gray)
    assert nacre.decode(made.data).mode == "L"
    assert made.psnr is not None
    assert made.psnr > nacre.compress(photograph).psnr - 1  # type: ignore[operator]
