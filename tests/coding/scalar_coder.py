"""A binary range coder in plain integers of any size, as slow and as clear as can be.

The code value is one number between 0 and 1, written as bits without end. Coding a symbol narrows an
interval of it. `low` is exact, so there is no carry to think of; `extent` keeps 64 bits, and both are
shifted by 32 bits when it gets short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STATE_BITS, WORD_BITS, PRECISION = 64, 32, 24


def zeros_share(ones: int) -> int:
    """Probability of a 0 out of 2^24, when that of a 1 is `ones` out of 65536; no symbol gets none."""
    return ((65536 - ones) * ((1 << PRECISION) - 2) >> 16) + 1


@dataclass
class Interval:
    """[low, low + extent) in units of 2^-bits."""

    low: int = 0
    extent: int = (1 << STATE_BITS) - 1
    bits: int = STATE_BITS

    def parts(self, ones: int) -> tuple[range, range]:
        """The values that mean 0 and those that mean 1; the few above mean nothing."""
        unit = self.extent >> PRECISION
        border = self.low + unit * zeros_share(ones)
        return range(self.low, border), range(border, self.low + (unit << PRECISION))

    def narrow(self, ones: int, bit: int) -> None:
        part = self.parts(ones)[bit]
        self.low, self.extent = part.start, part.stop - part.start
        while self.extent < 1 << (STATE_BITS - WORD_BITS):
            self.low <<= WORD_BITS
            self.extent <<= WORD_BITS
            self.bits += WORD_BITS

    def holds(self, data: bytes) -> bool:
        """Whether every number that begins with these bytes lies inside."""
        least, beyond = span(data, self.bits)
        return self.low <= least and beyond <= self.low + self.extent


def span(data: bytes, bits: int) -> tuple[int, int]:
    """Numbers that begin with these bytes: the least and the first beyond, in units of 2^-bits.

    Where the bytes are more than the units tell apart, the span is one unit.
    """
    value, known = int.from_bytes(data, "big"), 8 * len(data)
    if known <= bits:
        return value << (bits - known), (value + 1) << (bits - known)
    return value >> (known - bits), (value >> (known - bits)) + 1


def decided(data: bytes, ones: Sequence[int]) -> list[int]:
    """The symbols that come out the same whatever follows the bytes."""
    interval, found = Interval(), []
    for probability in ones:
        least, beyond = span(data, interval.bits)
        certain = [p.start <= least and beyond <= p.stop for p in interval.parts(probability)]
        if True not in certain:
            break
        found.append(certain.index(True))
        interval.narrow(probability, found[-1])
    return found
