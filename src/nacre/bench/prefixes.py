"""The prefix study: every prefix of a file is a picture, and a better one the longer it is.

One full encode a picture; the file is cut at borders of its layers and at random bytes after the first layer.
All cuts are decoded in line, as a stream that grows; a few also each from its bytes alone, and the two must
agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from nacre import api
from nacre.bench.cache import Cache, key_of
from nacre.bench.contract import Pixels
from nacre.bench.cuts import spread
from nacre.bench.markdown import counted, table
from nacre.bench.measure import read_pixels
from nacre.bench.ours import NacreCodec, has_iterations, raw_bytes
from nacre.bench.parallel import carry_out
from nacre.codecs.contract import DecodeOptions
from nacre.codecs.registry import get_codec_by_number
from nacre.container.file import parse_file
from nacre.errors import NacreError, UsageError
from nacre.picture.metrics import psnr

ALONE = 4
"""Random positions a picture that are decoded from their bytes alone, too."""

ALLOWED_FALL = 0.02
"""dB by which a longer prefix may be worse than a shorter one."""


@dataclass(frozen=True)
class PicturePrefixes:
    """Prefixes of one file.

    Attributes
    ----------
    picture
        File name.
    lengths, psnr
        Bytes of each prefix, rising, and the PSNR in dB of the picture decoded from it.
    iteration_bytes, iteration_psnr
        The same at the borders of whole iterations.
    raw_bytes
        Bytes of the codes of these iterations without entropy coding.
    """

    picture: str
    lengths: list[int]
    psnr: list[float]
    iteration_bytes: list[int]
    iteration_psnr: list[float]
    raw_bytes: list[int]

    @property
    def largest_fall(self) -> float:
        """Largest fall of the PSNR in dB between successive lengths; 0 if there is none."""
        return max((before - after for before, after in pairwise(self.psnr) if before > after), default=0.0)

    @property
    def better_iterations(self) -> tuple[int, int]:
        """How many whole iterations beat the one before, and how many could."""
        steps = list(pairwise(self.iteration_psnr))
        return sum(after > before for before, after in steps), len(steps)


@dataclass(frozen=True)
class PrefixStudy:
    """Prefixes of many files of one codec; see `study`."""

    codec: str
    positions: int
    seed: int
    pictures: list[PicturePrefixes]
    borders: int | None = None
    dense: int | None = None

    @property
    def prefixes(self) -> int:
        """Prefixes decoded; all of them gave a picture, or there would be no study."""
        return sum(len(picture.lengths) for picture in self.pictures)

    @property
    def largest_fall(self) -> float:
        """Largest fall of the PSNR in dB between successive lengths, over all pictures."""
        return max(picture.largest_fall for picture in self.pictures)

    @property
    def better_share(self) -> float:
        """Share of whole iterations that are better than the one before."""
        better = [picture.better_iterations for picture in self.pictures]
        return sum(n for n, _ in better) / max(1, sum(n for _, n in better))

    def coded_share(self) -> list[float]:
        """File bytes over raw bytes after each whole iteration that all pictures have, mean over pictures."""
        shares = [
            [size / raw for size, raw in zip(picture.iteration_bytes, picture.raw_bytes, strict=True)]
            for picture in self.pictures
        ]
        return [fmean(column) for column in zip(*shares, strict=False)]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "codec": self.codec,
            "positions": self.positions,
            "seed": self.seed,
            "borders": self.borders,
            "pictures-with-positions": self.dense,
            "prefixes": self.prefixes,
            "largest-fall-db": self.largest_fall,
            "allowed-fall-db": ALLOWED_FALL,
            "better-share": self.better_share,
            "coded-over-raw": self.coded_share(),
            "pictures": [asdict(picture) for picture in self.pictures],
        }

    def as_markdown(self) -> str:
        """Tables: the verdict, the share that entropy coding leaves, and a row a picture."""
        verdict = "within" if self.largest_fall <= ALLOWED_FALL else "**above**"
        borders = "every layer's border" if self.borders is None else f"borders of {self.borders} layers"
        some = len(self.pictures) if self.dense is None else min(self.dense, len(self.pictures))
        where = "" if some == len(self.pictures) else f" of the first {counted(some, 'picture')}"
        said = (
            f"One file of `{self.codec}` a picture, cut at {borders} and at {self.positions} random bytes"
            f"{where} (seed {self.seed}) after the first layer: {self.prefixes} prefixes of "
            f"{counted(len(self.pictures), 'picture')}, all decoded. Largest fall of the PSNR from one "
            f"length to the next: {self.largest_fall:.4f} dB, {verdict} the {ALLOWED_FALL} dB allowed."
        )
        if any(picture.iteration_bytes for picture in self.pictures):
            said += f" {self.better_share:.1%} of whole iterations are better than the one before."
        parts = [said]
        shares = self.coded_share()
        if shares:
            head = ["iteration", *(str(k) for k in range(1, len(shares) + 1))]
            row = ["file over raw codes", *(f"{share:.3f}" for share in shares)]
            parts.append(table(head, [row]))
        rows = [
            [
                picture.picture,
                str(len(picture.lengths)),
                f"{picture.lengths[0]:,}",
                f"{picture.psnr[0]:.2f}",
                f"{picture.lengths[-1]:,}",
                f"{picture.psnr[-1]:.2f}",
                f"{picture.largest_fall:.4f}",
            ]
            for picture in self.pictures
        ]
        head = [
            "picture",
            "prefixes",
            "first layer (bytes)",
            "PSNR (dB)",
            "whole (bytes)",
            "PSNR (dB)",
            "fall (dB)",
        ]
        parts.append(table(head, rows))
        return "\n\n".join(parts) + "\n"


def study(
    pictures: Sequence[Path],
    *,
    codec: str = "gru-conv",
    positions: int = 20,
    seed: int = 0,
    borders: int | None = None,
    dense: int | None = None,
    threads: int = 1,
    jobs: int = 1,
    cache: Cache | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> PrefixStudy:
    """Cut and decode one full file of every picture.

    Parameters
    ----------
    pictures
        Picture files.
    codec
        A progressive codec of nacre.
    positions
        Random byte positions a picture, after the first layer.
    seed
        Of these positions, together with the picture's place in the list.
    borders
        Borders of layers a picture, about evenly spread on a scale of ratios; None for all.
    dense
        Pictures, from the first, that are cut at random positions too; None for all.
    threads, jobs
        Threads of the codec, and pictures at once.
    cache
        Where pictures' results are kept.
    progress
        Called with pictures done, all pictures, and the last one's name.

    Raises
    ------
    NacreError
        If a prefix does not decode.
    """
    if not pictures:
        raise UsageError("the prefix study needs at least one picture; name some")
    tasks = [
        _Task(
            number, path, codec, positions if dense is None or number < dense else 0, seed, borders, threads
        )
        for number, path in enumerate(pictures)
    ]
    done: dict[int, PicturePrefixes] = {}
    for task in tasks if cache else ():
        kept = cache.rows(task.key) if cache else None
        if kept is not None:
            done[task.number] = PicturePrefixes(**(kept[0] | {"picture": task.path.name}))
    for task, found in carry_out(_study_one, [task for task in tasks if task.number not in done], jobs):
        done[task.number] = found
        if cache:
            cache.put_rows(task.key, [asdict(found)])
        progress(len(done), len(pictures), task.path.name)
    kept_pictures = [done[number] for number in range(len(pictures))]
    return PrefixStudy(codec, positions, seed, kept_pictures, borders, dense)


@dataclass(frozen=True)
class _Task:
    """One picture."""

    number: int
    path: Path
    codec: str
    positions: int
    seed: int
    borders: int | None
    threads: int

    @property
    def key(self) -> str:
        """What the result depends on."""
        codec = NacreCodec(self.codec, threads=self.threads).identity
        identity = f"prefixes {codec} {self.number} {self.positions} {self.seed} {self.borders}"
        return key_of(self.path.read_bytes(), identity, own=True, sources=("bench/prefixes.py",))


def _study_one(task: _Task) -> PicturePrefixes:
    pixels = read_pixels(task.path)
    made = api.compress(pixels, codec=task.codec, threads=task.threads)
    full = len(made.data)
    layers = tuple(getattr(made, "layers", ()) or ())
    borders = [layer.file_bytes for layer in layers] or [
        point.bytes for point in api.info(made.data).rate_points
    ]
    first = min(borders, default=full)
    if task.borders is not None:
        borders = spread(sorted({*borders, full}), task.borders)
    whole = [layer for layer in layers if layer.whole] if has_iterations(task.codec) else []
    random = np.random.default_rng((task.seed, task.number))
    cuts = random.integers(first, full, task.positions, endpoint=True)
    lengths = sorted({*borders, *map(int, cuts), full})
    quality = _along(made.data, lengths, pixels, task.threads)
    # Some are decoded once more, each from its bytes alone.
    for length in map(int, cuts[:ALONE]):
        alone = psnr(pixels, api.decompress(made.data[:length], threads=task.threads).rgb())
        if alone != quality[length]:
            raise NacreError(
                f"{task.path.name}: {length} bytes give {alone} dB alone and {quality[length]} in line"
            )
    height, width = pixels.shape[:2]
    return PicturePrefixes(
        picture=task.path.name,
        lengths=lengths,
        psnr=[quality[length] for length in lengths],
        iteration_bytes=[layer.file_bytes for layer in whole],
        iteration_psnr=[quality[layer.file_bytes] for layer in whole],
        raw_bytes=[raw_bytes(task.codec, height, width, layer.iteration) for layer in whole],
    )


def _along(data: bytes, lengths: Sequence[int], pixels: Pixels, threads: int) -> dict[int, float]:
    """PSNR of every prefix, decoded in line: each as a stream that has grown to this length."""
    parsed = parse_file(data[: lengths[0]])
    coded = api.coded(parsed)
    decoder = get_codec_by_number(parsed.header.codec).decoder(coded, DecodeOptions(threads))
    quality: dict[int, float] = {}
    shown: float | None = None
    for length in lengths:
        for picture in decoder.pictures(parse_file(data[:length]).stream):
            shown = psnr(pixels, picture.rgb())
        if shown is None:
            raise NacreError(f"{length} bytes hold the first layer and give no picture")
        quality[length] = shown
    return quality
