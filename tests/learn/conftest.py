from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from learn_examples import TINY, draw
from PIL import Image

from nacre.learn.data.crops import CropFolder
from nacre.learn.recipe import Recipe, load_recipe_text


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def recipe() -> Recipe:
    """A few steps of the tiny preset, with all that draws random numbers."""
    return load_recipe_text("tiny", TINY)


@pytest.fixture(scope="session")
def crops() -> CropFolder:
    """Four pictures in memory."""
    return CropFolder(tuple(draw(64, 80, seed) for seed in range(4)), "four pictures", ())


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of six pictures and one file that is none."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(6):
        Image.fromarray(draw(96, 112, seed)).save(folder / f"{seed}.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder
