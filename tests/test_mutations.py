"""Random damage to container and coding, without running networks: known errors, no others, never a hang."""

from __future__ import annotations

import dataclasses
import random
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nacre import api
from nacre.codecs.contract import DecodeOptions
from nacre.codecs.progressive.decoding import ProgressiveDecoder
from nacre.codecs.progressive.tables import load_tables
from nacre.codecs.recurrent.contexts import CodeModel, Tables
from nacre.codecs.recurrent.parameters import TABLES, Parameters
from nacre.codecs.recurrent.stream import Iterations, code_stream
from nacre.codecs.recurrent.unit_parameters import UnitParameters
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitDecoder, EndOfStreamError
from nacre.container.file import parse_file
from nacre.container.header import SIGNATURE, Header, parse_header
from nacre.container.segments import pack_segment
from nacre.errors import FormatError, TruncatedError
from nacre.runtime.weights import WeightsInfo, find_weights

GOLDEN = Path(__file__).parent / "golden"
FILES = ("cut-in-iteration", "gray-alpha", "metadata", "no-checksums", "one-pixel", "segments", "tall")
UNIT_FILES = ("lstm-fc-dynamic",)
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
MUTATIONS = 20_000
SLOWEST = 10.0
LARGEST = 1 << 16  # pixels, in place of the api's limit
LARGEST_PLANES = 1 << 15  # of which passes over planes make more work
ENDS = ("picture", "no picture", "FormatError", "TruncatedError")


@pytest.fixture(scope="module")
def tables(tiny_root: Path) -> dict[int, Tables]:
    """By codec number."""
    names = {7: "gru-conv", 3: "lstm-fc"}
    return {n: Tables.load((tiny_root / name / "tables.npz").read_bytes()) for n, name in names.items()}


def flip(data: bytearray, generator: random.Random) -> None:
    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)


def replace(data: bytearray, generator: random.Random) -> None:
    start = generator.randrange(len(data))
    data[start : start + 4] = generator.randbytes(generator.randrange(1, 9))


def cut(data: bytearray, generator: random.Random) -> None:
    del data[generator.randrange(len(data)) :]


def drop(data: bytearray, generator: random.Random) -> None:
    start = generator.randrange(len(data))
    del data[start : start + generator.randrange(1, 20)]


def repeat(data: bytearray, generator: random.Random) -> None:
    start = generator.randrange(len(data))
    data[start:start] = data[start : start + generator.randrange(1, 40)]


def extremes(data: bytearray, generator: random.Random) -> None:
    data[generator.randrange(len(data))] = generator.choice((0x00, 0x7F, 0x80, 0xFF))


MUTATORS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flip,
    replace,
    cut,
    drop,
    repeat,
    extremes,
)


def reseal(data: bytes) -> bytes:
    """A checksum that fits the header again, so that damage goes on to the fields behind it."""
    if len(data) < 12 or not data.startswith(SIGNATURE) or data[6] > 127 or len(data) < 11 + data[6]:
        return data
    end = 7 + data[6]
    return data[:end] + zlib.crc32(data[:end]).to_bytes(4, "big") + data[end + 4 :]


def without_checksums(data: bytes) -> bytes:
    """The same file with checksums off, so that damage to the stream reaches the coder."""
    parsed = parse_file(data)
    header = dataclasses.replace(parsed.header, checksums=False)
    return header.pack() + b"".join(pack_segment(s.type, s.payload, False) for s in parsed.segments)


def decode_symbols(data: bytes, tables: dict[int, Tables]) -> int:
    """All that decoding does before a network runs; whole passes received."""
    parsed = parse_file(data)
    header = parsed.header
    if header.width * header.height > LARGEST:
        return 0
    units = header.codec == 3
    received, entropy = (unit_iterations if units else cell_iterations)(header)
    model = CodeModel(*received.codes.shape[1:], tables[3 if units else 7] if entropy == TABLES else None)
    alpha = AlphaCoder(header.height, header.width) if header.alpha else None
    code_stream(BitDecoder(parsed.stream), model, received, alpha, send=False)
    assert received.shown() or sum(received.received) < received.opening
    if received.active is not None:
        # A unit that has stopped never starts again, and has no codes.
        assert not (received.active[1:] & ~received.active[:-1]).any()
        assert not received.codes[~received.active].any()
    return sum(received.received)


def cell_iterations(header: Header) -> tuple[Iterations, int]:
    """What the decoder of `gru-conv` receives into, and the entropy model."""
    parameters = Parameters.parse(header.parameters)
    grid = parameters.iterations, -(-header.height // 16), -(-header.width // 16)
    return Iterations(np.zeros((*grid, 8), np.int8)), parameters.entropy


def unit_iterations(header: Header) -> tuple[Iterations, int]:
    """The same of `lstm-fc`."""
    parameters = UnitParameters.parse(header.parameters, 16)
    grid = parameters.iterations, -(-header.height // 8), -(-header.width // 8)
    active = np.zeros(grid, bool) if parameters.dynamic else None
    return Iterations(np.zeros((*grid, 4), np.int8), opening=4, active=active), parameters.entropy


def decode_planes(data: bytes, info: WeightsInfo) -> int:
    """The same of `progressive`, whatever weights the file names; passes, of which the first layer is one."""
    parsed = parse_file(data)
    if parsed.header.width * parsed.header.height > LARGEST_PLANES:
        return 0
    decoder = ProgressiveDecoder(info, api.coded(parsed), DecodeOptions(threads=1))
    try:
        predicted, planes, alpha = decoder.receive(parsed.stream)
    except EndOfStreamError:
        return 0
    means = predicted.copy()
    planes.add_to(predicted)
    # No symbol is further from its mean than the highest plane of any class allows.
    assert np.abs(predicted - means).max() < 2 << int(load_tables(info).top.max())
    assert alpha is None or alpha.shown().shape == (parsed.header.height, parsed.header.width)
    return 1 + planes.done


def mutate(names: tuple[str, ...], mutations: int, decode: Callable[[bytes], int]) -> Counter[str]:
    """How decoding of so many damaged files ends: with a picture, without, or with which error."""
    files = [(GOLDEN / "files" / f"{name}.nacre").read_bytes() for name in names]
    files += [without_checksums(data) for data in files if parse_file(data).integrity == "whole"]
    generator = random.Random(20_261_121)
    ends: Counter[str] = Counter()
    messages: set[str] = set()
    slowest = 0.0
    for i in range(mutations):
        data = bytearray(generator.choice(files))
        for _ in range(generator.choice((1, 1, 1, 2, 4))):
            if data:
                generator.choice(MUTATORS)(data, generator)
        mutated = reseal(bytes(data)) if i % 2 else bytes(data)
        start = time.perf_counter()
        try:
            passes = decode(mutated)
            ends["picture" if passes else "no picture"] += 1
        except (FormatError, TruncatedError) as error:
            ends[type(error).__name__] += 1
            messages.add(str(error))
        slowest = max(slowest, time.perf_counter() - start)
    assert sum(ends.values()) == mutations
    assert slowest < SLOWEST
    assert all(message.endswith(".") and "\n" not in message for message in messages)
    return ends


def test_mutations_end_in_known_errors(tables: dict[int, Tables]) -> None:
    ends = mutate((*FILES, *UNIT_FILES), MUTATIONS, lambda data: decode_symbols(data, tables))
    # Each way to end is really met.
    assert min(ends[name] for name in ENDS) > 100, ends


@pytest.mark.usefixtures("tiny_weights")
@pytest.mark.parametrize("mutations", [300, pytest.param(5_000, marks=pytest.mark.slow)])
def test_mutations_of_planes_end_in_known_errors(mutations: int) -> None:
    info = find_weights("progressive")
    ends = mutate(PLANE_FILES, mutations, lambda data: decode_planes(data, info))
    assert min(ends[name] for name in ENDS) > mutations // 200, ends


def test_resealing_reaches_the_fields() -> None:
    data = bytearray((GOLDEN / "files" / "rgb.nacre").read_bytes())
    data[7] = 99
    with pytest.raises(FormatError, match="checksum"):
        parse_header(bytes(data))
    assert parse_header(reseal(bytes(data)))[0].codec == 99
