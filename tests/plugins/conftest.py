from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageCms

import nacre
from golden.drawing import shades


@pytest.fixture(scope="module", autouse=True)
def plugin(tiny_root: Path) -> Iterator[ModuleType]:
    """The registered plugin, with the tiny networks; Pillow forgets it afterward."""
    Image.init()  # what is registered later would be forgotten, too
    name = "nacre.plugins.NacreImagePlugin"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NACRE_WEIGHTS", str(tiny_root))
        for registry in ("ID", "OPEN", "SAVE", "EXTENSION", "MIME"):
            patch.setattr(Image, registry, getattr(Image, registry).copy())
        patch.delitem(sys.modules, name, raising=False)
        yield importlib.import_module(name)
        del sys.modules[name]


@pytest.fixture(scope="module")
def image() -> Image.Image:
    return Image.fromarray(shades(60, 80, 5))


@pytest.fixture(scope="module")
def data(image: Image.Image, plugin: ModuleType) -> bytes:
    return nacre.encode(image, threads=1)


@pytest.fixture
def file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "photo.nacre"
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def long_data(plugin: ModuleType) -> bytes:
    """A file of several segments: noise takes all the bytes that there are."""
    noise = np.random.default_rng(0).integers(0, 256, (640, 960, 3), np.uint8)
    return nacre.encode(noise, fast=True, threads=1)


@pytest.fixture(scope="module")
def profile() -> bytes:
    """An ICC profile that is not sRGB, and so is kept."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"rXYZ", b"xXYZ")
