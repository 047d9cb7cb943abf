"""The codec without the file around it, for tests that look at symbols; and `gru-conv` with it."""

from __future__ import annotations

from functools import partial
from typing import cast

import numpy as np
from numpy.typing import NDArray

import nacre
from nacre.codecs.contract import Coded, DecodeOptions, Encoded, EncodeOptions
from nacre.codecs.recurrent.decoding import GruConvDecoder
from nacre.codecs.recurrent.stream import Iterations
from nacre.codecs.recurrent.unit_decoding import UnitPictureDecoder
from nacre.codecs.registry import get_codec
from nacre.picture.picture import Picture

GRU_CONV = "gru-conv"
to_file = partial(nacre.encode, codec=GRU_CONV, threads=1)
compress = partial(nacre.compress, codec=GRU_CONV, threads=1)


def encode(
    picture: Picture, iterations: int | None = 8, *, fast: bool = False, codec: str = GRU_CONV
) -> Encoded:
    return get_codec(codec).encode(picture, EncodeOptions(iterations, fast, 1))


def coded(encoded: Encoded, picture: Picture) -> Coded:
    """What a file would say of the picture, without its stream."""
    return Coded(
        encoded.weights_tag,
        encoded.parameters,
        picture.width,
        picture.height,
        picture.is_gray,
        picture.alpha is not None,
        b"",
    )


def decoder(encoded: Encoded, picture: Picture, codec: str = GRU_CONV) -> GruConvDecoder | UnitPictureDecoder:
    made = get_codec(codec).decoder(coded(encoded, picture), DecodeOptions(threads=1))
    return cast("GruConvDecoder | UnitPictureDecoder", made)


def symbols(
    encoded: Encoded, picture: Picture, length: int | None = None, codec: str = GRU_CONV
) -> Iterations:
    return decoder(encoded, picture, codec).receive(encoded.stream[:length])[0]


def pixels(
    encoded: Encoded, picture: Picture, length: int | None = None, codec: str = GRU_CONV
) -> NDArray[np.uint8]:
    return decoder(encoded, picture, codec).best(encoded.stream[:length]).pixels
