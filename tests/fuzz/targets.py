"""What a fuzzer calls: any bytes end in a result or in an error that nacre knows.

Nothing is filtered. Checksums of headers are made to fit in some targets, since no fuzzer guesses them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress

from nacre import api
from nacre.bench.hard_input.mutations import reseal
from nacre.codecs.contract import Coded, DecodeOptions
from nacre.codecs.progressive.progressive import Progressive
from nacre.codecs.recurrent.gru_conv import GruConv
from nacre.codecs.recurrent.units import lstm_conv, lstm_fc, residual_conv
from nacre.container.file import parse_file
from nacre.errors import NacreError, NacreWarning
from nacre.runtime.weights import find_weights

LARGEST = 1 << 16
"""Pixels, as callers may lower the limit."""
_CODECS = (Progressive, GruConv, lstm_fc, residual_conv, lstm_conv)
_PARAMETERS = (1, 3, 2, 2, 2)
"""Bytes of each."""


def container(data: bytes) -> None:
    """A file as it comes."""
    with suppress(NacreError):
        api.info(data)


def header(data: bytes) -> None:
    """A header whose checksum fits, and what follows."""
    with suppress(NacreError):
        parsed = parse_file(reseal(data))
        assert len(parsed.stream) <= len(data)


def coding(data: bytes) -> None:
    """A stream under any parameters and small size: codec, width, height, layout, parameters, stream."""
    if len(data) < 4:
        return
    which = data[0] % len(_CODECS)
    codec, count = _CODECS[which](), _PARAMETERS[which]
    tag = bytes.fromhex(find_weights(codec.name).tag)
    coded = Coded(
        weights_tag=tag,
        parameters=data[4 : 4 + count],
        width=1 + data[1],
        height=1 + data[2],
        gray=bool(data[3] & 1),
        alpha=bool(data[3] & 2),
        stream=data[4 + count :],
    )
    with suppress(NacreError):
        picture = codec.decode(coded, DecodeOptions(threads=1))
        assert (picture.height, picture.width) == (coded.height, coded.width)


def decode(data: bytes) -> None:
    """A whole file whose header's checksum fits, all of decoding."""
    with suppress(NacreError), warnings.catch_warnings():
        warnings.simplefilter("ignore", NacreWarning)
        api.decompress(reseal(data), threads=1, max_pixels=LARGEST)


TARGETS: dict[str, Callable[[bytes], None]] = {t.__name__: t for t in (container, header, coding, decode)}
