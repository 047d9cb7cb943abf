"""One iteration of a network of 2016 as ONNX graphs over batches of units, with explicit states.

Units are float32 (N, 3, S, S) in [-0.9, 0.9]; codes are int8 (N, K, K, bits) in {-1, +1}.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.unit_shapes import SCALE, UnitShape
from nacre.errors import WeightsError
from nacre.runtime.sessions import open_session
from nacre.runtime.weights import WeightsInfo

Units = NDArray[np.float32]
States = list[Units]

ENCODER_FILE = "encoder.onnx"
DECODER_FILE = "decoder.onnx"

_CHUNK_PIXELS = 1 << 15
"""Pixels of the units that one call runs on: what bounds memory."""


def unit_shape(info: WeightsInfo) -> UnitShape:
    """The shape of installed weights, from their record.

    Raises
    ------
    WeightsError
        If the record does not say it.
    """
    try:
        network = dict(info.record["network"])
        return UnitShape(**network | {"widths": tuple(network["widths"])})
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"The record of the weights of {info.codec} does not describe a network; install nacre again."
        ) from error


def chunks(shape: UnitShape, count: int) -> list[slice]:
    """Units of each call, at most 32,768 pixels of them."""
    size = _CHUNK_PIXELS // shape.side**2
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


class _Step:
    """Either side: a session, which stage an iteration runs, and zero states."""

    def __init__(
        self, info: WeightsInfo, file: str, states: list[tuple[int, ...]], threads: int | None
    ) -> None:
        self._session = open_session(info, file, threads, arena=True)
        self._shapes = states
        self._stages = unit_shape(info).stages

    def initial(self, count: int) -> States:
        """States of `count` units before the first iteration."""
        return [np.zeros((count, *shape), np.float32) for shape in self._shapes]

    def _run(self, iteration: int, name: str, value: Units | Codes, states: States) -> tuple[Units, States]:
        feeds: dict[str, Any] = {name: np.ascontiguousarray(value, np.float32)}
        feeds |= {f"state{i}": state for i, state in enumerate(states)}
        if self._stages > 1:
            feeds["stage"] = np.array(min(iteration, self._stages - 1), np.int64)
        out, *after = self._session.run(None, feeds)
        return out, after


class UnitEncoder(_Step):
    """What is missing to codes."""

    def __init__(self, info: WeightsInfo, threads: int | None) -> None:
        super().__init__(info, ENCODER_FILE, unit_shape(info).encoder_states(), threads)

    def __call__(self, iteration: int, missing: Units, states: States) -> tuple[Codes, States]:
        """Codes (N, K, K, bits) of an iteration (from 0), and new states."""
        codes, after = self._run(iteration, "missing", missing, states)
        return codes.transpose(0, 2, 3, 1).astype(np.int8), after


class UnitDecoder(_Step):
    """Codes to units."""

    def __init__(self, info: WeightsInfo, threads: int | None) -> None:
        shape = unit_shape(info)
        super().__init__(info, DECODER_FILE, shape.decoder_states(), threads)
        self._memory = shape.memory

    def __call__(self, iteration: int, codes: Codes, shown: Units, states: States) -> tuple[Units, States]:
        """Units after an iteration (from 0) of those `shown` before it, and new states."""
        picture, after = self._run(iteration, "codes", codes.transpose(0, 3, 1, 2), states)
        return (picture if self._memory else shown + picture), after


def to_network(units: NDArray[np.uint8]) -> Units:
    """Levels (N, S, S, C), one or three channels, to (N, 3, S, S) in [-0.9, 0.9]."""
    scaled = units.transpose(0, 3, 1, 2).astype(np.float32) * np.float32(2 * SCALE / 255) - np.float32(SCALE)
    return np.ascontiguousarray(np.broadcast_to(scaled, (len(scaled), 3, *scaled.shape[2:])))


def from_network(shown: Units, gray: bool) -> NDArray[np.uint8]:
    """(N, 3, S, S) to rounded levels (N, S, S, C); gray is the mean of the channels."""
    levels = (shown + np.float32(SCALE)) * np.float32(255 / (2 * SCALE))
    np.clip(levels, 0, 255, out=levels)
    if gray:
        levels = levels.mean(axis=1, keepdims=True)
    rounded: NDArray[np.uint8] = np.rint(levels).astype(np.uint8).transpose(0, 2, 3, 1)
    return rounded
