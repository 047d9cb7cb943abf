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
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitDecoder
from nacre.container.file import parse_file
from nacre.container.header import SIGNATURE, parse_header
from nacre.container.segments import pack_segment
from nacre.errors import FormatError, TruncatedError

GOLDEN = Path(__file__).parent / "golden"
FILES = ("cut-in-iteration", "gray-alpha", "metadata", "no-checksums", "one-pixel", "segments", "tall")
MUTATIONS = 20_000
SLOWEST = 10.0
LARGEST = 1 << 16  # pixels, in place of the api's limit


@pytest.fixture(scope="module")
def tables(tiny_root: Path) -> Tables:
    return Tables.load((tiny_root / "gru-conv" / "tables.npz").read_bytes())


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


def decode_symbols(data: bytes, tables: Tables) -> int:
    """All that decoding does before a network runs; whole passes received."""
    parsed = parse_file(data)
    header = parsed.header
    parameters = Parameters.parse(header.parameters)
    if header.width * header.height > LARGEST:
        return 0
    rows, columns = -(-header.height // 16), -(-header.width // 16)
    received = Iterations(np.zeros((parameters.iterations, rows, columns, 8), np.int8))
    model = CodeModel(rows, columns, 8, tables if parameters.entropy == TABLES else None)
    alpha = AlphaCoder(header.height, header.width) if header.alpha else None
    code_stream(BitDecoder(parsed.stream), model, received, alpha, send=False)
    assert received.shown() or sum(received.received) == 0
    return sum(received.received)


def test_mutations_end_in_known_errors(tables: Tables) -> None:
    files = [(GOLDEN / "files" / f"{name}.nacre").read_bytes() for name in FILES]
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
