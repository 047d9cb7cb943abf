"""Random damage to files, and the checksums that let it reach what lies behind them."""

from __future__ import annotations

import dataclasses
import random
import zlib
from collections.abc import Callable, Iterator, Sequence

from nacre.container.file import parse_file
from nacre.container.header import SIGNATURE
from nacre.container.segments import pack_segment


def flip(data: bytearray, generator: random.Random) -> None:
    """One bit."""
    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)


def replace(data: bytearray, generator: random.Random) -> None:
    """Some bytes by others."""
    start = generator.randrange(len(data))
    data[start : start + 4] = generator.randbytes(generator.randrange(1, 9))


def cut(data: bytearray, generator: random.Random) -> None:
    """All from somewhere on."""
    del data[generator.randrange(len(data)) :]


def drop(data: bytearray, generator: random.Random) -> None:
    """Some bytes inside."""
    start = generator.randrange(len(data))
    del data[start : start + generator.randrange(1, 20)]


def repeat(data: bytearray, generator: random.Random) -> None:
    """Some bytes twice."""
    start = generator.randrange(len(data))
    data[start:start] = data[start : start + generator.randrange(1, 40)]


def extremes(data: bytearray, generator: random.Random) -> None:
    """A byte that is as small or as large as lengths and sizes get."""
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
    """The same whole file with checksums off, so that damage to the stream reaches the coder."""
    parsed = parse_file(data)
    header = dataclasses.replace(parsed.header, checksums=False)
    return header.pack() + b"".join(pack_segment(s.type, s.payload, False) for s in parsed.segments)


def mutated(files: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many damaged files, the same for the same seed; every other one with a fitting header checksum."""
    generator = random.Random(seed)
    for number in range(count):
        data = bytearray(generator.choice(files))
        for _ in range(generator.choice((1, 1, 1, 2, 4))):
            if data:
                generator.choice(MUTATORS)(data, generator)
        yield reseal(bytes(data)) if number % 2 else bytes(data)
