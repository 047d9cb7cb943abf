"""Jobs carried out one after the other or over processes, each told when it is done.

No job ends the others: what goes wrong is told, and the exit code at the end is that of the first job that
failed.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import click

from nacre.cli.jobs import Job
from nacre.cli.places import STANDARD
from nacre.cli.processes import spread
from nacre.cli.reporting import (
    Failure,
    about,
    describe,
    detail,
    on_terminal,
    print_failure,
    say,
    say_json,
    shown_warnings,
    warn,
    working,
)
from nacre.errors import LimitError


@dataclass(frozen=True)
class Made:
    """What a command has to say of a file that it wrote.

    Attributes
    ----------
    record
        For ``--json``.
    line
        For people.
    details
        For those who asked for them.
    aside
        One more line on stderr.
    notes
        What was changed on the way.
    """

    record: dict[str, Any]
    line: str
    details: str = ""
    aside: str = ""
    notes: tuple[str, ...] = ()


Work = Callable[[Job], Made]


@dataclass(frozen=True)
class _Outcome:
    """How a job ended: with what it made, or with a failure."""

    made: Made | None
    failure: Failure | None
    warnings: tuple[str, ...] = ()


def carry_out(
    work: Work, jobs: Sequence[Job], *, verb: str, processes: int, skip_existing: bool, as_json: bool
) -> None:
    """Do the jobs, tell of each, and leave with the exit code of the first that failed.

    Parameters
    ----------
    work
        Does one job; picklable if there are several processes.
    verb
        What it does, such as "encoding".
    skip_existing
        Leave out jobs whose output is there.
    """
    start = time.perf_counter()
    left = []
    for job in jobs:
        if skip_existing and job.clash is None and os.path.lexists(job.place):
            _tell_skipped(job, as_json)
        else:
            left.append(job)
    codes: dict[int, int] = {}
    with _progress(verb, len(left)) as advance, closing(_outcomes(work, left, verb, processes)) as outcomes:
        for number, outcome in outcomes:
            _tell(left[number], outcome, as_json)
            if outcome.failure is not None:
                codes[number] = outcome.failure.code
            advance()
    if len(jobs) > 1:
        seconds = time.perf_counter() - start
        counts = f"{len(left) - len(codes)} written, {len(jobs) - len(left)} skipped, {len(codes)} failed"
        summary = f"nacre: {len(jobs)} files: {counts}, {seconds:.1f} s"
        if codes:
            click.echo(summary, err=True)  # whatever --quiet says
        else:
            say(summary, err=True)
    if codes:
        click.get_current_context().exit(codes[min(codes)])


def _outcomes(
    work: Work, jobs: Sequence[Job], verb: str, processes: int
) -> Generator[tuple[int, _Outcome], None, None]:
    task = functools.partial(_attempt, work)
    if processes > 1 and len(jobs) > 1:
        yield from spread(task, jobs, processes, _lost)
        return
    for number, job in enumerate(jobs):
        with working(f"{verb} {job.name}", alone=len(jobs) == 1):
            outcome = task(job)
        yield number, outcome


def _attempt(work: Work, job: Job) -> _Outcome:
    """Do a job and catch whatever comes of it, in a form that goes from process to process."""
    made, failure = None, None
    sentences: list[str] = []
    with shown_warnings(sentences.append):
        try:
            job.check()
            made = work(job)
        except BrokenPipeError:  # nobody reads what a single job writes to stdout
            raise
        except Exception as error:
            failure = describe(error)
    return _Outcome(made, failure, (*sentences, *(made.notes if made is not None else ())))


def _lost(job: Job) -> _Outcome:
    sentence = f"The process that worked on {job.name!r} was killed, perhaps for its memory; lower -j."
    return _Outcome(None, Failure(sentence, LimitError.exit_code))


def _tell(job: Job, outcome: _Outcome, as_json: bool) -> None:
    with about(job.name):
        for sentence in outcome.warnings:
            warn(sentence)
    to_stderr = job.place == STANDARD
    if outcome.failure is not None:
        print_failure(outcome.failure)
        if as_json:
            failure = {
                "input": job.name,
                "error": outcome.failure.sentence,
                "exit_code": outcome.failure.code,
            }
            say_json(failure, err=to_stderr, indent=None)
    elif outcome.made is not None:
        if outcome.made.aside:
            say(outcome.made.aside, err=True)
        if as_json:
            say_json(outcome.made.record, err=to_stderr, indent=None)
            return
        say(outcome.made.line, err=to_stderr)
        detail(outcome.made.details)


def _tell_skipped(job: Job, as_json: bool) -> None:
    if as_json:
        say_json({"input": job.name, "output": job.place, "skipped": True}, indent=None)
    else:
        detail(f"{job.name}: {job.place} exists, skipped")


@contextmanager
def _progress(verb: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how many of several jobs are done: on a terminal only, on stderr."""
    if total < 2 or not on_terminal():
        yield lambda: None
        return
    import sys

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Lines for stdout pass above the bar where both are the terminal; a file gets them as they are.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()
    ) as bar:
        shown = bar.add_task(verb, total=total)
        yield lambda: bar.advance(shown)
