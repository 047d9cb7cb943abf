"""Random damage to container and coding, without a network: known errors, never another, never a hang."""

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

from nacre.codecs.recurrent.contexts import CodeModel, Tables
from nacre.codecs.recurrent.parameters import TABLES, Parameters
from nacre.codecs.recurrent.stream import Iterations, code_stream
from nacre.codecs.recurrent.unit_parameters import UnitParameters
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitDecoder
from nacre.container.file import parse_file
from nacre.container.header import SIGNATURE, Header, parse_header
from nacre.container.segments import pack_segment
from nacre.errors import FormatError, TruncatedError

GOLDEN = Path(__file__).parent / "golden"
FILES = ("cut-in-iteration", "gray-alpha", "metadata", "no-checksums", "one-pixel", "segments", "tall")
UNIT_FILES = ("lstm-fc-dynamic",)
MUTATIONS = 20_000
SLOWEST = 10.0
LARGEST = 1 << 16  # pixels, in place of the api's limit


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


def test_mutations_end_in_known_errors(tables: dict[int, Tables]) -> None:
    files = [(GOLDEN / "files" / f"{name}.nacre").read_bytes() for name in (*FILES, *UNIT_FILES)]
    files += [without_checksums(data) for data in files if parse_file(data).integrity == "whole"]
    generator = random.Random(20_261_121)
    ends: Counter[str] = Counter()
    messages: set[str] = set()
    slowest = 0.0
    for i in range(MUTATIONS):
        data = bytearray(generator.choice(files))
        for _ in range(generator.choice((1, 1, 1, 2, 4))):
            if data:
                generator.choice(MUTATORS)(data, generator)
        mutated = reseal(bytes(data)) if i % 2 else bytes(data)
        start = time.perf_counter()
        try:
            passes = decode_symbols(mutated, tables)
            ends["picture" if passes else "no picture"] += 1
        except (FormatError, TruncatedError) as error:
            ends[type(error).__name__] += 1
            messages.add(str(error))
        slowest = max(slowest, time.perf_counter() - start)
    assert sum(ends.values()) == MUTATIONS
    # Each way to end is really met.
    assert min(ends[name] for name in ("picture", "no picture", "FormatError", "TruncatedError")) > 100, ends
    assert slowest < SLOWEST
    assert all(message.endswith(".") and "\n" not in message for message in messages)


def test_resealing_reaches_the_fields() -> None:
    data = bytearray((GOLDEN / "files" / "rgb.nacre").read_bytes())
    data[7] = 99
    with pytest.raises(FormatError, match="checksum"):
        parse_header(bytes(data))
    assert parse_header(reseal(bytes(data)))[0].codec == 99
