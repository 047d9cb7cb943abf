from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from nacre.cli import main

Run = Callable[..., Result]


@pytest.fixture(scope="session", autouse=True)
def tiny(tiny_root: Path) -> Iterator[None]:
    """All commands here use the tiny network, also in processes of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NACRE_WEIGHTS", str(tiny_root))
        yield


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NACRE_DEBUG", raising=False)

    def invoke(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)

    return invoke


def draw(width: int = 72, height: int = 48) -> Image.Image:
    """Smooth shades with a few edges: quickly coded, and not trivial."""
    y, x = np.mgrid[:height, :width]
    shades = np.stack([128 + 100 * np.sin(x / 9), 3 * y + x, 200 - 2 * y + 40 * (x > 30)], axis=-1)
    return Image.fromarray(shades.clip(0, 255).astype(np.uint8))


@pytest.fixture
def photograph() -> Callable[..., Image.Image]:
    return draw


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    draw().save(path)
    return path


@pytest.fixture(scope="session")
def encoded() -> bytes:
    """Return the whole nacre file of the photograph."""
    import nacre

    return nacre.encode(draw())


@pytest.fixture
def file(tmp_path: Path, encoded: bytes) -> Path:
    path = tmp_path / "photo.nacre"
    path.write_bytes(encoded)
    return path


@pytest.fixture(scope="session")
def long_encoded() -> bytes:
    """Return a file of several segments: noise takes all the bytes that there are."""
    import nacre

    noise = np.random.default_rng(0).integers(0, 256, (640, 960, 3), np.uint8)
    return nacre.encode(noise, fast=True)
