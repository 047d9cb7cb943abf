"""What `gru-conv` gains beyond its plain loop, and pages of what `nacre.learn.studies` measured of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from nacre.bench import cells, gru_conv_entropy, gru_conv_training
from nacre.bench.files import write_whole
from nacre.bench.markdown import render
from nacre.bench.parts.codecs import ANCHORS, GRU, LONG
from nacre.bench.parts.job import Job

SEARCHES = (2,)
"""Codes of a cell and iteration that are tried."""


def recurrent_cells(job: Job) -> None:
    """Priming and adaptive bits of the recurrent codec: gru-conv-cells.json and gru-conv-cells.md."""
    report = job.run(
        cells.ways(GRU, threads=job.threads),
        json=job.out / f"{GRU}-cells.json",
        anchor=GRU,
    )
    write_whole(job.out / f"{GRU}-cells.md", cells.as_markdown(report))


def recurrent_search(job: Job) -> None:
    """What trying codes gains: gru-conv-search.json and gru-conv-search.md."""
    codecs = (LONG, *(f"{LONG}:search={tries}" for tries in SEARCHES), ANCHORS[0])
    report = job.run(codecs, json=job.out / f"{GRU}-search.json", anchor=LONG)
    write_whole(job.out / f"{GRU}-search.md", render(report))


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
