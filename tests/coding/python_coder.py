"""The range coder's receiving side in plain integers, word by word, as SPEC.md writes it down.

It shares nothing with the library that the package uses, nor with `scalar_coder`, whose one long number
knows no words and no carries. A stream is known up to some byte; what follows may be anything, so symbols
count only where the stream continued by 00 and the one continued by FF agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

WORD, STATE, PRECISION = 32, 64, 24
_WORD_BYTES = WORD // 8
_STATES = 1 << STATE


class ImpossibleError(Exception):
    """No sender writes such a stream."""


def borders(weights: Sequence[int]) -> list[int]:
    """Where the parts of n symbols begin, out of 2^24, and 2^24 at the end.

    Of the 2^24, one goes to every symbol; the other 2^24 - n are shared in proportion to the weights, and
    it is the running sum that is rounded down. So a symbol's part is never empty.
    """
    total, n = 1 << PRECISION, len(weights)
    before = list(accumulate(weights, initial=0))
    if before[-1] != total:
        raise ValueError(f"the weights sum to {before[-1]}")
    return [i + (w * (total - n) >> PRECISION) for i, w in enumerate(before[:-1])] + [total]


def bit_weights(ones: int) -> tuple[int, int]:
    """Weights of 0 and 1 where that of 1 is `ones` out of 65536."""
    return (65536 - ones) << 8, ones << 8


class Filling:
    """A stream continued by one byte without end.

    The code value that matters now is `point`, 64 bits of the stream; symbols divide the interval of
    `extent` values from `lower` on. Differences are taken modulo 2^64: a sender's carry shows as a wrap.
    """

    def __init__(self, data: bytes, filler: int) -> None:
        self._data, self._filler, self._at = data, bytes([filler]), 0
        self.lower, self.extent = 0, _STATES - 1
        self.point = self._next() << WORD | self._next()

    def _next(self) -> int:
        word = self._data[self._at : self._at + _WORD_BYTES].ljust(_WORD_BYTES, self._filler)
        self._at += _WORD_BYTES
        return int.from_bytes(word, "big")

    def symbol(self, parts: Sequence[int]) -> int:
        """The next one, where its alphabet's parts have these borders."""
        unit = self.extent >> PRECISION
        place = (self.point - self.lower) % _STATES // unit
        if place >> PRECISION:
            raise ImpossibleError
        found = sum(border <= place for border in parts[1:])
        self.lower = (self.lower + unit * parts[found]) % _STATES
        self.extent = unit * (parts[found + 1] - parts[found])
        # One word is always enough: a part has at least 2^8 units of 1.
        if self.extent < 1 << (STATE - WORD):
            self.lower = (self.lower << WORD) % _STATES
            self.point = (self.point << WORD) % _STATES | self._next()
            self.extent <<= WORD
        return found


class PythonDecoder:
    """Gives the symbols that a prefix of a stream decides.

    Attributes
    ----------
    ended
        Whether a symbol was asked for that is not decided; then there are no more.
    """

    def __init__(self, data: bytes) -> None:
        self._fillings = [Filling(data, 0x00), Filling(data, 0xFF)]
        self.ended = False

    def symbols(self, weights: Iterable[Sequence[int]]) -> list[int]:
        """As many as are decided, each of a distribution of its own."""
        return self._decided(map(borders, weights))

    def draw(self, count: int, weights: Sequence[int]) -> list[int]:
        """As many as are decided of `count` symbols of one distribution."""
        return self._decided([borders(weights)] * count)

    def bits(self, ones: Iterable[int]) -> list[int]:
        """The same of bits, by the probabilities of a 1 out of 65536."""
        return self.symbols(map(bit_weights, ones))

    def _decided(self, alphabets: Iterable[Sequence[int]]) -> list[int]:
        found: list[int] = []
        for parts in alphabets:
            if self.ended:
                break
            try:
                low, high = (filling.symbol(parts) for filling in self._fillings)
            except ImpossibleError:
                low, high = 0, 1
            if low != high:
                self.ended = True
                break
            found.append(low)
        return found
