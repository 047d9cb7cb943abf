"""An anchor: a classical codec behind `encode(pixels, setting)` and `decode(data)`."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from nacre.bench.contract import Pixels, Point


@dataclass(frozen=True)
class Anchor(ABC):
    """A codec with one setting that decides size and quality.

    Attributes
    ----------
    name
        Name on the command line.
    ladder
        Settings that the bench measures, from small files to large; about 0.1 to 2 bits per pixel on
        photographs.
    scale
        Every setting worth trying when a file must fit a number of bytes, from small files to large.
    unit
        What the setting is called in results: "q" gives "q75".
    threads
        Threads for codecs that use several.
    """

    name: str
    ladder: tuple[float, ...]
    scale: tuple[float, ...]
    unit: str = "q"
    threads: int = 1

    @abstractmethod
    def encode(self, pixels: Pixels, setting: float) -> bytes:
        """Return a whole file, headers included, for pixels (H, W, 3) uint8."""

    @abstractmethod
    def decode(self, data: bytes) -> Pixels:
        """Pixels (H, W, 3) uint8 of a file."""

    @property
    @abstractmethod
    def description(self) -> str:
        """Library, its version, and options that never change."""

    @property
    def identity(self) -> str:
        """What measurements depend on besides the picture."""
        return json.dumps([self.name, self.description, self.ladder, self.threads])

    def label(self, setting: float) -> str:
        """Return the setting in words."""
        return f"{self.unit}{setting:g}"

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """One file for every setting of the ladder."""
        for setting in self.ladder:
            start = perf_counter()
            data = self.encode(pixels, setting)
            yield Point(self.label(setting), data, len(data), perf_counter() - start)

    def repeat(self, pixels: Pixels, setting: str) -> bytes:
        """Return the file of a labelled setting again."""
        return self.encode(pixels, {self.label(value): value for value in self.ladder}[setting])
