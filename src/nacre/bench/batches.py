"""How much sooner two processes are done with a folder of pictures than one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from nacre.bench.bars import at_least, bars_table
from nacre.errors import UsageError

PICTURES = 40
ROUNDS = 3
LEAST_GAIN = 1.8


@dataclass(frozen=True)
class BatchTimes:
    """Seconds of whole commands, one and two processes in turn.

    Attributes
    ----------
    pictures
        In the folder.
    one, two
        Of `nacre encode -j 1` and `-j 2`, round by round.
    """

    pictures: int
    one: list[float]
    two: list[float]

    @property
    def gain(self) -> float:
        """Median seconds with one process over those with two."""
        return median(self.one) / median(self.two)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "gain": self.gain}

    def as_markdown(self) -> str:
        """The bar and what is behind it."""
        bar = at_least("`nacre encode -j 2` against `-j 1`", self.gain, LEAST_GAIN, "{:.2f} times")
        return (
            f"{bars_table([bar])}\n\n{self.pictures} pictures of a folder, whole commands; medians of "
            f"{len(self.one)} rounds: {median(self.one):.1f} and {median(self.two):.1f} s.\n"
        )


def batch_times(pictures: Sequence[Path], count: int = PICTURES, rounds: int = ROUNDS) -> BatchTimes:
    """Time both on a folder of so many pictures, which are taken again and again if there are fewer.

    Raises
    ------
    UsageError
        If there is no picture, or the command fails.
    """
    if not pictures:
        raise UsageError("a batch is made of pictures, and there are none; see docs/test-sets.md")
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        folder.mkdir()
        for number, picture in enumerate(islice(cycle(pictures), count)):
            (folder / f"{number:03}{picture.suffix}").symlink_to(picture.resolve())
        for round_ in range(rounds):
            for jobs in seconds:
                out = Path(place) / f"files-{round_}-{jobs}"
                seconds[jobs].append(_seconds(folder, out, jobs))
    return BatchTimes(count, seconds[1], seconds[2])


def _seconds(folder: Path, out: Path, jobs: int) -> float:
    options = ["encode", str(folder), "-r", "-o", str(out), "-j", str(jobs), "--quiet"]
    begun = perf_counter()
    done = subprocess.run([sys.executable, "-m", "nacre", *options], env=os.environ, check=False)
    if done.returncode:
        raise UsageError(f"nacre {' '.join(options)} failed")
    return perf_counter() - begun
