"""imageio reads and writes nacre files through Pillow."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np

import nacre
from golden.drawing import shades


def test_imageio_there_and_back(tmp_path: Path) -> None:
    picture = shades(40, 48)
    path = tmp_path / "photo.nacre"
    iio.imwrite(path, picture, plugin="pillow", bytes=300)
    assert path.stat().st_size <= 300
    read = iio.imread(path, plugin="pillow")
    assert np.array_equal(read, nacre.decode(path))
    assert iio.improps(path, plugin="pillow").shape == picture.shape
    assert np.array_equal(iio.imread(path.read_bytes(), plugin="pillow"), read)


def test_imageio_finds_the_plugin_itself(tmp_path: Path) -> None:
    path = tmp_path / "photo.nacre"
    iio.imwrite(path, shades(40, 48))
    assert np.array_equal(iio.imread(path), nacre.decode(path))
    assert iio.immeta(path)["mode"] == "RGB"
