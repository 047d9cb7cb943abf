"""A tiny real codec for the tests: eight bit planes of the picture, from the most significant one on.

Every prefix that holds the head and the first plane decodes, and better with every plane, as with nacre's own
codecs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from nacre.bench.contract import Pixels, Point
from nacre.errors import TruncatedError

HEAD = struct.Struct(">HH")


def encode_planes(pixels: Pixels) -> bytes:
    planes = [np.packbits(pixels >> shift & 1) for shift in range(7, -1, -1)]
    return HEAD.pack(*pixels.shape[:2]) + b"".join(plane.tobytes() for plane in planes)


def plane_bytes(height: int, width: int) -> int:
    return (height * width * 3 + 7) // 8


def decode_planes(data: bytes) -> Pixels:
    height, width = HEAD.unpack_from(data)
    size = plane_bytes(height, width)
    if len(data) < HEAD.size + size:
        raise TruncatedError("the file ends before its first plane; take more of it")
    samples = height * width * 3
    value = np.zeros(samples, np.int64)
    half = np.full(samples, 128)
    for k in range(8):
        body = np.frombuffer(data, np.uint8)[HEAD.size + k * size : HEAD.size + (k + 1) * size]
        bits = np.unpackbits(body)[:samples].astype(np.int64)
        value[: len(bits)] |= bits << (7 - k)
        half[: len(bits)] = (1 << (7 - k)) >> 1
    return (value + half).clip(0, 255).astype(np.uint8).reshape(height, width, 3)


@dataclass(frozen=True)
class Planes:
    """The codec on the bench; `calls` counts the pictures it was given."""

    name: str = "planes"
    calls: list[int] | None = None

    @property
    def description(self) -> str:
        return "bit planes"

    @property
    def identity(self) -> str:
        return self.name

    def points(self, pixels: Pixels) -> Iterator[Point]:
        if self.calls is not None:
            self.calls.append(1)
        data = encode_planes(pixels)
        size = plane_bytes(*pixels.shape[:2])
        for k in range(1, 8):
            yield Point(f"plane {k}", data[: HEAD.size + k * size], HEAD.size + k * size, 0.25)

    def repeat(self, pixels: Pixels, setting: str) -> bytes:
        return encode_planes(pixels)

    def decode(self, data: bytes) -> Pixels:
        return decode_planes(data)


class PlanesApi:
    """Stands in for `nacre.api`, with the codec under the name of one of nacre's own."""

    def __init__(self) -> None:
        self.encodes = 0

    def list_codecs(self) -> list[Any]:
        return [SimpleNamespace(name="gru-conv", weights="0a1b2c3d", progressive=True)]

    def compress(
        self,
        image: Pixels,
        *,
        codec: str,
        iterations: int | None = None,
        search: int | None = None,
        threads: int | None = None,
    ) -> Any:
        self.encodes += 1
        data = encode_planes(image)
        size = plane_bytes(*image.shape[:2])
        count = iterations or 8
        layers = tuple(
            SimpleNamespace(file_bytes=HEAD.size + k * size, psnr=None, iteration=k, whole=True)
            for k in range(1, count + 1)
        )
        return SimpleNamespace(data=data[: layers[-1].file_bytes] + b"tail", layers=layers)

    def decompress(self, data: bytes, *, threads: int | None = None) -> Any:
        return SimpleNamespace(rgb=lambda: decode_planes(data))
