"""One range coder stream of symbols that may be cut at any byte.

Words of the range coder are stored most significant byte first, so a prefix of the bytes is a numeric
prefix of the code value. Symbols of a cut stream count as decided when they come out the same whether
the missing bytes are all 00 or all FF.

Encoder and decoder share their methods, so that every model is written once and runs on both sides:
``code`` for bits that are of use only together, ``some`` and ``draw`` for symbols that are taken as far as
they are decided.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

import constriction
import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
Symbols = NDArray[np.int32]

TOTAL = 1 << 16
"""Probabilities of bits are integers out of this total."""
FINE_TOTAL = 1 << 24
"""Weights of drawn symbols are integers that sum to this total."""

_WORD = 4
_WINDOW = 8  # bytes of the coder's state
_FILLER = 4 * _WINDOW
_REACH, _MARGIN = 4, 4096
"""A call is far from the end if this many times its expected bits, and these more, are left."""


class EndOfStreamError(Exception):
    """The bytes at hand do not decide the symbols asked for."""


class BitCoder(Protocol):
    """Either side of the stream."""

    def code(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Send or receive one call of symbols.

        Parameters
        ----------
        bits
            uint8 array of 0 and 1 when sending, None when receiving.
        ones
            Probability of a 1 for every symbol, integers in 1..65535 out of 65536; same shape.

        Returns
        -------
        ndarray
            The symbols, with the shape of `ones`.
        """

    def some(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """As `code` for one axis, but receiving gives as many of the first symbols as are decided."""

    def draw(self, symbols: Symbols | None, count: int, weights: tuple[int, ...]) -> Symbols:
        """Send or receive symbols of one distribution.

        Parameters
        ----------
        symbols
            (count,) in 0..len(weights)-1 when sending, None when receiving.
        weights
            At least 1 each, with the sum 2^24.

        Returns
        -------
        ndarray
            The symbols; when receiving as many of the first as are decided.
        """

    def mark(self) -> None:
        """Note that a layer ends here."""


@lru_cache(maxsize=4096)
def _distribution(weights: tuple[int, ...]) -> Any:
    # perfect=False: plain fixed-point rounding of the numbers given (SPEC.md, section 3).
    probabilities = np.array(weights, np.float64) / FINE_TOTAL
    return constriction.stream.model.Categorical(probabilities, perfect=False)


def _probabilities(ones: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    # k / 65536 is exact in float64, so the coder sees integers.
    return ones.ravel().astype(np.float64) / TOTAL


class BitEncoder:
    """Collects symbols; `finish` gives the stream and where each marked layer ends in it."""

    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()
        self._model = constriction.stream.model.Bernoulli(perfect=False)
        self._marks: list[tuple[int, int, int]] = []

    def code(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Send `bits`; see `BitCoder.code`."""
        if bits is None:
            raise ValueError("the encoder needs the symbols")
        if bits.size:
            self._coder.encode(bits.ravel().astype(np.int32), self._model, _probabilities(ones))
        return bits

    def some(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Send `bits`; see `BitCoder.some`."""
        return self.code(bits, ones)

    def draw(self, symbols: Symbols | None, count: int, weights: tuple[int, ...]) -> Symbols:
        """Send `symbols`; see `BitCoder.draw`."""
        if symbols is None:
            raise ValueError("the encoder needs the symbols")
        if symbols.size:
            self._coder.encode(symbols, _distribution(weights))
        return symbols

    def mark(self) -> None:
        """Note that a layer ends here."""
        words, (lower, extent) = self._coder.pos()
        self._marks.append((int(words), int(lower), int(extent)))

    @property
    def size(self) -> int:
        """Bytes so far, about."""
        return int(self._coder.pos()[0]) * _WORD

    def finish(self) -> tuple[bytes, list[int]]:
        """Close the stream.

        Returns
        -------
        stream : bytes
            No longer than needed to decide the last symbol.
        borders : list of int
            For every mark the first length at which all symbols before it are decided.
        """
        self.mark()
        data = np.asarray(self._coder.get_compressed()).astype(">u4").tobytes() + bytes(_WINDOW)
        borders = [self._border(data, mark) for mark in self._marks]
        end = borders.pop()
        return data[:end].ljust(end, b"\0"), borders

    @staticmethod
    def _border(data: bytes, mark: tuple[int, int, int]) -> int:
        """First length whose 00 and FF fillers both lie in the coder's interval at the mark.

        At a mark the coder's interval is [lower, lower + extent) in a 64-bit window that starts after
        `words` words. A carry may have changed words since, so offsets are taken modulo 2^64.
        """
        words, lower, extent = mark
        start = words * _WORD
        window = int.from_bytes(data[start : start + _WINDOW].ljust(_WINDOW, b"\0"), "big")
        offset = (window - lower) % (1 << 64)
        for known in range(_WINDOW + 1):
            spread = 1 << (8 * (_WINDOW - known))
            missing = window % spread
            if offset >= missing and offset - missing + spread <= extent:
                return start + known
        return start + _WINDOW


class BitDecoder:
    """Gives the symbols that the bytes at hand decide.

    Parameters
    ----------
    data
        The stream or any prefix of it.
    careful
        Keep a way back in every call, which takes time.

    Attributes
    ----------
    surprised
        Whether a call that took many times its expected bits met the end of the data without a way back:
        then `some` and `draw` gave fewer symbols than are decided, and only a careful decoder gives all.
    """

    def __init__(self, data: bytes, careful: bool = False) -> None:
        self._careful, self.surprised = careful, False
        self._model = constriction.stream.model.Bernoulli(perfect=False)
        self._fillings = [
            constriction.stream.queue.RangeDecoder(_words(data + filler * _FILLER))
            for filler in (b"\x00", b"\xff")
        ]
        self._bits = 8 * len(data)
        self._spent = 0.0
        self._ended = False

    def code(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Receive symbols; see `BitCoder.code`.

        Raises
        ------
        EndOfStreamError
            If not every symbol of this call is decided. All later calls raise too.
        """
        if self._ended:
            raise EndOfStreamError
        if not ones.size:
            return np.zeros(ones.shape, np.uint8)
        probabilities = _probabilities(ones)
        try:
            low, high = (f.decode(self._model, probabilities) for f in self._fillings)
        except AssertionError:
            # What the coder says of impossible data: damage, or filler.
            self._ended = True
            raise EndOfStreamError from None
        if not np.array_equal(low, high):
            self._ended = True
            raise EndOfStreamError
        self._spent += ones.size
        return np.asarray(low, np.uint8).reshape(ones.shape)

    def some(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Receive symbols; see `BitCoder.some`."""
        probabilities = _probabilities(ones)
        found = self._decided(
            len(ones), len(ones), lambda f, begin, end: f.decode(self._model, probabilities[begin:end])
        )
        self._spent += len(found)
        return found.astype(np.uint8)

    def draw(self, symbols: Symbols | None, count: int, weights: tuple[int, ...]) -> Symbols:
        """Receive symbols; see `BitCoder.draw`."""
        model = _distribution(weights)
        costs = [24 - math.log2(weight) for weight in weights]
        expected = count * sum(c * w for c, w in zip(costs, weights, strict=True)) / FINE_TOTAL
        found = self._decided(count, expected, lambda f, begin, end: f.decode(model, end - begin))
        counts = np.bincount(found, minlength=len(weights))
        self._spent += sum(c * float(n) for c, n in zip(costs, counts, strict=True))
        return found

    def _decided(self, count: int, expected: float, decode: Callable[[Any, int, int], Symbols]) -> Symbols:
        """The first symbols of a call that come out alike from both fillings.

        Parameters
        ----------
        expected
            Bits that the call should take.
        decode
            From a filling the symbols from one number to another.
        """
        found: list[Symbols] = []
        begin, size = 0, count
        # Only near the end may the coder refuse a call, so only there is a way back kept.
        near = self._careful or self._spent + _REACH * expected + _MARGIN > self._bits
        while begin < count and not self._ended:
            end = min(begin + size, count)
            before = [f.clone() for f in self._fillings] if near else None
            try:
                low, high = (decode(f, begin, end) for f in self._fillings)
            except AssertionError:
                if before is None or size == 1:
                    self.surprised = before is None
                    self._ended = True
                else:
                    self._fillings, size = before, (end - begin + 1) // 2
                continue
            differing = np.flatnonzero(low != high)
            if differing.size:
                self._ended = True
                end = begin + int(differing[0])
            found.append(low[: end - begin])
            begin = end
        return np.concatenate(found) if found else np.zeros(0, np.int32)

    def mark(self) -> None:
        """Nothing to note when receiving."""


def _words(data: bytes) -> NDArray[np.uint32]:
    usable = len(data) - len(data) % _WORD
    return np.frombuffer(data[:usable], ">u4").astype(np.uint32)
