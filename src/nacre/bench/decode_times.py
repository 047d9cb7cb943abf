"""How long decoding takes at half of a codec's full rate, against the time each codec is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from nacre import api
from nacre.bench.bars import Bar, bars_table
from nacre.bench.installed import left_out_list
from nacre.bench.measure import read_pixels
from nacre.codecs.recurrent.parameters import Parameters
from nacre.container.file import parse_file

SECONDS = {
    ("residual-fc", 0): 0.4,
    ("lstm-fc", 0): 2.5,
    ("residual-conv", 0): 1.5,
    ("lstm-conv", 0): 5.0,
    ("gru-conv", 0): 1.2,
    ("gru-conv", 3): 2.2,
}
"""Seconds that a Kodak picture may take at 0.5 bpp before entropy coding, with two threads, by codec and
priming runs."""

CALLS = 3


@dataclass(frozen=True)
class DecodeTime:
    """One codec.

    Attributes
    ----------
    codec
        Name.
    priming
        Runs before the first iteration.
    iterations
        Of the prefix: half of those of the full encode.
    bpp
        Of that prefix, as a file.
    seconds
        Of each call after the first, which warms up.
    """

    codec: str
    priming: int
    iterations: int
    bpp: float
    seconds: list[float]

    @property
    def median(self) -> float:
        """Of the calls, in seconds."""
        return median(self.seconds)

    def bar(self) -> Bar:
        """What the codec may take."""
        most = SECONDS.get((self.codec, self.priming))
        name = self.codec + (f":priming={self.priming}" if self.priming else "")
        return Bar(
            f"`{name}`, {self.iterations} iterations, {self.bpp:.3f} bpp",
            f"{self.median:.2f} s",
            "" if most is None else f"≤ {most:g} s",
            None if most is None else self.median <= most,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "median": self.median, "bar": asdict(self.bar())}


def decode_times(
    picture: Path,
    codecs: Sequence[tuple[str, int]] = tuple(SECONDS),
    *,
    threads: int = 2,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[DecodeTime]:
    """Time `nacre.api.decompress` in this process, codec by codec.

    Parameters
    ----------
    picture
        A picture file.
    codecs
        Progressive codecs, each with its priming runs.
    threads
        Of encoding and decoding.
    progress
        Called with codecs done, all codecs, and the next one.
    """
    pixels = read_pixels(picture)
    found: list[DecodeTime] = []
    for codec, priming in codecs:
        progress(len(found), len(codecs), codec)
        made = api.compress(pixels, codec=codec, threads=threads)
        half = made.layers[-1].iteration // 2
        border = next(layer for layer in made.layers if layer.whole and layer.iteration == half)
        data = primed(made.data[: border.file_bytes], priming)
        seconds = [_timed(data, threads) for _ in range(CALLS + 1)][1:]
        bpp = 8 * len(data) / (pixels.shape[0] * pixels.shape[1])
        found.append(DecodeTime(codec, priming, half, bpp, seconds))
    return found


def as_markdown(times: Sequence[DecodeTime], picture: Path, threads: int, left_out: dict[str, str]) -> str:
    """A table of the bars."""
    count = f"{threads} thread" + ("" if threads == 1 else "s")
    preface = (
        f"Decoding {picture.name} with {count} from a prefix of half of the iterations, which have 0.5 bpp "
        f"before entropy coding: median of {CALLS} whole calls in one process, after one that warms up. "
        "Priming runs are asked for in the header of the plain file, whatever they do to the picture."
    )
    parts = [preface, *([bars_table(each.bar() for each in times)] if times else [])]
    return "\n\n".join([*parts, *left_out_list(left_out)]) + "\n"


def primed(data: bytes, runs: int) -> bytes:
    """The same codes to be decoded after that many priming runs, which an encoder may find not worth it."""
    if not runs:
        return data
    file = parse_file(data)
    parameters = replace(Parameters.parse(file.header.parameters), priming=runs)
    return replace(file.header, parameters=parameters.pack()).pack() + data[file.header_bytes :]


def _timed(data: bytes, threads: int) -> float:
    start = perf_counter()
    api.decompress(data, threads=threads)
    return perf_counter() - start
