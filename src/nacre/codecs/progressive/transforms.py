"""The analysis and synthesis transforms at run time, in tiles where the picture is large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.progressive.shapes import BLOCK, PATCH, STRIDE, Shape
from nacre.runtime.sessions import Opener, RunSessions, open_session
from nacre.runtime.weights import WeightsInfo

ANALYSIS_FILE, HYPER_ANALYSIS_FILE, SYNTHESIS_FILE = "analysis.onnx", "hyper_analysis.onnx", "synthesis.onnx"

WHOLE_BELOW = 1_500_000
"""Pixels up to which a picture is one tile."""
TILE = 1024
HALO = 32
"""Pixels around a tile that the networks see too; the rest of their reach changes no pixel by more than
one level (docs/progressive.md)."""

_ROWS = 128
"""Of a picture's levels at most so many at a time: what is made of them takes several times their memory."""


def network_shape(info: WeightsInfo) -> Shape:
    """The shape that the record states."""
    stated = info.record["network"].items()
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stated}
    return Shape(**fields)


@dataclass(frozen=True)
class _Piece:
    """A tile along one axis: what it gives, and what the network sees, in pixels."""

    begin: int
    end: int
    first: int
    last: int


def _pieces(size: int, side: int) -> list[_Piece]:
    return [
        _Piece(begin, min(begin + side, size), max(0, begin - HALO), min(size, begin + side + HALO))
        for begin in range(0, size, side)
    ]


class Transforms:
    """Both transforms for one picture.

    Parameters
    ----------
    height, width
        Of the padded picture, multiples of 64.
    """

    def __init__(self, info: WeightsInfo, height: int, width: int, threads: int | None) -> None:
        self._info, self._threads = info, threads
        self._height, self._width = height, width
        side = max(height, width) if height * width <= WHOLE_BELOW else TILE
        self._tiles = [(r, c) for r in _pieces(height, side) for c in _pieces(width, side)]
        self._channels = network_shape(info).channels

    def analyze(self, levels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Levels (H, W, 3) to latents (C, H/16, W/16)."""
        opened = self._opener()
        latents = np.empty((self._channels, self._height // PATCH, self._width // PATCH), np.float32)
        for row, column in self._tiles:
            part = levels[row.first : row.last, column.first : column.last]
            pixels = part.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255) - np.float32(0.5)
            found = self._run(opened, ANALYSIS_FILE, "pixels", pixels)
            into = np.s_[
                :, row.begin // PATCH : row.end // PATCH, column.begin // PATCH : column.end // PATCH
            ]
            latents[into] = found[_inner(row, column, PATCH)]
        return latents

    def hyper_latents(self, symbols: NDArray[np.float32]) -> NDArray[np.float32]:
        """Symbols (C, h, w) to hyper-latents (Z, h/4, w/4), not rounded."""
        return self._run(open_session, HYPER_ANALYSIS_FILE, "symbols", symbols[None])

    def synthesize(self, latents: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Latents to levels in blocks (48, rows/4, W/4), some rows at a time, neither rounded nor clipped.

        Channel 16 c + 4 i + j is color c of the pixel in row i and column j of a block.
        """
        opened = self._opener()
        strip: NDArray[np.float32] | None = None
        for row, column in self._tiles:
            part = latents[
                :, row.first // PATCH : row.last // PATCH, column.first // PATCH : column.last // PATCH
            ]
            blocks = self._run(opened, SYNTHESIS_FILE, "latents", np.ascontiguousarray(part[None]))
            inner = blocks[_inner(row, column, BLOCK)]
            if len(self._tiles) == 1:
                strip = inner
            else:  # a copy, for the memory of one tile's output to serve the next
                if strip is None:
                    strip = np.empty((*inner.shape[:2], self._width // BLOCK), np.float32)
                strip[:, :, column.begin // BLOCK : column.end // BLOCK] = inner
            if column.end == self._width:
                yield from np.array_split(strip, -(-(row.end - row.begin) // _ROWS), 1)
                strip = None

    def _opener(self) -> Opener:
        """Memory is kept from one tile to the next until their picture is done, and that of small pictures.

        Taking it anew costs a fifth of a call; whole pictures are small enough to leave it.
        """
        return partial(open_session, arena=True) if len(self._tiles) == 1 else RunSessions()

    def _run(self, opened: Opener, name: str, entry: str, value: NDArray[np.float32]) -> NDArray[np.float32]:
        session = opened(self._info, name, self._threads)
        found: Any = session.run(None, {entry: value})[0]
        out: NDArray[np.float32] = found[0]
        return out


def _inner(row: _Piece, column: _Piece, unit: int) -> tuple[slice, slice, slice]:
    """The part of a network's output that is the tile without its halo."""
    return (
        slice(None),
        slice((row.begin - row.first) // unit, (row.end - row.first) // unit),
        slice((column.begin - column.first) // unit, (column.end - column.first) // unit),
    )


def padded(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Levels (H, W, 3) with the last row and column repeated up to multiples of 64."""
    missing = [(0, -n % STRIDE) for n in pixels.shape[:2]]
    return np.pad(pixels, [*missing, (0, 0)], mode="edge") if any(m for _, m in missing) else pixels


def to_pixels(blocks: NDArray[np.float32], gray: bool) -> NDArray[np.uint8]:
    """Levels in blocks, as `Transforms.synthesize` gives them, to samples (H, W, 3), or (H, W, 1) of gray."""
    _, rows, columns = blocks.shape
    levels = blocks.reshape(3, BLOCK, BLOCK, rows, columns)
    if gray:
        levels = levels.mean(0, keepdims=True)
    # Rounded before they are put in order: bytes are quicker to move than floats.
    samples = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return samples.transpose(3, 1, 4, 2, 0).reshape(rows * BLOCK, columns * BLOCK, -1)
