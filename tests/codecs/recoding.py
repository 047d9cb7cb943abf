"""The codec without the file around it, for tests that look at symbols."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import Coded, DecodeOptions, Encoded, EncodeOptions
from nacre.codecs.recurrent.decoding import GruConvDecoder
from nacre.codecs.recurrent.gru_conv import GruConv
from nacre.codecs.recurrent.stream import Iterations
from nacre.picture.picture import Picture


def encode(picture: Picture, iterations: int = 8, *, fast: bool = False) -> Encoded:
    return GruConv().encode(picture, EncodeOptions(iterations, fast, 1))


def decoder(encoded: Encoded, picture: Picture) -> GruConvDecoder:
    coded = Coded(
        encoded.weights_tag,
        encoded.parameters,
        picture.width,
        picture.height,
        picture.is_gray,
        picture.alpha is not None,
        b"",
    )
    return GruConv().decoder(coded, DecodeOptions(threads=1))


def symbols(encoded: Encoded, picture: Picture, length: int | None = None) -> Iterations:
    return decoder(encoded, picture).receive(encoded.stream[:length])[0]


def pixels(encoded: Encoded, picture: Picture, length: int | None = None) -> NDArray[np.uint8]:
    return decoder(encoded, picture).best(encoded.stream[:length]).pixels
