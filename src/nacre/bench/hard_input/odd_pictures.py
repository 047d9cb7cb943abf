"""Odd picture files through encode and decode: the right size and the right way up, or a typed refusal."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from nacre import api
from nacre.errors import LimitError, NacreWarning, PictureError
from nacre.picture.metrics import psnr
from nacre.picture.reading import SUFFIXES

_TURNS = tuple(Image.Transpose)


@dataclass
class OddPictures:
    """What became of picture files.

    Attributes
    ----------
    coded
        Files that came back, the right size and the right way up.
    refused
        File and sentence.
    defects
        File and what is wrong.
    least_psnr
        Decibels of the worst that came back.
    """

    coded: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    defects: dict[str, str] = field(default_factory=dict)
    least_psnr: float = np.inf

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def picture_files(folders: Iterable[Path]) -> list[Path]:
    """Every picture file in folders and below."""
    suffixes = SUFFIXES | {".mpo", ".gif"}
    return sorted(p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in suffixes)


def through_the_codec(paths: Iterable[Path], codec: str = "progressive") -> OddPictures:
    """Encode and decode every picture."""
    found = OddPictures()
    for path in paths:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NacreWarning)
                coded = api.encode(path, codec=codec, threads=1, fast=True)
            image = api.decode(coded, threads=1)
        except (PictureError, LimitError) as error:
            found.refused[path.name] = str(error).replace(str(path), path.name)
        except Exception as error:
            found.defects[path.name] = f"{type(error).__name__}: {error}"
        else:
            _judge(path, image, found)
    return found


def _judge(path: Path, image: Image.Image, found: OddPictures) -> None:
    with warnings.catch_warnings(), Image.open(path) as original:
        warnings.simplefilter("ignore")
        upright = ImageOps.exif_transpose(original)
        alpha = "A" in upright.getbands() or "transparency" in upright.info
        expected = upright.convert("RGBA" if alpha else "RGB")
    if image.size != expected.size:
        found.defects[path.name] = f"{expected.size} came back as {image.size}"
        return
    # Colors under wholly transparent pixels are not kept.
    first, second = (_over_black(i) for i in (expected, image))
    quality = psnr(first, second)
    found.least_psnr = min(found.least_psnr, quality)
    turned = (_over_black(expected.transpose(turn)) for turn in _TURNS)
    if any(psnr(other, second) > quality for other in turned if other.shape == second.shape):
        found.defects[path.name] = "looks more like the picture turned or mirrored"
    else:
        found.coded.append(path.name)


def _over_black(image: Image.Image) -> NDArray[np.uint8]:
    """(H, W, 3), black where nothing is to be seen."""
    samples = np.asarray(image.convert("RGBA"))
    return samples[..., :3] * (samples[..., 3:] > 0)
