"""Codes to a stream with its layers: what all recurrent codecs do once their networks have run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import Layer
from nacre.codecs.recurrent.contexts import CodeModel, VoteModel
from nacre.codecs.recurrent.entropy import RAW, best_model, load_model
from nacre.codecs.recurrent.stream import PASSES, Iterations, code_stream
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitEncoder
from nacre.runtime.weights import WeightsInfo


def send(
    sent: Iterations, info: WeightsInfo, alpha: NDArray[np.uint8] | None
) -> tuple[bytes, list[int], int]:
    """The stream, where each pass ends in it, and its entropy model.

    Codes that the weights' model would make longer are sent as they are.
    """
    entropy = best_model(info)
    stream, borders = _code(sent, load_model(info, entropy), alpha)
    if len(stream) * 8 > np.count_nonzero(sent.codes):
        plain, plain_borders = _code(sent, None, alpha)
        if len(plain) < len(stream):
            return plain, plain_borders, RAW
    return stream, borders, entropy


def _code(
    sent: Iterations, model: VoteModel | None, alpha: NDArray[np.uint8] | None
) -> tuple[bytes, list[int]]:
    coder = BitEncoder()
    _, rows, columns, channels = sent.codes.shape
    plane = None if alpha is None else AlphaCoder(alpha.shape[0], alpha.shape[1], alpha)
    again = Iterations(sent.codes, sent.floors, opening=sent.opening, active=sent.active)
    code_stream(coder, CodeModel(rows, columns, channels, model), again, plane, send=True)
    return coder.finish()


def layers_of(
    borders: list[int], floors: list[int], errors: list[dict[int, float]], samples: int, opening: int
) -> tuple[Layer, ...]:
    """A layer a pass from the opening on; its PSNR is that of the picture then shown.

    Parameters
    ----------
    errors
        For each iteration the squared error of its picture by whole passes, where it was measured.
    samples
        Of the picture.
    """
    layers = []
    shown: float | None = None
    for i, end in enumerate(borders[opening - 1 :], opening - 1):
        t, k = i // PASSES, i % PASSES + 1
        if (k >= floors[t] or i == opening - 1) and k in errors[t]:
            shown = _psnr(errors[t][k], samples)
        layers.append(Layer(end, shown, t + 1, k == PASSES))
    return tuple(layers)


def _psnr(squared_error: float, samples: int) -> float:
    return 99.0 if squared_error == 0 else float(10 * np.log10(255**2 * samples / squared_error))
