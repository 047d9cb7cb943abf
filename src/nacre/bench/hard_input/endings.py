"""How decoding of a file ends, what it took, and how many ended so."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from time import process_time
from typing import Any

from nacre.bench.hard_input.caps import START, memory_cap
from nacre.bench.memory import forget_peak, own_peak
from nacre.container.header import parse_header
from nacre.errors import FormatError, LimitError, NacreWarning, TruncatedError, WeightsError

KNOWN = (FormatError, TruncatedError, WeightsError, LimitError)
"""How a file may be refused."""
SLOWEST = 10.0
"""Seconds that no small file may take longer than."""
_SHOWN = 5
"""Defects whose bytes are kept."""


@dataclass
class Endings:
    """The ends of many decodes.

    Attributes
    ----------
    counts
        By kind: what the decode said of it, or the name of the error.
    defects
        Whatever must not be: error and file in hex, of the first few.
    slowest
        Processor seconds of the longest one.
    peak
        Resident bytes of the process at most.
    share
        The largest part of its memory cap that any decode came to.
    """

    counts: dict[str, int] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)
    slowest: float = 0.0
    peak: int = 0
    share: float = 0.0

    @property
    def total(self) -> int:
        """All decodes."""
        return sum(self.counts.values())

    def add(self, decode: Callable[[bytes], str], data: bytes) -> str:
        """Decode once more; returns the end."""
        forget_peak()
        start = process_time()
        end = self._end(decode, data)
        self.slowest = max(self.slowest, process_time() - start)
        peak = own_peak()
        self.peak, self.share = max(self.peak, peak), max(self.share, peak / _cap(data))
        self.counts[end] = self.counts.get(end, 0) + 1
        return end

    def _end(self, decode: Callable[[bytes], str], data: bytes) -> str:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NacreWarning)
                return decode(data)
        except KNOWN as error:
            message = str(error)
            if not message.endswith(".") or "\n" in message:
                self._note(f"not one sentence: {message!r}", data)
            return type(error).__name__
        except Exception as error:
            self._note(f"{type(error).__name__}: {error}", data)
            return f"defect: {type(error).__name__}"

    def _note(self, what: str, data: bytes) -> None:
        if len(self.defects) < _SHOWN:
            self.defects.append(f"{what} ({data.hex()})")

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def _cap(data: bytes) -> float:
    try:
        return memory_cap(parse_header(data)[0])
    except (FormatError, TruncatedError):
        return START
