"""Whole calls as a person makes them: their time, and their memory."""

from __future__ import annotations

from nacre.bench.batches import batch_times
from nacre.bench.everyday import as_markdown
from nacre.bench.everyday import everyday as measure_everyday
from nacre.bench.files import write_json, write_whole
from nacre.bench.markdown import times_table
from nacre.bench.parts.codecs import ANCHORS, GRU, OURS
from nacre.bench.parts.job import Job
from nacre.bench.registry import open_codecs
from nacre.bench.runner import TIMED_PICTURES
from nacre.bench.timing import time_codecs

TIMED = (OURS, GRU, *ANCHORS)


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


def batches(job: Job) -> None:
    """Two processes beside one: batches.json and batches.md."""
    found = batch_times(job.kodak())
    write_json(job.out / "batches.json", found.as_dict())
    write_whole(job.out / "batches.md", found.as_markdown())
