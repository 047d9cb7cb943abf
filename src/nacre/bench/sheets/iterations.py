"""What recurrent codecs show of one photograph after some of their iterations."""

from __future__ import annotations

from collections.abc import Sequence

from nacre import api
from nacre.bench.at_bytes import SizedFile
from nacre.bench.contract import Pixels
from nacre.bench.ours import NacreCodec, has_iterations
from nacre.bench.sheets.drawing import Cell, Row
from nacre.bench.sheets.sheet import Sheet
from nacre.codecs.registry import get_codec
from nacre.errors import UsageError


def by_iterations(original: Pixels, codecs: Sequence[str], iterations: Sequence[int], threads: int) -> Sheet:
    """Make a row for each codec: one file, cut after each of the iterations.

    Parameters
    ----------
    original
        Shape (H, W, 3), uint8.
    iterations
        From 1 on, rising.

    Raises
    ------
    UsageError
        If a codec is unknown, or does not go in iterations.
    """
    for name in codecs:
        if not has_iterations(get_codec(name).name):
            raise UsageError(f"{name} has no iterations; choose a codec that has, such as gru-conv.")
    files = [_cuts(original, NacreCodec(name, threads=threads), iterations) for name in codecs]
    return Sheet(files, [Row(row[0].codec, list(map(_cell, row))) for row in files])


def _cuts(original: Pixels, codec: NacreCodec, iterations: Sequence[int]) -> list[SizedFile]:
    made = api.compress(original, codec=codec.codec, iterations=iterations[-1], threads=codec.threads)
    ends = {layer.iteration: layer.file_bytes for layer in made.layers if layer.whole}
    cuts = {t: made.data[: ends[t]] for t in iterations}
    return [SizedFile.of(codec, f"iteration {t}", None, cut, original) for t, cut in cuts.items()]


def _cell(file: SizedFile) -> Cell:
    return Cell(
        file.pixels, file.setting, f"{len(file.data):,} bytes   {file.bpp:.3f} bpp   {file.psnr:.2f} dB"
    )
