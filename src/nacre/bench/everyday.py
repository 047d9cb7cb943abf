"""What a person waits for: start-up, decoding, encoding, and a large picture, with peak memory.

`python -m nacre.bench.everyday encode|decode CODEC THREADS IN [OUT]` does that once in a fresh process and
prints seconds and peak bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from PIL import Image

from nacre import api
from nacre.bench.markdown import table
from nacre.bench.measure import read_pixels
from nacre.bench.memory import own_peak
from nacre.errors import NacreError

STARTS = 11
REPEATS = 3
RATES = (0.25, 1.0)
"""Bits a pixel at which the ordinary photograph is decoded."""
SIDES = {"1 megapixel": (1000, 1000), "24 megapixels": (6000, 4000)}


@dataclass(frozen=True)
class Row:
    """One thing that was timed.

    Attributes
    ----------
    what
        In words.
    seconds
        Median of several runs, or one run for the large picture.
    peak
        Peak resident bytes of a fresh process, None where it was not measured.
    """

    what: str
    seconds: float
    peak: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def everyday(picture: Path, large: Path | None, codec: str, *, threads: int) -> list[Row]:
    """Time the calls of everyday use.

    Parameters
    ----------
    picture
        A photograph of ordinary size (a Kodak picture).
    large
        A photograph that is resized to 1 and 24 megapixels; None leaves these rows out.
    codec
        A progressive codec of nacre.
    threads
        Of the codec.
    """
    pixels = read_pixels(picture)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = perf_counter()
        made = api.compress(pixels, codec=codec, threads=threads)
        rows.append(Row(f"encode {picture.name}, first call", perf_counter() - start))
        seconds = _median(lambda: api.compress(pixels, codec=codec, threads=threads))
        rows.append(Row(f"encode {picture.name}", seconds))
        for bpp in RATES:
            cut = made.data[: int(bpp * pixels.shape[0] * pixels.shape[1] / 8)]
            seconds = _median(lambda data=cut: api.decompress(data, threads=threads))
            rows.append(Row(f"decode {picture.name}, {bpp:g} bpp", seconds))
        file = folder / "picture.nacre"
        file.write_bytes(made.data)
        rows += _starts(file)
        if large is not None:
            for label, size in SIDES.items():
                rows += _large(large, label, size, folder, codec, threads)
    return rows


def as_markdown(rows: list[Row], codec: str, threads: int) -> str:
    """A table, with the thread count and what was measured how."""
    body = [[r.what, f"{r.seconds:.3f}", "" if r.peak is None else f"{r.peak / 1e6:.0f}"] for r in rows]
    head = f"`{codec}`: whole calls with {threads} threads; peaks are those of fresh processes.\n\n"
    return head + table(["what", "seconds", "peak MB"], body) + "\n"


def _median(call: Any) -> float:
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return median(times)


def _starts(file: Path) -> list[Row]:
    """Start-up of light commands over that of the bare interpreter, in turn."""
    commands = {
        "python3 -c pass": ["-c", "pass"],
        "nacre --version": ["-m", "nacre", "--version"],
        "nacre info": ["-m", "nacre", "info", str(file)],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, arguments in commands.items():
            start = perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            times[name].append(perf_counter() - start)
    bare, *others = commands
    return [Row(f"{n}, over {bare}", median(times[n]) - median(times[bare])) for n in others]


def _large(
    source: Path, label: str, size: tuple[int, int], folder: Path, codec: str, threads: int
) -> list[Row]:
    picture, coded = folder / "large.png", folder / "large.nacre"
    resized = Image.fromarray(read_pixels(source)).resize(size, Image.Resampling.LANCZOS)
    resized.save(picture, compress_level=1)
    return [
        Row(f"encode {label}, --fast", *_fresh("encode", codec, threads, picture, coded)),
        Row(f"decode {label}", *_fresh("decode", codec, threads, coded)),
    ]


def _fresh(task: str, codec: str, threads: int, *files: Path) -> tuple[float, int]:
    command = [sys.executable, "-m", "nacre.bench.everyday", task, codec, str(threads), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NacreError(f"Timing {task} of a large picture failed: {done.stderr.strip()[-200:]}.")
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak)


def _main(task: str, codec: str, threads: str, source: str, target: str = "") -> None:
    start = perf_counter()
    if task == "encode":
        Path(target).write_bytes(api.encode(source, codec=codec, fast=True, threads=int(threads)))
    else:
        # To an array: what Pillow would take to write a PNG is not the codec's time.
        api.decompress(source, threads=int(threads))
    sys.stdout.write(f"{perf_counter() - start} {own_peak()}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
