"""Whether every prefix decodes, and gets better."""

from __future__ import annotations

from nacre.bench.files import write_json, write_whole
from nacre.bench.parts.codecs import GRU, OURS
from nacre.bench.parts.job import Job
from nacre.bench.prefixes import PrefixStudy, study

BORDERS, POSITIONS, DENSE = 40, 400, 4
"""Cuts of every picture, random ones more, and the pictures that these are of."""


def prefixes(job: Job) -> None:
    """Prefixes: prefixes.json and prefixes.md."""
    _write_prefixes(job, "prefixes", prefix_study(job))


def recurrent_prefixes(job: Job) -> None:
    """The same of the recurrent codec, every pass: prefixes-gru-conv.json and prefixes-gru-conv.md."""
    found = study(job.kodak(), codec=GRU, threads=job.threads, jobs=job.jobs, progress=job.progress)
    _write_prefixes(job, f"prefixes-{GRU}", found)


def prefix_study(job: Job) -> PrefixStudy:
    """Cuts of files of `progressive`."""
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


def _write_prefixes(job: Job, name: str, found: PrefixStudy) -> None:
    write_json(job.out / f"{name}.json", found.as_dict())
    write_whole(job.out / f"{name}.md", found.as_markdown())
