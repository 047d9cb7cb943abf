"""Write `results/` again: `python -m nacre.bench.results --data DIR --out results/`.

Parts, each by itself with `--only`: "kodak" (rate and quality against today's codecs), "prefixes" (every
prefix decodes, and gets better), "prefixes-gru-conv" (the same of that codec), "progressive" (what else
`progressive` is to reach), "progressive-times" (its speed and memory; for a quiet machine), "times" (whole
calls and peak memory beside today's codecs), "everyday" (start-up, ordinary and large pictures),
"everyday-gru-conv", "thumbnails" (codecs for 32x32 pixels, without headers), "recurrent" (the codecs of
Toderici et al. 2016 on photographs), "dynamic" (what their dynamic bits gain), "decode-times" (how long
recurrent codecs decode; for a quiet machine), "gru-conv-cells" (what priming and adaptive bits gain),
"gru-conv-search" (what trying codes gains), "batches" (two processes beside one; for a quiet machine),
"hard-input" (damaged, cut and lying files, and odd pictures), "gru-conv-entropy" and "gru-conv-training"
(pages of what `nacre.learn.studies` measured, which needs torch, checkpoints and training pictures).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from nacre.bench.parts.calls import batches, everyday, recurrent_everyday, times
from nacre.bench.parts.decode_times import decode_times
from nacre.bench.parts.gru_conv import (
    recurrent_cells,
    recurrent_entropy,
    recurrent_search,
    recurrent_training,
)
from nacre.bench.parts.hard_input import hard_input
from nacre.bench.parts.job import Job
from nacre.bench.parts.kodak import kodak
from nacre.bench.parts.prefixes import prefixes, recurrent_prefixes
from nacre.bench.parts.progressive import progressive, progressive_times
from nacre.bench.parts.units import dynamic, recurrent, thumbnails
from nacre.errors import NacreError, UsageError

PARTS: dict[str, Callable[[Job], None]] = {
    "kodak": kodak,
    "prefixes": prefixes,
    "prefixes-gru-conv": recurrent_prefixes,
    "progressive": progressive,
    "progressive-times": progressive_times,
    "times": times,
    "everyday": everyday,
    "everyday-gru-conv": recurrent_everyday,
    "thumbnails": thumbnails,
    "recurrent": recurrent,
    "dynamic": dynamic,
    "gru-conv-cells": recurrent_cells,
    "gru-conv-search": recurrent_search,
    "decode-times": decode_times,
    "batches": batches,
    "hard-input": hard_input,
    "gru-conv-entropy": recurrent_entropy,
    "gru-conv-training": recurrent_training,
}


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder that holds kodak/*.png and thumbnails/.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
@click.option(
    "--only", default=",".join(PARTS), show_default=True, help="Parts to write, separated by commas."
)
@click.option(
    "--threads", type=click.IntRange(1), default=2, show_default=True, help="Threads of each codec."
)
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Pictures at once.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder that keeps measurements.")
@click.option("--pictures", type=click.IntRange(1), help="Only the first so many pictures of a set.")
def main(
    data: Path, out: Path, only: str, threads: int, jobs: int, cache: Path | None, pictures: int | None
) -> None:
    """Write the results again."""
    job = Job(data, out, threads, jobs, cache, pictures)
    try:
        for name in only.split(","):
            if name not in PARTS:
                raise UsageError(f"there is no part {name!r}; choose among {', '.join(PARTS)}")
            PARTS[name](job)
            if sys.stderr.isatty():
                click.echo(f"\r\033[K{name} written", err=True)
    except NacreError as error:
        click.echo(f"results: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
