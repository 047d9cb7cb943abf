"""The codecs of Toderici et al. (2016) on thumbnails and on photographs."""

from __future__ import annotations

from dataclasses import asdict

import click

from nacre.bench import dynamic as dynamic_bits
from nacre.bench import plots, recurrent_tables, thumbnail_tables
from nacre.bench.files import write_json, write_whole
from nacre.bench.parts.codecs import LONG
from nacre.bench.parts.job import Job
from nacre.bench.thumbnail_bars import thumbnail_bars
from nacre.bench.thumbnails import read_thumbnails, study
from nacre.errors import UsageError

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


def thumbnails(job: Job) -> None:
    """Quality at 64 and 128 bytes: thumbnails.json, .md, .png and .svg."""
    mosaic = job.data / "thumbnails" / "test_1000.webp"
    if not mosaic.is_file():
        raise UsageError(f"there is no {mosaic}; see docs/test-sets.md, or choose other parts with --only")
    plots.require()
    originals = read_thumbnails(mosaic)[: job.pictures]
    found = study(originals, threads=job.threads, jobs=job.jobs, cache=job.kept(), progress=job.progress)
    bars = [asdict(bar) for bar in thumbnail_bars(found)]
    write_json(job.out / "thumbnails.json", {**found.as_dict(), "bars": bars})
    write_whole(job.out / "thumbnails.md", thumbnail_tables.as_markdown(found))
    plots.save_thumbnails(found, job.out / "thumbnails.png")
    for codec, reason in found.left_out.items():
        click.echo(f"results: thumbnails leave out {codec}: {reason}", err=True)


def recurrent(job: Job) -> None:
    """Rate and quality of the codecs of 2016: recurrent.json, .md, .png and .svg."""
    chosen, missing = job.choose(RECURRENT, "recurrent")
    report = job.run(
        [*chosen, LONG, "jpeg:420"],
        json=job.out / "recurrent.json",
        plot=job.out / "recurrent.png",
        anchor="jpeg:420",
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
