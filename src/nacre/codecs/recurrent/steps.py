"""One iteration of a recurrent codec as ONNX graphs with explicit states.

Pictures are float32 (1, 3, H, W) in [-0.5, 0.5] with H, W multiples of 16; codes are float32
(1, C, H/16, W/16) in {-1, 0, +1}.

Priming (Johnston et al. 2018): the first call of either side runs its network some times more before, on
the same input, and of those runs keeps the states alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.presets import STRIDE, GruConvShape
from nacre.errors import WeightsError
from nacre.runtime.sessions import Opener, open_session, run
from nacre.runtime.weights import WeightsInfo

Plane = NDArray[np.float32]
Levels = NDArray[np.float32]
Values = NDArray[np.float32]
"""(H/16, W/16, C): of the encoder, in (-1, 1), before the binarizer."""
States = list[onnxruntime.OrtValue]

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


def _zero_states(shapes: list[tuple[int, int]], height: int, width: int) -> States:
    return [_value(np.zeros((1, c, height // s, width // s), np.float32)) for c, s in shapes]


class EncoderStep:
    """The encoder of one picture: what is missing to values, iteration by iteration."""

    def __init__(
        self,
        info: WeightsInfo,
        height: int,
        width: int,
        threads: int | None,
        opened: Opener = open_session,
        priming: int = 0,
    ) -> None:
        self._session = opened(info, ENCODER_FILE, threads)
        self._priming = priming
        self._states = _zero_states(network_shape(info).encoder_states(), height, width)

    def __call__(self, residual: Plane) -> Values:
        """Values of a residual (1, 3, H, W), whose signs are its codes."""
        while self._priming:
            self._priming -= 1
            self._step(residual)
        values: Values = self._step(residual).numpy()[0].transpose(1, 2, 0)
        return values

    def _step(self, residual: Plane) -> onnxruntime.OrtValue:
        feeds = {"residual": _value(residual)} | {f"state{i}": s for i, s in enumerate(self._states)}
        values, *self._states = run(self._session, feeds)
        return values


def signs(values: Values) -> Codes:
    """Codes in {-1, +1}; 0 gives +1."""
    return np.where(values < 0, np.int8(-1), np.int8(1))


@dataclass(frozen=True)
class Strip:
    """Rows of a shown picture, with the head's states behind them.

    Attributes
    ----------
    top, end
        Rows of the states, at half resolution.
    picture
        (1, 3, 2 (end - top), W) float32.
    states
        (1, C, end - top, W / 2) float32 each.
    """

    top: int
    end: int
    picture: onnxruntime.OrtValue
    states: tuple[onnxruntime.OrtValue, ...]


@dataclass(frozen=True)
class Shown:
    """A decoder's picture after some iterations, with the states to go on from.

    Attributes
    ----------
    below
        States of the trunk.
    strips
        The picture from top to bottom.
    empty
        Whether it is the picture before the first iteration.
    """

    below: tuple[onnxruntime.OrtValue, ...]
    strips: tuple[Strip, ...]
    empty: bool = False

    @cached_property
    def picture(self) -> Plane:
        """(1, 3, H, W) float32."""
        return np.concatenate([strip.picture.numpy() for strip in self.strips], axis=2)

    def with_states_of(self, other: Shown) -> Shown:
        """The same picture, to go on from the states of another."""
        pairs = zip(self.strips, other.strips, strict=True)
        return replace(self, below=other.below, strips=tuple(replace(b, picture=a.picture) for a, b in pairs))


class DecoderStep:
    """The decoder: codes and a shown picture to the next one; keeps nothing itself.

    The trunk runs on the whole picture. The head, whose states are the largest, runs on strips of rows
    where its state-to-state convolution is 1x1, so that its working set stays in the caches.
    """

    def __init__(
        self,
        info: WeightsInfo,
        threads: int | None,
        opened: Opener = open_session,
        priming: int = 0,
    ) -> None:
        self._priming = priming
        self._trunk = opened(info, TRUNK_FILE, threads)
        self._head = open_session(info, HEAD_FILE, threads, arena=True)
        shape = network_shape(info)
        states = shape.decoder_states()
        copies = len(states) // len(shape.decoder_rnn)
        self._below, self._above = states[:-copies], states[-copies:]
        self._rows = STRIP_ROWS if shape.decoder_hidden[-1] == 1 else None
        self._inputs = {i.name for i in self._head.get_inputs()}

    def start(self, height: int, width: int) -> Shown:
        """The empty picture, sides in pixels."""
        rows = height // 2
        tops = range(0, rows, self._rows or rows)
        strips = []
        for top in tops:
            end = min(top + tops.step, rows)
            high = 2 * (end - top)
            picture = _value(np.zeros((1, 3, high, width), np.float32))
            strips.append(Strip(top, end, picture, tuple(_zero_states(self._above, high, width))))
        return Shown(tuple(_zero_states(self._below, height, width)), tuple(strips), empty=True)

    def __call__(self, before: Shown, codes: Codes) -> Shown:
        """Run one iteration on codes (H/16, W/16, C), 0 where missing."""
        for _ in range(self._priming if before.empty else 0):
            before = before.with_states_of(self._iterate(before, codes))
        return self._iterate(before, codes)

    def _iterate(self, before: Shown, codes: Codes) -> Shown:
        feeds = {"codes": _value(codes.transpose(2, 0, 1)[None])}
        feeds |= {f"state{i}": s for i, s in enumerate(before.below)}
        features, *below = run(self._trunk, feeds)
        # A row of zeros above and below the picture, as the network was trained with.
        padded = np.pad(features.numpy(), ((0, 0), (0, 0), (1, 1), (0, 0)))
        return Shown(tuple(below), tuple(self._strip(strip, padded) for strip in before.strips))

    def _strip(self, before: Strip, padded: Plane) -> Strip:
        feeds = {"features": _value(padded[:, :, before.top : before.end + 2])}
        if "previous" in self._inputs:  # one-shot networks redraw the picture
            feeds["previous"] = before.picture
        feeds |= {f"state{i}": state for i, state in enumerate(before.states)}
        picture, *states = run(self._head, feeds)
        return Strip(before.top, before.end, picture, tuple(states))


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
