"""Damaged, cut and lying files, and odd pictures."""

from __future__ import annotations

import json
from pathlib import Path

from nacre.bench.files import write_json, write_whole
from nacre.bench.hard_input import report
from nacre.bench.hard_input.study import study
from nacre.bench.parts.job import Job


def hard_input(job: Job) -> None:
    """What damaged, cut and lying files and odd pictures come to: hard-input.json and hard-input.md.

    The pictures of the repository are among the odd ones where this runs in its root; what fuzzing came to
    stands in fuzzing.json, where somebody did it.
    """
    found = study([job.data / "jpegs", Path("tests"), Path("examples")], progress=job.progress)
    write_json(job.out / "hard-input.json", found.as_dict())
    fuzzed = job.out / "fuzzing.json"
    fuzzing = json.loads(fuzzed.read_text()) if fuzzed.is_file() else None
    write_whole(job.out / "hard-input.md", report.as_markdown(found, fuzzing))
