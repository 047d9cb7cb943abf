"""What else `progressive` is to reach."""

from __future__ import annotations

from dataclasses import asdict

from nacre.bench import progressive_study
from nacre.bench.bars import bars_table
from nacre.bench.each_picture import Plan
from nacre.bench.files import write_json, write_whole
from nacre.bench.parts.codecs import ANCHORS, OURS, PUBLISHED
from nacre.bench.parts.job import Job
from nacre.bench.parts.prefixes import prefix_study
from nacre.bench.peaks import measure_peaks
from nacre.bench.speed import time_calls


def progressive(job: Job) -> None:
    """Bars of `progressive`, but for speed and memory: progressive.json and progressive.md.

    With a cache, what the parts "kodak" and "prefixes" measured is not measured again.
    """
    report = job.run(
        (OURS, *ANCHORS),
        anchor="jpeg:420",
        published_curves=PUBLISHED,
    )
    plan = Plan(OURS, job.threads, job.jobs, job.kept(), job.progress)
    found = progressive_study.study(report, prefix_study(job), plan, job.kodak())
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
