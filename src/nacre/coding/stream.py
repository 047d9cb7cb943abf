"""One range coder stream of binary symbols that may be cut at any byte.

Words of the range coder are stored most significant byte first, so a prefix of the bytes is a numeric
prefix of the code value. Symbols of a cut stream count as decided when they come out the same whether
the missing bytes are all 00 or all FF.

Encoder and decoder share one method, ``code(bits, ones)``, so that every model is written once and
runs on both sides.
"""

from __future__ import annotations

from typing import Any, Protocol

import constriction
import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]

TOTAL = 1 << 16
"""Probabilities are integers out of this total."""

_WORD = 4
_WINDOW = 8  # bytes of the coder's state
_FILLER = 4 * _WINDOW


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

    def mark(self) -> None:
        """Note that a layer ends here."""


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

    def mark(self) -> None:
        """Note that a layer ends here."""
        words, (lower, extent) = self._coder.pos()
        self._marks.append((int(words), int(lower), int(extent)))

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
    """

    def __init__(self, data: bytes) -> None:
        self._model = constriction.stream.model.Bernoulli(perfect=False)
        self._fillings = [
            constriction.stream.queue.RangeDecoder(_words(data + filler * _FILLER))
            for filler in (b"\x00", b"\xff")
        ]
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
            # The one place where the coder's complaint about impossible data is met: damage, or filler.
            self._ended = True
            raise EndOfStreamError from None
        if not np.array_equal(low, high):
            self._ended = True
            raise EndOfStreamError
        return np.asarray(low, np.uint8).reshape(ones.shape)

    def mark(self) -> None:
        """Nothing to note when receiving."""


def _words(data: bytes) -> NDArray[np.uint32]:
    usable = len(data) - len(data) % _WORD
    return np.frombuffer(data[:usable], ">u4").astype(np.uint32)
