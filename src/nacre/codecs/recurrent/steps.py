"""One iteration of a recurrent codec as ONNX graphs with explicit states.

Pictures are float32 (1, 3, H, W) in [-0.5, 0.5] with H, W multiples of 16; codes are float32
(1, C, H/16, W/16) in {-1, 0, +1}.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.presets import STRIDE, GruConvShape
from nacre.errors import WeightsError
from nacre.runtime.sessions import open_session, run
from nacre.runtime.weights import WeightsInfo

Plane = NDArray[np.float32]
Levels = NDArray[np.float32]
Values = list[onnxruntime.OrtValue]

ENCODER_FILE = "encoder.onnx"
TRUNK_FILE = "decoder.onnx"
HEAD_FILE = "decoder_head.onnx"

STRIP_ROWS = 64
"""Rows of the head's states, at half resolution, in one strip."""


def network_shape(info: WeightsInfo) -> GruConvShape:
    """The widths of installed weights, from their record.

    Raises
    ------
    WeightsError
        If the record does not say them.
    """
    try:
        network = info.record["network"].items()
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in network}
        return GruConvShape(**fields)
    except (KeyError, AttributeError, TypeError) as error:
        raise WeightsError(
            f"The record of the weights of {info.codec} does not describe a network; install nacre again."
        ) from error


def _value(array: NDArray[Any]) -> onnxruntime.OrtValue:
    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array, np.float32))


def _zero_states(shapes: list[tuple[int, int]], height: int, width: int) -> Values:
    return [_value(np.zeros((1, c, height // s, width // s), np.float32)) for c, s in shapes]


class EncoderStep:
    """The encoder of one picture: what is missing to codes, iteration by iteration."""

    def __init__(self, info: WeightsInfo, height: int, width: int, threads: int | None) -> None:
        self._session = open_session(info, ENCODER_FILE, threads)
        self._states = _zero_states(network_shape(info).encoder_states(), height, width)

    def __call__(self, residual: Plane) -> Codes:
        """Codes (H/16, W/16, C) int8 in {-1, +1} of a residual (1, 3, H, W)."""
        feeds = {"residual": _value(residual)} | {f"state{i}": s for i, s in enumerate(self._states)}
        codes, *self._states = run(self._session, feeds)
        found: Codes = codes.numpy()[0].transpose(1, 2, 0).astype(np.int8)
        return found


@dataclass(frozen=True)
class Shown:
    """A decoder's picture after some iterations, with the states to go on from.

    Attributes
    ----------
    picture
        (1, 3, H, W) float32.
    below
        States of the trunk.
    above
        States of the head, (1, C, H/2, W/2).
    """

    picture: Plane
    below: tuple[onnxruntime.OrtValue, ...]
    above: tuple[Plane, ...]


class DecoderStep:
    """The decoder: codes and a shown picture to the next one; keeps nothing itself.

    The trunk runs on the whole picture. The head, whose states are the largest, runs on strips of rows
    where its state-to-state convolution is 1x1, so that its working set stays in the caches.
    """

    def __init__(self, info: WeightsInfo, threads: int | None) -> None:
        self._trunk = open_session(info, TRUNK_FILE, threads)
        self._head = open_session(info, HEAD_FILE, threads)
        shape = network_shape(info)
        states = shape.decoder_states()
        copies = len(states) // len(shape.decoder_rnn)
        self._below, self._above = states[:-copies], states[-copies:]
        self._strip = STRIP_ROWS if shape.decoder_hidden[-1] == 1 else None
        self._inputs = {i.name for i in self._head.get_inputs()}

    def start(self, height: int, width: int) -> Shown:
        """The empty picture, sides in pixels."""
        above = tuple(np.zeros((1, c, height // s, width // s), np.float32) for c, s in self._above)
        below = tuple(_zero_states(self._below, height, width))
        return Shown(np.zeros((1, 3, height, width), np.float32), below, above)

    def __call__(self, before: Shown, codes: Codes, *, reuse: bool = False) -> Shown:
        """Run one iteration on codes (H/16, W/16, C), 0 where missing.

        With `reuse` the arrays of `before` become those of the result, and `before` is spent.
        """
        feeds = {"codes": _value(codes.transpose(2, 0, 1)[None])}
        feeds |= {f"state{i}": s for i, s in enumerate(before.below)}
        features, *below = run(self._trunk, feeds)
        # A row of zeros above and below the picture, as the network was trained with.
        padded = np.pad(features.numpy(), ((0, 0), (0, 0), (1, 1), (0, 0)))
        picture = before.picture if reuse else np.empty_like(before.picture)
        above = before.above if reuse else tuple(np.empty_like(state) for state in before.above)
        rows = before.above[0].shape[2]
        for top in range(0, rows, self._strip or rows):
            end = min(top + (self._strip or rows), rows)
            strip = {"features": padded[:, :, top : end + 2]}
            if "previous" in self._inputs:  # one-shot networks redraw the picture
                strip["previous"] = before.picture[:, :, 2 * top : 2 * end]
            strip |= {f"state{i}": state[:, :, top:end] for i, state in enumerate(before.above)}
            shown, *states = self._head.run(None, {k: np.ascontiguousarray(v) for k, v in strip.items()})
            picture[:, :, 2 * top : 2 * end] = shown
            for target, state in zip(above, states, strict=True):
                target[:, :, top:end] = state
        return Shown(picture, tuple(below), above)


def to_network(pixels: NDArray[np.uint8]) -> Plane:
    """(H, W, 3) uint8 to (1, 3, H, W) float32 in [-0.5, 0.5]."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / np.float32(255) - np.float32(
        0.5
    )


def from_network(planes: Plane) -> Plane:
    """(1, 3, H, W) to levels (H, W, 3) in [0, 255], not rounded."""
    levels: Plane = (planes[0].transpose(1, 2, 0) + np.float32(0.5)) * np.float32(255)
    return np.clip(levels, 0, 255, out=levels)


def cells(pixels: int) -> int:
    """Code cells along a side of so many pixels."""
    return -(-pixels // STRIDE)


def to_layout(levels: Levels, gray: bool) -> Levels:
    """RGB levels, or their mean for a gray picture."""
    return levels.mean(axis=2, keepdims=True) if gray else levels
