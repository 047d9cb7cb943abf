"""Random crops from a folder of pictures, held in memory as uint8."""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nacre.errors import NacreError, PictureError
from nacre.picture.reading import SUFFIXES, read

_log = logging.getLogger(__name__)


_DRAWS = 4
_SHRINKS = (4, 6, 8)


def _activity(crop: NDArray[np.uint8]) -> float:
    """Mean step between neighbors of a crop (3, H, W), in levels."""
    levels = crop.astype(np.float32)
    return float(np.abs(np.diff(levels, axis=1)).mean() + np.abs(np.diff(levels, axis=2)).mean())


@dataclass(frozen=True)
class CropFolder:
    """Pictures of a folder and the rule that draws crops from them.

    Attributes
    ----------
    pictures
        uint8 arrays (H, W, 3).
    digest
        SHA-256 over the sorted file names and sizes: which data a run has seen.
    skipped
        Files that could not be read or are too small; a bad file never ends a run.
    shrink
        Each crop is downscaled by a random factor from 1 to this, which removes coding noise of the
        sources and varies the scale of detail.
    """

    pictures: tuple[NDArray[np.uint8], ...]
    digest: str
    skipped: tuple[str, ...]
    shrink: float = 2.0

    @classmethod
    def load(cls, folder: Path, *, least: int = 64, shrink: float = 2.0) -> CropFolder:
        """Read every picture below `folder` with sides of at least `least` pixels.

        Raises
        ------
        PictureError
            If the folder holds no usable picture.
        """
        files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}\n".encode())

        def pixels(file: Path) -> NDArray[np.uint8] | None:
            try:
                found = read(file).rgb()
            except NacreError as error:
                _log.info("skipped %s: %s", file.name, error)
                return None
            return found if min(found.shape[:2]) >= least else None

        loaded = [pixels(file) for file in files]
        usable = tuple(a for a in loaded if a is not None)
        if not usable:
            raise PictureError(f"The folder {folder} holds no picture of at least {least} x {least} pixels.")
        skipped = tuple(f.name for f, a in zip(files, loaded, strict=True) if a is None)
        return cls(usable, digest.hexdigest(), skipped, shrink)

    def batch(
        self, count: int, side: int, key: tuple[int, ...], *, busy: float = 0.0, small: float = 0.0
    ) -> NDArray[np.uint8]:
        """Draw crops (count, 3, side, side).

        The draw depends on `key` alone (seed and step), so a resumed run sees the data it would have seen.

        Parameters
        ----------
        busy
            Share of the crops of which each is the busiest of four drawn: those teach most about detail
            (the high-entropy set of Toderici et al. 2017).
        small
            Share of the others that come from a picture shrunk by 4, 6 or 8, as thumbnails are.

        Raises
        ------
        PictureError
            If every picture is smaller than the crop.
        """
        rng = np.random.default_rng(key)
        areas = np.array([math.prod(a.shape[:2]) * (min(a.shape[:2]) >= side) for a in self.pictures], float)
        if not areas.any():
            raise PictureError(f"No picture is as large as a crop of {side} x {side}; add larger ones.")
        share = areas / areas.sum()

        def draw() -> NDArray[np.uint8]:
            return self._crop(self.pictures[rng.choice(len(share), p=share)], side, rng)

        drawn = round(count * busy)
        shrunk = round((count - drawn) * small)
        crops = [self._thumbnail(side, rng) for _ in range(shrunk)]
        crops += [draw() for _ in range(count - drawn - shrunk)]
        crops += [max((draw() for _ in range(_DRAWS)), key=_activity) for _ in range(drawn)]
        return np.stack(crops)

    def side(self, most: int, multiple: int = 16) -> int:
        """Side of crops that at least half of the pictures can give: at most `most`, a multiple."""
        sides = sorted(min(a.shape[:2]) for a in self.pictures)
        return min(most, sides[len(sides) // 2]) // multiple * multiple

    def centers(self, most: int, multiple: int = 16) -> Iterator[NDArray[np.uint8]]:
        """Yield the middle (1, 3, H, W) of every picture, for validation; sides as those of `side`."""
        for picture in self.pictures:
            height, width = (min(most, n) // multiple * multiple for n in picture.shape[:2])
            y, x = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
            yield np.ascontiguousarray(picture[y : y + height, x : x + width].transpose(2, 0, 1)[None])

    @cached_property
    def _shrunk(self) -> list[NDArray[np.uint8]]:
        """Every picture shrunk by 4, 6 and 8."""
        images = [Image.fromarray(picture) for picture in self.pictures]
        return [
            np.asarray(
                image.resize((image.width // n, image.height // n), Image.Resampling.LANCZOS, reducing_gap=3)
            )
            for image in images
            for n in _SHRINKS
            if min(image.size) >= n
        ]

    def _thumbnail(self, side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        fitting = [p for p in self._shrunk if min(p.shape[:2]) >= side]
        if not fitting:
            raise PictureError(f"No picture shrunk by 4 is as large as a crop of {side}; add larger ones.")
        picture = fitting[int(rng.integers(len(fitting)))]
        return self._window(picture, side, rng)

    def _crop(self, picture: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        height, width, _ = picture.shape
        factor = min(rng.uniform(1, self.shrink), min(height, width) / side)
        # A quarter stays at full scale: files are used on sharp pictures too.
        source = side if rng.random() < 0.25 else max(side, int(side * factor))
        return self._window(picture, side, rng, source)

    def _window(
        self, picture: NDArray[np.uint8], side: int, rng: np.random.Generator, source: int | None = None
    ) -> NDArray[np.uint8]:
        """A random square of `source` pixels, scaled to `side`, mirrored or not."""
        source = source or side
        height, width, _ = picture.shape
        y = int(rng.integers(height - source + 1))
        x = int(rng.integers(width - source + 1))
        crop = picture[y : y + source, x : x + source]
        if source != side:
            crop = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.LANCZOS))
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        return np.ascontiguousarray(crop.transpose(2, 0, 1))
