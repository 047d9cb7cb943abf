"""The same symbols from the same bytes: fresh processes, threads, kernels, and plain integers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacre import api
from nacre.bench.bars import Bar
from nacre.bench.each_picture import Plan
from nacre.bench.markdown import counted, table
from nacre.bench.measure import read_pixels
from nacre.bench.symbols import Way, in_fresh_process

WAYS: tuple[tuple[Way, int, str], ...] = (
    ("network", 1, ""),
    ("network", 2, ""),
    ("network", 2, "Haswell"),
    ("network", 1, "Prescott"),
    ("oracle", 1, ""),
)
"""Arithmetic, threads, and the kernel that OpenBLAS is asked for."""


@dataclass(frozen=True)
class Decoded:
    """All pictures' symbols, decoded in one process.

    Attributes
    ----------
    way, threads
        See `WAYS`.
    kernel
        What was in use.
    hashes
        In the order of the pictures.
    """

    way: Way
    threads: int
    kernel: str
    hashes: list[str]


@dataclass(frozen=True)
class SameSymbols:
    """What all processes found."""

    pictures: list[str]
    processes: list[Decoded]

    def agreeing(self, process: Decoded) -> int:
        """Pictures whose symbols are those of the first process."""
        first = self.processes[0].hashes
        return sum(a == b for a, b in zip(first, process.hashes, strict=True))

    def bars(self) -> list[Bar]:
        """Processes alike, and how many kernels that was held against."""
        kernels = sorted({each.kernel for each in self.processes})
        count = len(self.pictures)
        what = "symbols alike in fresh processes, with 1 and 2 threads, kernels and int64"
        least = min(map(self.agreeing, self.processes))
        found = f"{least} of {counted(count, 'picture')}, kernels {', '.join(kernels)}"
        same = all(self.agreeing(each) == count for each in self.processes)
        return [Bar(what, found, "all, 2 kernels", same and len(kernels) > 1)]

    def section(self) -> list[str]:
        """Parts of a document."""
        rows = [
            [
                "int64" if each.way == "oracle" else "float64 products",
                str(each.threads),
                each.kernel,
                f"{self.agreeing(each)} of {len(self.pictures)}",
            ]
            for each in self.processes
        ]
        note = (
            "Each row is a process that decodes the whole files of all pictures; compared are hashes of "
            "hyper-latents, means, classes and symbols with those of the first row."
        )
        head = ["means and classes from", "threads", "kernel of matrix products", "pictures alike"]
        return ["### The same symbols", table(head, rows), note]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"pictures": self.pictures, "processes": [vars(each) for each in self.processes]}


def compare(plan: Plan, pictures: Sequence[Path]) -> SameSymbols:
    """Encode all pictures here and decode them elsewhere, in several ways."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{path.stem}.nacre" for path in pictures]
        for path, file in zip(pictures, files, strict=True):
            plan.progress(0, len(WAYS), f"encoding {path.name}")
            file.write_bytes(api.encode(read_pixels(path), codec=plan.codec, threads=plan.threads))
        found: list[Decoded] = []
        for way, threads, kernel in WAYS:
            plan.progress(len(found), len(WAYS), f"symbols by {way}, {threads} threads")
            used, hashes = in_fresh_process(files, way, threads, kernel)
            found.append(Decoded(way, threads, used, hashes))
    return SameSymbols([path.name for path in pictures], found)
