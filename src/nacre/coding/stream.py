"""One range coder stream of symbols that may be cut at any byte.

Words of the range coder are stored most significant byte first, so a prefix of the bytes is a numeric
prefix of the code value. Symbols of a cut stream count as decided when they come out the same whether
the missing bytes are all 00 or all FF.

Encoder and decoder share their methods, so that every model is written once and runs on both sides:
``code`` for bits that are of use only together, ``some``, ``draw`` and ``draw_each`` for symbols that are
taken as far as they are decided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
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
_MARGIN = 512
"""A call that expects to leave fewer bits than this is read from both fillings at once."""
_BERNOULLI = constriction.stream.model.Bernoulli(perfect=False)
_CATEGORICAL = constriction.stream.model.Categorical(perfect=False)
_NONE = np.zeros(0, np.int32)


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

    def draw_each(
        self, symbols: Symbols | None, weights: NDArray[np.int32], chosen: NDArray[np.integer[Any]]
    ) -> Symbols:
        """Send or receive symbols with a distribution each.

        Parameters
        ----------
        symbols
            (count,) in 0..n-1 when sending, None when receiving.
        weights
            (distributions, n), at least 1 each, every row with the sum 2^24.
        chosen
            (count,): the distribution of each symbol.

        Returns
        -------
        ndarray
            The symbols; when receiving as many of the first as are decided.
        """

    def mark(self) -> None:
        """Note that a layer ends here."""


@lru_cache(maxsize=4096)
def _distribution(weights: tuple[int, ...]) -> tuple[Any, float]:
    """The coder's model, and the bits that a symbol takes in the mean."""
    # perfect=False: plain fixed-point rounding of the numbers given (SPEC.md, section 3).
    probabilities = np.array(weights, np.float64) / FINE_TOTAL
    expected = -float((probabilities * np.log2(probabilities)).sum())
    return constriction.stream.model.Categorical(probabilities, perfect=False), expected


class BitEncoder:
    """Collects symbols; `finish` gives the stream and where each marked layer ends in it."""

    def __init__(self) -> None:
        self._coder = constriction.stream.queue.RangeEncoder()
        self._marks: list[tuple[int, int, int]] = []

    def code(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Send `bits`; see `BitCoder.code`."""
        if bits is None:
            raise ValueError("the encoder needs the symbols")
        if bits.size:
            _Call.of_bits(ones).encode(self._coder, bits.ravel().astype(np.int32))
        return bits

    def some(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Send `bits`; see `BitCoder.some`."""
        return self.code(bits, ones)

    def draw(self, symbols: Symbols | None, count: int, weights: tuple[int, ...]) -> Symbols:
        """Send `symbols`; see `BitCoder.draw`."""
        if symbols is None:
            raise ValueError("the encoder needs the symbols")
        if symbols.size:
            _Call(_distribution(weights)[0]).encode(self._coder, symbols)
        return symbols

    def draw_each(
        self, symbols: Symbols | None, weights: NDArray[np.int32], chosen: NDArray[np.integer[Any]]
    ) -> Symbols:
        """Send `symbols`; see `BitCoder.draw_each`."""
        if symbols is None:
            raise ValueError("the encoder needs the symbols")
        if symbols.size:
            _Call.of_choices(weights, chosen).encode(self._coder, symbols)
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

    Far from their end one filling is as good as the other, so one is read. To know the place in the data,
    and to begin both fillings there when a call has come to the end, what was read is sent again: that takes
    a quarter of the time.

    Parameters
    ----------
    data
        The stream or any prefix of it.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._reader = _reader(data, b"\x00")
        self._fillings: list[Any] = []
        self._again = constriction.stream.queue.RangeEncoder()
        self._ended = False

    def code(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Receive symbols; see `BitCoder.code`.

        Raises
        ------
        EndOfStreamError
            If not every symbol of this call is decided. All later calls raise too.
        """
        found = self._decided(_Call.of_bits(ones), ones.size, 1)
        if len(found) < ones.size or self._ended:
            self._ended = True
            raise EndOfStreamError
        return found.astype(np.uint8).reshape(ones.shape)

    def some(self, bits: Bits | None, ones: NDArray[np.integer[Any]]) -> Bits:
        """Receive symbols; see `BitCoder.some`."""
        return self._decided(_Call.of_bits(ones), len(ones), 1).astype(np.uint8)

    def draw(self, symbols: Symbols | None, count: int, weights: tuple[int, ...]) -> Symbols:
        """Receive symbols; see `BitCoder.draw`."""
        model, expected = _distribution(weights)
        return self._decided(_Call(model), count, expected)

    def draw_each(
        self, symbols: Symbols | None, weights: NDArray[np.int32], chosen: NDArray[np.integer[Any]]
    ) -> Symbols:
        """Receive symbols; see `BitCoder.draw_each`."""
        most = math.log2(weights.shape[1])
        return self._decided(_Call.of_choices(weights, chosen), len(chosen), most)

    def mark(self) -> None:
        """Nothing to note when receiving."""

    def _decided(self, call: _Call, count: int, expected: float) -> Symbols:
        """The first symbols of a call that come out alike from both fillings; each takes so many bits."""
        if self._ended or not count:
            return _NONE
        if not self._fillings:
            place = self._again.pos()
            if self._seen + (count * expected + _MARGIN) / 8 < len(self._data):
                found = self._far_from_the_end(call, count)
                if found is not None:
                    return found
            self._fill(*place)
        return self._near_the_end(call, count)

    @property
    def _seen(self) -> int:
        """Bytes that the coder has looked at."""
        return int(self._again.pos()[0]) * _WORD + _WINDOW

    def _fill(self, words: int, state: tuple[int, int]) -> None:
        """Read both fillings from a place on."""
        for filler in (b"\x00", b"\xff"):
            reader = _reader(self._data[words * _WORD :], filler)
            reader.seek(0, state)
            self._fillings.append(reader)

    def _far_from_the_end(self, call: _Call, count: int) -> Symbols | None:
        """All symbols of a call, unless it comes to the end."""
        try:
            found = call.decode(self._reader, 0, count)
        except AssertionError:
            # What the coder says of impossible data: damage, or filler.
            return None
        call.encode(self._again, found)
        return found if self._seen <= len(self._data) else None

    def _near_the_end(self, call: _Call, count: int) -> Symbols:
        """The first symbols that both fillings give, with a way back to halve a call that one refuses."""
        found: list[Symbols] = []
        begin, size = 0, count
        while begin < count and not self._ended:
            end = min(begin + size, count)
            before = [f.clone() for f in self._fillings]
            try:
                low, high = (call.decode(f, begin, end) for f in self._fillings)
            except AssertionError:
                if size == 1:
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
        return np.concatenate(found) if found else _NONE


@dataclass(frozen=True)
class _Call:
    """Symbols of one distribution, or with one each."""

    model: Any
    probabilities: NDArray[np.float64] | None = None

    @classmethod
    def of_bits(cls, ones: NDArray[np.integer[Any]]) -> _Call:
        # k / 65536 is exact in float64, so the coder sees integers.
        return cls(_BERNOULLI, ones.ravel().astype(np.float64) / TOTAL)

    @classmethod
    def of_choices(cls, weights: NDArray[np.int32], chosen: NDArray[np.integer[Any]]) -> _Call:
        return cls(_CATEGORICAL, weights[chosen] / FINE_TOTAL)

    def encode(self, coder: Any, symbols: Symbols) -> None:
        if self.probabilities is None:
            coder.encode(symbols, self.model)
        else:
            coder.encode(symbols, self.model, self.probabilities)

    def decode(self, coder: Any, begin: int, end: int) -> Symbols:
        found: Symbols
        if self.probabilities is None:
            found = coder.decode(self.model, end - begin)
        else:
            found = coder.decode(self.model, self.probabilities[begin:end])
        return found


def _reader(data: bytes, filler: bytes) -> Any:
    return constriction.stream.queue.RangeDecoder(_words(data + filler * _FILLER))


def _words(data: bytes) -> NDArray[np.uint32]:
    usable = len(data) - len(data) % _WORD
    return np.frombuffer(data[:usable], ">u4").astype(np.uint32)
