"""Random damage to files: known errors, no others, never a hang.

Most of it to container and coding, without running networks; results/hard-input.md has the long run.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest

from nacre import api
from nacre.api.checks import parse_checked
from nacre.bench.hard_input.mutations import mutated, reseal, without_checksums
from nacre.codecs.contract import DecodeOptions
from nacre.codecs.progressive.decoding import ProgressiveDecoder
from nacre.codecs.registry import get_codec_by_number
from nacre.coding.stream import EndOfStreamError
from nacre.container.file import parse_file
from nacre.container.header import parse_header
from nacre.errors import FormatError, LimitError, NacreWarning, TruncatedError, WeightsError

pytestmark = pytest.mark.usefixtures("tiny_weights")

GOLDEN = Path(__file__).parent / "golden"
CODE_FILES = ("cut-in-iteration", "gray-alpha", "metadata", "no-checksums", "one-pixel", "segments", "tall")
UNIT_FILES = ("lstm-fc-dynamic", "residual-conv", "static-conv-64")
PLANE_FILES = (
    "progressive",
    "progressive-cut",
    "progressive-gray",
    "progressive-alpha",
    "progressive-odd",
    "progressive-one-pixel",
    "progressive-long",
    "progressive-regions",
)
WHOLE_FILES = ("gray-alpha", "segments", *UNIT_FILES, "progressive-odd")
SLOWEST = 10.0
"""Seconds of the processor."""
KNOWN = (FormatError, TruncatedError, WeightsError, LimitError)


def decode_symbols(data: bytes) -> int:
    """All that decoding does before a network runs; whole passes received."""
    parsed = parse_checked(data, None)
    decoder: Any = get_codec_by_number(parsed.header.codec).decoder(api.coded(parsed), DecodeOptions(1))
    if isinstance(decoder, ProgressiveDecoder):
        return receive_planes(decoder, parsed.stream)
    received, _ = decoder.receive(parsed.stream)
    assert received.shown() or sum(received.received) < received.opening
    if received.active is not None:
        # A unit that has stopped never starts again, and has no codes.
        assert not (received.active[1:] & ~received.active[:-1]).any()
        located = [received.located(t) for t in range(len(received.codes))]
        assert not received.codes[~np.stack(located)].any()
    return sum(received.received)


def receive_planes(decoder: ProgressiveDecoder, stream: bytes) -> int:
    """Passes, of which the first layer is one."""
    try:
        predicted, planes, alpha = decoder.receive(stream)
    except EndOfStreamError:
        return 0
    means = predicted.copy()
    planes.add_to(predicted)
    assert np.isfinite(predicted - means).all()
    assert alpha is None or alpha.shown().ndim == 2
    return 1 + planes.done


def decode_picture(data: bytes) -> int:
    """All of decoding, and the header's own size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NacreWarning)
        picture = api.decompress(data, threads=1)
    header = parse_header(data)[0]
    assert picture.pixels.shape == (header.height, header.width, 1 if header.gray else 3)
    assert (picture.alpha is not None) == header.alpha
    return 1


def mutate(names: tuple[str, ...], mutations: int, decode: Callable[[bytes], int]) -> Counter[str]:
    """How decoding of so many damaged files ends: with a picture, without, or with which error."""
    files = [(GOLDEN / "files" / f"{name}.nacre").read_bytes() for name in names]
    files += [without_checksums(data) for data in files if parse_file(data).integrity == "whole"]
    ends: Counter[str] = Counter()
    messages: set[str] = set()
    slowest = 0.0
    for data in mutated(files, mutations, seed=20_261_121):
        start = process_time()
        try:
            ends["picture" if decode(data) else "no picture"] += 1
        except KNOWN as error:
            ends[type(error).__name__] += 1
            messages.add(str(error))
        slowest = max(slowest, process_time() - start)
    assert sum(ends.values()) == mutations
    assert slowest < SLOWEST
    assert all(message.endswith(".") and "\n" not in message for message in messages)
    return ends


@pytest.mark.parametrize("mutations", [1_000, pytest.param(20_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("names", [CODE_FILES, UNIT_FILES], ids=["codes", "units"])
def test_mutations_of_codes_end_in_known_errors(names: tuple[str, ...], mutations: int) -> None:
    ends = mutate(names, mutations, decode_symbols)
    # Each way to end is really met.
    assert min(ends[x] for x in ("picture", "no picture", "FormatError", "TruncatedError")) > 5, ends


@pytest.mark.parametrize("mutations", [300, pytest.param(5_000, marks=pytest.mark.slow)])
def test_mutations_of_planes_end_in_known_errors(mutations: int) -> None:
    ends = mutate(PLANE_FILES, mutations, decode_symbols)
    assert min(ends[x] for x in ("picture", "no picture", "FormatError", "TruncatedError")) > 1, ends


@pytest.mark.parametrize("mutations", [300, pytest.param(2_000, marks=pytest.mark.slow)])
def test_mutations_end_to_end(mutations: int) -> None:
    ends = mutate(WHOLE_FILES, mutations, decode_picture)
    assert min(ends[x] for x in ("picture", "FormatError", "TruncatedError")) > mutations // 20, ends


def test_resealing_reaches_the_fields() -> None:
    data = bytearray((GOLDEN / "files" / "rgb.nacre").read_bytes())
    data[7] = 99
    with pytest.raises(FormatError, match="checksum"):
        parse_header(bytes(data))
    assert parse_header(reseal(bytes(data)))[0].codec == 99
