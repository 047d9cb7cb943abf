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
from nacre.runtime.sessions import open_session, run
from nacre.runtime.weights import WeightsInfo

Plane = NDArray[np.float32]
Values = list[onnxruntime.OrtValue]

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"


def network_shape(info: WeightsInfo) -> GruConvShape:
    """The widths of installed weights, from their record."""
    fields: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in info.record["network"].items()
    }
    return GruConvShape(**fields)


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
    """A decoder's picture after some iterations, with the states to go on from."""

    picture: onnxruntime.OrtValue
    states: tuple[onnxruntime.OrtValue, ...]

    def array(self) -> Plane:
        """(1, 3, H, W) float32."""
        return np.asarray(self.picture.numpy(), np.float32)


class DecoderStep:
    """The decoder: codes and a shown picture to the next one; keeps nothing itself."""

    def __init__(self, info: WeightsInfo, threads: int | None) -> None:
        self._session = open_session(info, DECODER_FILE, threads)
        self._shape = network_shape(info)
        self._inputs = {i.name for i in self._session.get_inputs()}

    def start(self, height: int, width: int) -> Shown:
        """The empty picture, sides in pixels."""
        states = _zero_states(self._shape.decoder_states(), height, width)
        return Shown(_value(np.zeros((1, 3, height, width), np.float32)), tuple(states))

    def __call__(self, before: Shown, codes: Codes) -> Shown:
        """Run one iteration on codes (H/16, W/16, C), 0 where missing."""
        feeds = {"codes": _value(codes.transpose(2, 0, 1)[None])}
        feeds |= {f"state{i}": s for i, s in enumerate(before.states)}
        if "previous" in self._inputs:  # one-shot networks redraw the picture
            feeds["previous"] = before.picture
        picture, *states = run(self._session, feeds)
        return Shown(picture, tuple(states))


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
