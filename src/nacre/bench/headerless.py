"""Today's codecs on thumbnails, at sizes that leave headers out.

Headers of files this small outweigh the picture, and thumbnails that are stored together can share them. So
only the coded data count, as in Toderici et al., ICLR 2016. Pixels are decoded from the whole file. Huffman
tables of JPEG are the standard ones: optimized tables would carry parts of the picture in a header that does
not count.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import PIL
from PIL import Image, features

from nacre.bench.contract import Pixels
from nacre.picture.metrics import block_ssim

FORMATS = ("JPEG", "WEBP", "JPEG2000")

Options = dict[str, Any]


@dataclass(frozen=True)
class Fit:
    """A decoded picture, the bytes that count for it, and its block SSIM."""

    bytes: int
    pixels: Pixels
    block_ssim: float


@dataclass(frozen=True)
class Opponent:
    """A format that Pillow writes, with all the settings it may choose among for each picture.

    Attributes
    ----------
    name
        Format and variant.
    format, feature
        Pillow's names of the format and of the library behind it.
    settings
        What may be chosen, in words.
    branches
        Options of `Image.save` that change the kind of file.
    scale
        Options of `Image.save` that change its size, from small files to large.
    """

    name: str
    format: str
    feature: str
    settings: str
    branches: tuple[Options, ...]
    scale: tuple[Options, ...]

    @property
    def description(self) -> str:
        """Library, version and settings."""
        return f"{self.library}; {self.settings}"

    @property
    def library(self) -> str:
        """What encodes, with its version."""
        return f"Pillow {PIL.__version__}, {self.feature} {features.version(self.feature)}"

    def encode(self, image: Image.Image, options: Options) -> bytes:
        """Return a whole file."""
        out = io.BytesIO()
        image.save(out, self.format, **options)
        return out.getvalue()

    def files(self, pixels: Pixels, limit: int) -> Iterator[bytes]:
        """Files of all settings, each branch up to the first file that is far above `limit`."""
        image = Image.fromarray(pixels)
        for branch in self.branches:
            for step in self.scale:
                data = self.encode(image, branch | step)
                yield data
                if 4 * payload(data) > 5 * limit:  # sizes rise with the setting but for small dips
                    break

    def best(self, pixels: Pixels, budgets: Sequence[int]) -> list[Fit]:
        """Return the file of the highest block SSIM within each budget.

        Parameters
        ----------
        pixels
            Shape (H, W, 3), uint8.
        budgets
            Bytes without headers. Where no file fits, the smallest is taken.
        """
        sizes = {data: payload(data) for data in self.files(pixels, max(budgets))}
        smallest = min(sizes.values())
        fits = []
        for data, size in sizes.items():
            if size <= max(*budgets, smallest):
                decoded = decode(data)
                fits.append(Fit(size, decoded, block_ssim(pixels, decoded)))
        return [
            max(
                (fit for fit in fits if fit.bytes <= max(budget, smallest)),
                key=lambda fit: (fit.block_ssim, -fit.bytes),
            )
            for budget in budgets
        ]


class OneSegment(Opponent):
    """WebP without its map of segments, which costs a thumbnail of four macroblocks more than it gains.

    Pillow cannot turn segments off; the package `webp` can.
    """

    @property
    def library(self) -> str:
        """What encodes, with its version."""
        from importlib.metadata import version

        return f"webp {version('webp')}"

    def encode(self, image: Image.Image, options: Options) -> bytes:
        """Return a whole file."""
        from importlib import import_module

        webp = import_module("webp")
        config = webp.WebPConfig.new(quality=options["quality"], method=6)
        config.ptr.segments = 1
        config.ptr.sns_strength = 0
        config.ptr.filter_strength = options["filter_strength"]
        return bytes(webp.WebPPicture.from_pil(image).encode(config).buffer())


def opponents() -> list[Opponent]:
    """All that can run here."""
    qualities = tuple({"quality": quality} for quality in range(101))
    kinds = [
        Opponent(
            f"jpeg:{name}",
            "JPEG",
            "libjpeg_turbo" if features.check("libjpeg_turbo") else "jpg",
            f"{subsampling}, standard Huffman tables, any quality",
            ({"subsampling": subsampling},),
            qualities[1:],
        )
        for name, subsampling in (("420", "4:2:0"), ("444", "4:4:4"))
    ]
    kinds.append(
        Opponent(
            "webp",
            "WEBP",
            "webp",
            "any quality, methods 0 to 6",
            tuple({"method": method} for method in range(7)),
            qualities,
        )
    )
    if find_spec("webp"):
        kinds.append(
            OneSegment(
                "webp:one-segment",
                "WEBP",
                "webp",
                "any quality, method 6, one segment, with and without the loop filter",
                ({"filter_strength": 60}, {"filter_strength": 0}),
                qualities,
            )
        )
    jpeg2000 = {"no_jp2": True, "mct": 1}
    kinds.append(
        Opponent(
            "jpeg2000",
            "JPEG2000",
            "jpg_2000",
            "color transform, any rate, 9/7 or 5/3 wavelet, 2 or 3 resolutions",
            tuple(
                {**jpeg2000, "irreversible": irreversible, "num_resolutions": resolutions}
                for irreversible in (True, False)
                for resolutions in (2, 3)
            ),
            # Ratios of a thumbnail's samples to the bytes of its file, which are headers up to some 130.
            tuple({"quality_layers": [3072 / size]} for size in range(100, 1000, 2)),
        )
    )
    return kinds


def decode(data: bytes) -> Pixels:
    """Pixels (H, W, 3) uint8 of a whole file."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return np.asarray(image.convert("RGB"))


def payload(data: bytes) -> int:
    """Bytes of a file of one of `FORMATS` that count.

    JPEG: the one scan after its header, without the end marker. WebP: the file without container (20 bytes),
    frame tag, start code and size (10 bytes). JPEG 2000 (a bare codestream): the one tile after its header,
    without the end marker.

    Raises
    ------
    ValueError
        If the file is none of these.
    """
    if data.startswith(b"\xff\xd8"):
        return len(data) - _after(data, b"\xff\xda") - 2
    if data.startswith(b"\xff\x4f"):
        return len(data) - _after(data, b"\xff\x93") - 2
    if data.startswith(b"RIFF") and data[12:16] == b"VP8 ":
        return len(data) - 30
    raise ValueError("the file is no plain JPEG, lossy WebP or JPEG 2000 codestream")


def _after(data: bytes, last: bytes) -> int:
    """Position after the marker segment `last`, walking from one segment to the next."""
    at = 2
    while marker := data[at : at + 2]:
        if marker == last == b"\xff\x93":  # alone among them, it has no length
            return at + 2
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == last:
            return at
    raise ValueError(f"the file has no marker {last.hex()}")
