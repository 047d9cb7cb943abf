"""What the parts of `results/` share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nacre import api
from nacre.bench.cache import Cache
from nacre.bench.contract import Codec
from nacre.bench.installed import left_out
from nacre.bench.report import Report
from nacre.bench.runner import find_pictures, run


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

    def run(self, codecs: Sequence[str | Codec], **asked: Any) -> Report:
        """Measure codecs on the Kodak pictures; `asked` is what else `nacre.bench.runner.run` takes."""
        return run(
            self.kodak(),
            codecs,
            threads=self.threads,
            jobs=self.jobs,
            cache=self.cache,
            progress=self.progress,
            **asked,
        )

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
