"""Many damaged or cut files of one kind, one after the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from nacre.bench.hard_input.decoding import PICTURE
from nacre.bench.hard_input.endings import Endings
from nacre.bench.hard_input.mutations import mutated, without_checksums

Decode = Callable[[bytes], str]


def damaged(decode: Decode, files: Sequence[bytes], count: int, seed: int) -> Endings:
    """Decode so many random mutations of whole files, half of them with the checksums of segments off."""
    found = Endings()
    for data in mutated([*files, *map(without_checksums, files)], count, seed):
        found.add(decode, data)
    return found


def cuts(decode: Decode, data: bytes, count: int | None, seed: int) -> Endings:
    """Decode prefixes of a file: all of at least a byte, or so many random ones, shortest first.

    A prefix that is longer than one with a picture and has none is a defect, and so is any error but that
    of a file that was cut too short.
    """
    found = Endings()
    lengths = range(1, len(data) + 1)
    chosen = lengths if count is None else sorted(random.Random(seed).sample(lengths, count))
    shown = False
    for length in chosen:
        end = found.add(decode, data[:length])
        if end != PICTURE and (shown or end != "TruncatedError"):
            found.defects.append(f"{length} bytes of {len(data)} end in {end}")
        shown = shown or end == PICTURE
    return found
