"""One measurement of every picture, kept between runs and shared among processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nacre.bench.cache import Cache, key_of
from nacre.bench.ours import NacreCodec
from nacre.bench.parallel import carry_out
from nacre.errors import UsageError

Row = dict[str, Any]
"""Plain data about one picture, ready for JSON."""

Measure = Callable[..., Row]
"""Called with a picture's file, `codec` and `threads`; picklable."""


@dataclass(frozen=True)
class Plan:
    """How pictures are measured.

    Attributes
    ----------
    codec
        One of nacre's own.
    threads, jobs
        Threads of the codec, and pictures at once.
    cache
        Where rows are kept.
    progress
        Called with pictures done, all pictures, and what was measured.
    """

    codec: str
    threads: int = 1
    jobs: int = 1
    cache: Cache | None = None
    progress: Callable[[int, int, str], None] = lambda done, total, what: None

    def rows(self, measure: Measure, pictures: Sequence[Path], name: str, *others: str) -> list[Row]:
        """Return what `measure` gives for each picture, in order, with its file name as "picture".

        Parameters
        ----------
        measure
            A function of the module `nacre.bench.<name>`.
        pictures
            Picture files.
        name
            Of the measurement, the last part of that module's name.
        others
            Modules of the bench that the result depends on too, likewise.

        Raises
        ------
        UsageError
            If there are no pictures.
        """
        if not pictures:
            raise UsageError("the bench needs at least one picture; name some")
        keys = {path: self._key(path, (name, *others)) for path in pictures} if self.cache else {}
        found: dict[Path, Row] = {}
        for path, key in keys.items():
            kept = self.cache.rows(key) if self.cache else None
            if kept is not None:
                found[path] = kept[0]
        due = [path for path in pictures if path not in found]
        one = partial(measure, codec=self.codec, threads=self.threads)
        for path, row in carry_out(one, due, self.jobs):
            found[path] = row
            if self.cache:
                self.cache.put_rows(keys[path], [row])
            self.progress(len(found), len(pictures), f"{name} of {path.name}")
        return [{"picture": path.name, **found[path]} for path in pictures]

    def _key(self, path: Path, modules: Sequence[str]) -> str:
        identity = f"{modules[0]} {NacreCodec(self.codec, threads=self.threads).identity}"
        sources = tuple(f"bench/{module}.py" for module in modules)
        return key_of(path.read_bytes(), identity, own=True, sources=sources)
