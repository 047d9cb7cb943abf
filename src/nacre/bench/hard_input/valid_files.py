"""Valid files to damage, cut and measure, made with the installed weights from drawn pictures."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre import api
from nacre.container.file import parse_file
from nacre.container.segments import PICTURE, pack_segment
from nacre.picture.picture import Picture

CODECS = ("progressive", "residual-fc", "lstm-fc", "residual-conv", "lstm-conv", "static-conv", "gru-conv")
SMALL = 4096
"""Bytes of a small file at most."""
_ITERATIONS = 4


def drawn(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """Smooth shades with edges and some grain, (height, width, channels)."""
    y, x = np.ogrid[:height, :width]
    planes = []
    for channel in range(channels):
        wave = np.sin(x / (11 + 4 * channel)) * np.cos(y / (17 - 3 * channel)) * np.float32(80)
        edges = 40 * ((x // 37 + y // 23 + channel) % 2)
        planes.append((120 + wave.astype(np.float32) + edges - (x * 7 + y * 13) % 5).astype(np.uint8))
    return np.stack(planes, 2)


def ramp(height: int, width: int) -> NDArray[np.uint8]:
    """An alpha plane without a flat place, (height, width)."""
    y, x = np.ogrid[:height, :width]
    return np.asarray((x // 3 + y // 5) % 256, np.uint8)


def options(codec: str, iterations: int = _ITERATIONS) -> dict[str, Any]:
    """What to encode with, so that all that exists is used and time is not."""
    return {} if codec == "progressive" else {"iterations": 1 if codec == "static-conv" else iterations}


def small_files(codec: str) -> dict[str, bytes]:
    """Some valid files of a codec by what they are, all small."""
    pictures = {
        "RGB": Picture(drawn(40, 56)),
        "gray+alpha": Picture(drawn(33, 20, 1), ramp(33, 20), exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
        "one pixel": Picture(drawn(1, 1)),
        "narrow": Picture(drawn(3, 90)),
    }
    made = {
        f"{codec}, {what}": api.encode(picture, codec=codec, threads=1, fast=True, **options(codec))
        for what, picture in pictures.items()
    }
    made[f"{codec}, in pieces"] = in_pieces(made[f"{codec}, RGB"])
    return {what: data for what, data in made.items() if len(data) <= SMALL}


def in_pieces(data: bytes) -> bytes:
    """The same picture in many segments, with a field and a segment that nobody knows and may skip."""
    parsed = parse_file(data)
    header = dataclasses.replace(parsed.header, optional=((40, b"skip me"),), rate_points=())
    step = max(1, len(parsed.stream) // 5)
    slices = [parsed.stream[i : i + step] for i in range(0, len(parsed.stream), step)]
    segments = [pack_segment(PICTURE, piece, True) for piece in slices]
    return header.pack() + pack_segment(200, b"skip me too", True) + b"".join(segments)
