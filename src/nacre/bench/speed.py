"""Whole calls of one codec against a network that everybody can time, for a quiet machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from nacre import api
from nacre.bench.bars import Bar, at_most
from nacre.bench.contract import Pixels
from nacre.bench.markdown import counted, table
from nacre.bench.mosaic import mosaic
from nacre.bench.reference_network import MULTIPLICATIONS, ReferenceNetwork, available

SMALL, LARGE = (1024, 1024), (4000, 6000)
"""Heights and widths of the pictures of one and of 24 megapixels."""
ROUNDS, LARGE_ROUNDS = 7, 3

NETWORK = "reference network"
DECODE, DECODE_LOW, ENCODE = "decode at 1 bpp", "decode at 0.1 bpp", "encode"

MOST_RATIO = 0.65
"""Of a decode at 1 bpp to the network."""
MOST_MILLISECONDS = {DECODE: 250.0, DECODE_LOW: 180.0, ENCODE: 700.0}
"""A megapixel."""
MOST_GROWTH = 1.4
"""Time of a megapixel of a large picture to that of a small one."""


@dataclass(frozen=True)
class Timed:
    """One kind of call.

    Attributes
    ----------
    seconds
        Of each round.
    megapixels
        Of the picture.
    """

    what: str
    seconds: list[float]
    megapixels: float

    @property
    def milliseconds(self) -> float:
        """Median, a megapixel."""
        return 1000 * median(self.seconds) / self.megapixels


@dataclass(frozen=True)
class Speed:
    """Calls on a small picture in turn, then on a small and a large one in turn.

    Attributes
    ----------
    small
        By kind of call; the network is missing where its package is not installed.
    paired, large
        The same calls in rounds of both sizes.
    """

    threads: int
    small: dict[str, Timed]
    paired: dict[str, Timed]
    large: dict[str, Timed]

    def ratio(self, what: str) -> float | None:
        """Of a call to the network, both a megapixel; None where that was not timed."""
        if NETWORK not in self.small:
            return None
        return self.small[what].milliseconds / self.small[NETWORK].milliseconds

    def growth(self, what: str) -> float:
        """Of a call on the large picture to the same on the small one, both a megapixel."""
        return self.large[what].milliseconds / self.paired[what].milliseconds

    def bars(self) -> list[Bar]:
        """Ratio, milliseconds and growth."""
        ratio = self.ratio(DECODE)
        what = f"{DECODE}, 1 megapixel, to the reference network"
        bars = [
            Bar(what, "not measured: onnx is not installed", f"≤ {MOST_RATIO:.2f}")
            if ratio is None
            else at_most(what, ratio, MOST_RATIO, "{:.2f}")
        ]
        bars += [
            at_most(f"{what}, 1 megapixel", self.small[what].milliseconds, most, "{:.0f} ms/MP")
            for what, most in MOST_MILLISECONDS.items()
        ]
        bars += [
            at_most(
                f"{what}, a megapixel of 24 to one of one", self.growth(what), MOST_GROWTH, "{:.2f} times"
            )
            for what in self.large
        ]
        return bars

    def section(self) -> list[str]:
        """Parts of a document."""
        rows = []
        for what, timed in self.small.items():
            ratio = self.ratio(what)
            large = f"{self.large[what].milliseconds:.0f}" if what in self.large else "–"
            shown = "–" if ratio is None else f"{ratio:.2f}"
            rows.append([what, f"{timed.milliseconds:.0f}", shown, large])
        note = (
            f"{counted(self.threads, 'thread')}; whole calls from bytes to array and from array to bytes in "
            f"one process, in turn, on a mosaic of photographs: medians of {ROUNDS} rounds after one that "
            f"warms up, {LARGE_ROUNDS} for 24 megapixels. The reference network is four 5x5 transposed "
            f"convolutions of stride 2 (192-128-128-128-3 channels, {MULTIPLICATIONS / 1000:.1f} thousand "
            "multiplications a pixel) in onnxruntime."
        )
        head = ["call", "1 megapixel (ms/MP)", "to the reference", "24 megapixels (ms/MP)"]
        return ["### Speed", table(head, rows), note]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def time_calls(
    photographs: Sequence[Path],
    codec: str,
    *,
    threads: int,
    small: tuple[int, int] = SMALL,
    large: tuple[int, int] = LARGE,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Speed:
    """Time everything in this process.

    Parameters
    ----------
    photographs
        What pictures are made of.
    codec
        A progressive codec of nacre.
    threads
        Of the codec and the network.
    small, large
        Heights and widths.
    progress
        Called with rounds done, all rounds, and what comes.
    """
    total = ROUNDS + LARGE_ROUNDS + 2
    whole = mosaic(photographs, *large)
    part = whole[: small[0], : small[1]].copy()
    progress(0, total, "small picture")
    calls = _calls(part, codec, threads)
    rounds: list[_Call] = [(what, part, call) for what, call in calls.items()]
    if available():
        rounds.append((NETWORK, part, ReferenceNetwork(*small, threads)))
    found = _in_turn(rounds, ROUNDS, lambda done: progress(done, total, "small picture"))
    progress(ROUNDS + 1, total, "large picture")
    many = _calls(whole, codec, threads)
    compared = (DECODE, ENCODE)
    rounds = [(what, part, calls[what]) for what in compared] + [
        (what, whole, many[what]) for what in compared
    ]
    pairs = _in_turn(rounds, LARGE_ROUNDS, lambda done: progress(ROUNDS + 1 + done, total, "large picture"))
    return Speed(
        threads,
        {timed.what: timed for timed in found},
        {timed.what: timed for timed in pairs[: len(compared)]},
        {timed.what: timed for timed in pairs[len(compared) :]},
    )


def prefix(data: bytes, pixels: Pixels, bpp: float) -> bytes:
    """The first bytes of a file at that rate, or all of it."""
    return data[: int(bpp * pixels.shape[0] * pixels.shape[1] / 8)]


_Call = tuple[str, Pixels, Callable[[], object]]
"""What it is, on which picture, and the call."""


def _calls(pixels: Pixels, codec: str, threads: int) -> dict[str, Callable[[], object]]:
    data = api.compress(pixels, codec=codec, threads=threads).data
    much, little = prefix(data, pixels, 1.0), prefix(data, pixels, 0.1)
    return {
        DECODE: lambda: api.decompress(much, threads=threads),
        DECODE_LOW: lambda: api.decompress(little, threads=threads),
        ENCODE: lambda: api.compress(pixels, codec=codec, threads=threads),
    }


def _in_turn(calls: Sequence[_Call], rounds: int, done: Callable[[int], None]) -> list[Timed]:
    """Each call once a round, after one that warms up."""
    seconds: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 1):
        for (_, _, call), spent in zip(calls, seconds, strict=True):
            start = perf_counter()
            call()
            spent.append(perf_counter() - start)
        done(number)
    return [
        Timed(what, spent[1:], pixels.shape[0] * pixels.shape[1] / 1e6)
        for (what, pixels, _), spent in zip(calls, seconds, strict=True)
    ]
