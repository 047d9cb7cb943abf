"""Write `results/` again: `python -m nacre.bench.results --data DIR --out results/`.

Parts, each by itself with `--only`: "kodak" (rate and quality against today's codecs), "prefixes" (every
prefix decodes, and gets better), "prefixes-gru-conv" (the same of that codec), "progressive" (what else
`progressive` is to reach), "progressive-times" (its speed and memory; for a quiet machine), "times" (whole
calls and peak memory beside today's codecs), "everyday" (start-up, ordinary and large pictures),
"everyday-gru-conv", "thumbnails" (codecs for 32x32 pixels, without headers), "recurrent" (the codecs of
Toderici et al. 2016 on photographs), "dynamic" (what their dynamic bits gain), "decode-times" (how long
they decode; for a quiet machine), "gru-conv-cells" (what priming and adaptive bits gain), "batches" (two
processes beside one; for a quiet machine), "hard-input" (damaged, cut and lying files, and odd pictures),
"gru-conv-entropy" and "gru-conv-training" (pages of what `nacre.learn.studies` measured, which needs torch,
checkpoints and training pictures).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from nacre import api
from nacre.bench import (
    cells,
    gru_conv_entropy,
    gru_conv_training,
    plots,
    progressive_study,
    recurrent_tables,
    thumbnail_tables,
)
from nacre.bench import decode_times as decoding
from nacre.bench import dynamic as dynamic_bits
from nacre.bench.against import Against
from nacre.bench.bars import bars_table
from nacre.bench.batches import batch_times
from nacre.bench.cache import Cache
from nacre.bench.each_picture import Plan
from nacre.bench.everyday import as_markdown
from nacre.bench.everyday import everyday as measure_everyday
from nacre.bench.files import write_json, write_whole
from nacre.bench.hard_input import report as hard_input_report
from nacre.bench.hard_input.study import study as study_hard_input
from nacre.bench.installed import left_out
from nacre.bench.markdown import render, times_table
from nacre.bench.peaks import measure_peaks
from nacre.bench.prefixes import PrefixStudy, study
from nacre.bench.registry import open_codecs
from nacre.bench.runner import TIMED_PICTURES, find_pictures, run
from nacre.bench.speed import time_calls
from nacre.bench.thumbnail_bars import thumbnail_bars
from nacre.bench.thumbnails import read_thumbnails
from nacre.bench.thumbnails import study as measure_thumbnails
from nacre.bench.timing import time_codecs
from nacre.errors import NacreError, UsageError

OURS = "progressive"
GRU = "gru-conv"
LONG = f"{GRU}:iterations=12"
"""More iterations than the default, to reach 1 bpp after entropy coding."""

ANCHORS = ("jpeg:420", "webp", "avif", "jpeg2000", "jxl")
CODECS = (OURS, LONG, f"{GRU}:raw:iterations=12", *ANCHORS)
TIMED = (OURS, GRU, *ANCHORS)
BORDERS, POSITIONS, DENSE = 40, 400, 4
"""Cuts of every picture, random ones more, and the pictures that these are of."""
RECURRENT = (
    "residual-fc",
    "lstm-fc",
    "residual-conv",
    "lstm-conv",
    "static-conv",
    "residual-fc-shared",
    "residual-fc-8bits",
    "residual-conv-shared",
)
PUBLISHED = (
    "toderici-2017-residual-gru",
    "toderici-2017-1zb-lstm-additive",
    "johnston-2018-priming-sabr",
    "theis-2017",
    "balle-2017-opt-mse",
    "balle-2018-hyperprior-mse",
    "bpg444",
)
"""Codecs that do not run here; the others' published curves would only repeat what is measured."""


@dataclass(frozen=True)
class Job:
    """What the parts share: where pictures are, where results go, and how much of the machine to use."""

    data: Path
    out: Path
    threads: int
    jobs: int
    cache: Path | None
    pictures: int | None

    def kodak(self) -> list[Path]:
        """Return the Kodak pictures, in order."""
        return list(find_pictures(self.data / "kodak").values())[: self.pictures]

    def choose(self, codecs: Sequence[str], part: str) -> tuple[list[str], dict[str, str]]:
        """Return the codecs that can run here, and the others with the reason; say which those are."""
        missing = left_out(codecs, api.list_codecs())
        for codec, reason in missing.items():
            click.echo(f"results: {part} leaves out {codec}: {reason}", err=True)
        return [codec for codec in codecs if codec not in missing], missing

    def kept(self) -> Cache | None:
        """Return what keeps measurements, if it was asked for."""
        return None if self.cache is None else Cache(self.cache)

    def progress(self, done: int, total: int, what: str) -> None:
        """One line on a terminal."""
        if sys.stderr.isatty():
            click.echo(f"\r\033[K{done}/{total} {what}", nl=False, err=True)


def kodak(job: Job) -> None:
    """Rate and quality: kodak.json, .md, .png, .svg, and a file a codec in CompressAI's shape in kodak/.

    What entropy coding saves against the raw codes of gru-conv stands in entropy.md.
    """
    report = run(
        job.kodak(),
        CODECS,
        json=job.out / "kodak.json",
        plot=job.out / "kodak.png",
        anchor="jpeg:420",
        published_curves=PUBLISHED,
        threads=job.threads,
        jobs=job.jobs,
        cache=job.cache,
        progress=job.progress,
    )
    text = render(report)
    if OURS in {codec.name for codec in report.codecs}:
        text += f"\n{Against.of(report, OURS).as_markdown()}\n"
    write_whole(job.out / "kodak.md", text)
    own = [codec for codec in report.codecs if codec.name.startswith(GRU)]
    if len(own) == 2:
        coder = replace(report, codecs=own, anchor=own[1].name, published=[])
        write_whole(job.out / "entropy.md", render(coder))
    for codec in report.codecs:
        shape = {"name": codec.name, "description": codec.description, "results": codec.mean_results()}
        write_json(job.out / "kodak" / f"{codec.name.replace(':', '-')}.json", shape)


def prefixes(job: Job) -> None:
    """Prefixes: prefixes.json and prefixes.md."""
    _write_prefixes(job, "prefixes", _study_prefixes(job))


def recurrent_prefixes(job: Job) -> None:
    """The same of the recurrent codec, every pass: prefixes-gru-conv.json and prefixes-gru-conv.md."""
    found = study(job.kodak(), codec=GRU, threads=job.threads, jobs=job.jobs, progress=job.progress)
    _write_prefixes(job, f"prefixes-{GRU}", found)


def _write_prefixes(job: Job, name: str, found: PrefixStudy) -> None:
    write_json(job.out / f"{name}.json", found.as_dict())
    write_whole(job.out / f"{name}.md", found.as_markdown())


def _study_prefixes(job: Job) -> PrefixStudy:
    return study(
        job.kodak(),
        codec=OURS,
        positions=POSITIONS,
        borders=BORDERS,
        dense=DENSE,
        threads=job.threads,
        jobs=job.jobs,
        cache=job.kept(),
        progress=job.progress,
    )


def progressive(job: Job) -> None:
    """Bars of `progressive`, but for speed and memory: progressive.json and progressive.md.

    With a cache, what the parts "kodak" and "prefixes" measured is not measured again.
    """
    report = run(
        job.kodak(),
        (OURS, *ANCHORS),
        anchor="jpeg:420",
        published_curves=PUBLISHED,
        threads=job.threads,
        jobs=job.jobs,
        cache=job.cache,
        progress=job.progress,
    )
    plan = Plan(OURS, job.threads, job.jobs, job.kept(), job.progress)
    found = progressive_study.study(report, _study_prefixes(job), plan, job.kodak())
    write_json(job.out / "progressive.json", found.as_dict())
    write_whole(job.out / "progressive.md", found.as_markdown())


def progressive_times(job: Job) -> None:
    """Speed and memory of `progressive`: progressive-times.json and progressive-times.md."""
    photographs = sorted((job.data / "clic").glob("*.webp"))
    speed = time_calls(photographs, OURS, threads=job.threads, progress=job.progress)
    peaks = measure_peaks(photographs, OURS, threads=job.threads, progress=job.progress)
    bars = [*speed.bars(), *peaks.bars()]
    found = {"bars": [asdict(bar) for bar in bars], "speed": speed.as_dict(), "memory": peaks.as_dict()}
    write_json(job.out / "progressive-times.json", found)
    parts = [bars_table(bars), *speed.section(), *peaks.section()]
    write_whole(job.out / "progressive-times.md", "\n\n".join(parts) + "\n")


def times(job: Job) -> None:
    """Write times and memory: times.json and times.md, one process, codecs in turn."""
    pictures = job.kodak()[:TIMED_PICTURES]
    codecs = open_codecs(TIMED, threads=job.threads)
    found = time_codecs(
        codecs, pictures, threads=job.threads, progress=lambda what: job.progress(0, len(pictures), what)
    )
    rows = [each.as_dict() for each in found]
    write_json(job.out / "times.json", rows)
    write_whole(job.out / "times.md", times_table(found) + "\n")


def everyday(job: Job) -> None:
    """Everyday use: everyday.json and everyday.md."""
    _write_everyday(job, "everyday", OURS)


def recurrent_everyday(job: Job) -> None:
    """The same of the recurrent codec: everyday-gru-conv.json and everyday-gru-conv.md."""
    _write_everyday(job, f"everyday-{GRU}", GRU)


def _write_everyday(job: Job, name: str, codec: str) -> None:
    photographs = sorted((job.data / "clic").glob("*.webp"))
    large = photographs[0] if photographs else None
    rows = measure_everyday(job.kodak()[0], large, codec, threads=job.threads)
    write_json(job.out / f"{name}.json", [row.as_dict() for row in rows])
    write_whole(job.out / f"{name}.md", as_markdown(rows, codec, job.threads))


def thumbnails(job: Job) -> None:
    """Quality at 64 and 128 bytes: thumbnails.json, .md, .png and .svg."""
    mosaic = job.data / "thumbnails" / "test_1000.webp"
    if not mosaic.is_file():
        raise UsageError(f"there is no {mosaic}; see docs/test-sets.md, or choose other parts with --only")
    plots.require()
    originals = read_thumbnails(mosaic)[: job.pictures]
    found = measure_thumbnails(
        originals, threads=job.threads, jobs=job.jobs, cache=job.kept(), progress=job.progress
    )
    bars = [asdict(bar) for bar in thumbnail_bars(found)]
    write_json(job.out / "thumbnails.json", {**found.as_dict(), "bars": bars})
    write_whole(job.out / "thumbnails.md", thumbnail_tables.as_markdown(found))
    plots.save_thumbnails(found, job.out / "thumbnails.png")
    for codec, reason in found.left_out.items():
        click.echo(f"results: thumbnails leave out {codec}: {reason}", err=True)


def recurrent(job: Job) -> None:
    """Rate and quality of the codecs of 2016: recurrent.json, .md, .png and .svg."""
    chosen, missing = job.choose(RECURRENT, "recurrent")
    report = run(
        job.kodak(),
        [*chosen, LONG, "jpeg:420"],
        json=job.out / "recurrent.json",
        plot=job.out / "recurrent.png",
        anchor="jpeg:420",
        threads=job.threads,
        jobs=job.jobs,
        cache=job.cache,
        progress=job.progress,
    )
    write_whole(job.out / "recurrent.md", recurrent_tables.as_markdown(report, missing))


def dynamic(job: Job) -> None:
    """Dynamic bits beside uniform ones: dynamic.json and dynamic.md."""
    chosen, missing = job.choose(dynamic_bits.CODECS, "dynamic")
    found = dynamic_bits.study(
        job.kodak(), chosen, threads=job.threads, jobs=job.jobs, cache=job.kept(), progress=job.progress
    )
    write_json(job.out / "dynamic.json", [each.as_dict() for each in found])
    write_whole(job.out / "dynamic.md", dynamic_bits.as_markdown(found, missing))


def recurrent_cells(job: Job) -> None:
    """Priming and adaptive bits of the recurrent codec: gru-conv-cells.json and gru-conv-cells.md."""
    report = run(
        job.kodak(),
        cells.ways(GRU, threads=job.threads),
        json=job.out / f"{GRU}-cells.json",
        anchor=GRU,
        threads=job.threads,
        jobs=job.jobs,
        cache=job.cache,
        progress=job.progress,
    )
    write_whole(job.out / f"{GRU}-cells.md", cells.as_markdown(report))


def decode_times(job: Job) -> None:
    """Decode times of the codecs of 2016: decode-times.json and decode-times.md, one process."""
    chosen, missing = job.choose(tuple(decoding.SECONDS), "decode-times")
    picture = job.kodak()[0]
    found = decoding.decode_times(picture, chosen, threads=job.threads, progress=job.progress)
    write_json(job.out / "decode-times.json", [each.as_dict() for each in found])
    write_whole(job.out / "decode-times.md", decoding.as_markdown(found, picture, job.threads, missing))


def batches(job: Job) -> None:
    """Two processes beside one: batches.json and batches.md."""
    found = batch_times(job.kodak())
    write_json(job.out / "batches.json", found.as_dict())
    write_whole(job.out / "batches.md", found.as_markdown())


def hard_input(job: Job) -> None:
    """What damaged, cut and lying files and odd pictures come to: hard-input.json and hard-input.md.

    The pictures of the repository are among the odd ones where this runs in its root; what fuzzing came to
    stands in fuzzing.json, where somebody did it.
    """
    found = study_hard_input([job.data / "jpegs", Path("tests"), Path("examples")], progress=job.progress)
    write_json(job.out / "hard-input.json", found.as_dict())
    fuzzed = job.out / "fuzzing.json"
    fuzzing = json.loads(fuzzed.read_text()) if fuzzed.is_file() else None
    write_whole(job.out / "hard-input.md", hard_input_report.as_markdown(found, fuzzing))


def recurrent_entropy(job: Job) -> None:
    """The entropy models of gru-conv beside a learned estimate: gru-conv-entropy.md of the .json there."""
    _write_study(job, f"{GRU}-entropy", "entropy", gru_conv_entropy.as_markdown)


def recurrent_training(job: Job) -> None:
    """Its losses and reconstructions side by side: gru-conv-training.md of the .json there."""
    _write_study(job, f"{GRU}-training", "training", gru_conv_training.as_markdown)


def _write_study(job: Job, name: str, study: str, page: Callable[[dict[str, Any]], str]) -> None:
    measured = job.out / f"{name}.json"
    if not measured.is_file():
        click.echo(f"results: {name} is left out: nacre.learn.studies.{study} makes its {measured}", err=True)
        return
    write_whole(job.out / f"{name}.md", page(json.loads(measured.read_text())))


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
