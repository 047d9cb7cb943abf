"""Which files a command line means, and which file each becomes."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from nacre.cli.places import STANDARD
from nacre.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Job:
    """One file to read and one to write, each a path or ``-``.

    Attributes
    ----------
    clash
        Another input that becomes the same file, found in a folder: this job is to fail, not to overwrite.
    """

    name: str
    place: str
    clash: str | None = None

    def check(self) -> None:
        """Raise a `UsageError` for a job that another one is in the way of."""
        if self.clash is not None:
            raise UsageError(_alike(self.clash, self.name, self.place))


def job_options(command: F) -> F:
    """Add the options of commands that take several files."""
    for option in (
        click.option(
            "--skip-existing", is_flag=True, help="Leave out what has an output already: to finish a job."
        ),
        click.option(
            "-j",
            "--jobs",
            type=click.IntRange(1),
            metavar="N",
            help="Files at once, each in a process of one thread.  [default: one file, all cores]",
        ),
        click.option("-r", "--recursive", is_flag=True, help="Take folders with all that is in them."),
    ):
        command = option(command)
    return command


def plan(
    inputs: Sequence[str], output: str | None, suffix: str, wanted: Collection[str], *, recursive: bool
) -> list[Job]:
    """Return what to make of what, no two jobs writing to one place.

    Parameters
    ----------
    inputs
        Files, and folders if ``recursive``: the files in them that have one of the ``wanted`` suffixes.
    output
        A file, ``-``, or a folder, in which the folders of the inputs are made again; None for beside each
        input.
    suffix
        Of the outputs.

    Raises
    ------
    UsageError
        If the outputs cannot be what ``output`` says, or there is nothing to do.
    """
    if STANDARD in inputs and len(inputs) > 1:
        raise UsageError("- (stdin) stands alone; take the other files by another command.")
    folders = {name for name in inputs if recursive and name != STANDARD and Path(name).is_dir()}
    several = len(inputs) > 1 or bool(folders)
    if output == STANDARD and several:
        raise UsageError("Several files cannot go to stdout; name a folder with -o.")
    target: Path | None = None
    if output not in (None, STANDARD) and (several or Path(output).is_dir() or output.endswith("/")):
        target = _made(Path(output))
    jobs: list[Job] = []
    takers: dict[str, str] = {}
    for name in inputs:
        for file in _files_in(name, wanted) if name in folders else [name]:
            if target is not None:
                part = Path(file).relative_to(name).parent if name in folders else Path()
                place = str(_made(target / part, parents=True) / f"{_stem(file)}{suffix}")
            elif output is not None:
                place = output
            else:
                place = STANDARD if file == STANDARD else str(Path(file).parent / f"{_stem(file)}{suffix}")
            clash = takers.get(place)
            if clash is not None and name not in folders:
                raise UsageError(_alike(clash, file, place))
            takers.setdefault(place, file)
            jobs.append(Job(file, place, clash))
    if not jobs:
        raise UsageError(f"Nothing in {', '.join(map(repr, inputs))} ends in {', '.join(sorted(wanted))}.")
    return jobs


def _files_in(folder: str, wanted: Collection[str]) -> Iterator[str]:
    """Files below a folder, in an order that does not change."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            if Path(file).suffix.lower() in wanted:
                yield str(Path(place) / file)


def _made(folder: Path, *, parents: bool = False) -> Path:
    try:
        folder.mkdir(exist_ok=True, parents=parents)
    except OSError as failure:
        raise UsageError(f"The folder {str(folder)!r} cannot be made: {failure.strerror}.") from None
    return folder


def _stem(name: str) -> str:
    return "stdin" if name == STANDARD else Path(name).stem


def _alike(one: str, other: str, place: str) -> str:
    return f"{one!r} and {other!r} would both be written to {place!r}; take them by two commands."
