"""What the commands say: result lines, warnings, and failures with their exit codes."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO, TypeVar

import click

from nacre.errors import LimitError, NacreError, NacreWarning, UsageError

INTERRUPTED = 130  # 128 + SIGINT, what a shell reports
BROKEN_PIPE = 141  # 128 + SIGPIPE

_QUIET = "nacre.quiet"
_VERBOSE = "nacre.verbose"
_SUBJECT = "nacre.subject"

F = TypeVar("F", bound=Callable[..., Any])


def talk_options(command: F) -> F:
    """Add ``--quiet`` and ``-v`` to a command."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        ctx.meta[f"nacre.{parameter.name}"] = value
        if parameter.name == "verbose" and value:
            logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s")
            logging.getLogger("PIL").setLevel(logging.INFO)  # it tells of every chunk of a file

    for option in (
        click.option("--quiet", is_flag=True, expose_value=False, callback=keep, help="Print errors only."),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=keep,
            help="Print details, the log, and the traceback of an error.",
        ),
    ):
        command = option(command)
    return command


def _setting(name: str) -> Any:
    ctx = click.get_current_context(silent=True)
    return ctx.meta.get(name) if ctx else None


def say(line: str, *, err: bool = False) -> None:
    """Print one line, unless ``--quiet`` was given."""
    if not _setting(_QUIET):
        click.echo(line, err=err)


def detail(text: str) -> None:
    """Print what only ``-v`` asks for, on stderr."""
    if _setting(_VERBOSE):
        say(text, err=True)


def say_json(value: Any, *, err: bool = False, indent: int | None = 2) -> None:
    """Print a value as JSON; what JSON cannot say (an infinite PSNR) becomes null."""
    click.echo(json.dumps(_finite(value), indent=indent, ensure_ascii=False), err=err)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: str = "") -> str:
    """Return rows as aligned columns; those whose indices stand in ``right`` are set flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join((indent + line).rstrip() for line in lines)


@contextlib.contextmanager
def about(subject: str) -> Iterator[None]:
    """Name what the warnings of this block are about."""
    meta = click.get_current_context().meta
    meta[_SUBJECT] = subject
    try:
        yield
    finally:
        del meta[_SUBJECT]


def on_terminal() -> bool:
    """Whether somebody watches stderr who asked neither for silence nor for details."""
    return not _setting(_QUIET) and not _setting(_VERBOSE) and sys.stderr.isatty()


@contextlib.contextmanager
def working(what: str, *, alone: bool = True) -> Iterator[None]:
    """Show that something takes its time: on a terminal only, on stderr, if nothing else is shown there."""
    if not alone or not on_terminal():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def warn(sentence: str) -> None:
    """Print one warning, unless ``--quiet`` was given."""
    subject = _setting(_SUBJECT)
    say(f"nacre: warning: {subject + ': ' if subject else ''}{_one_line(sentence)}", err=True)


@contextlib.contextmanager
def shown_warnings(tell: Callable[[str], object] = warn) -> Iterator[None]:
    """Print each `NacreWarning` as one line, or tell it otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", NacreWarning)
        show_others = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, NacreWarning):
                tell(str(message))
            else:
                show_others(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def fail(error: BaseException) -> int:
    """Print one sentence about an error and return its exit code.

    Click's own exceptions (usage, exit) are raised again: click knows what to do with them.
    """
    if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
        raise error
    if isinstance(error, BrokenPipeError):
        return _leave_pipe()
    failure = describe(error)
    print_failure(failure)
    return failure.code


@dataclass(frozen=True)
class Failure:
    """An error as the user sees it: a sentence, an exit code, and the traceback for those who ask for it."""

    sentence: str
    code: int
    trace: str = ""


def describe(error: BaseException) -> Failure:
    """What an error says to the user."""
    sentence, code = _sentence_and_code(error)
    return Failure(_one_line(sentence), code, "".join(traceback.format_exception(error)))


def print_failure(failure: Failure) -> None:
    """Print the sentence, after the traceback if ``-v`` or NACRE_DEBUG asks for it."""
    if _setting(_VERBOSE) or os.environ.get("NACRE_DEBUG"):
        click.echo(failure.trace, err=True, nl=False)
    click.echo(f"nacre: {failure.sentence}", err=True)


def _sentence_and_code(error: BaseException) -> tuple[str, int]:
    match error:
        case NacreError():
            return str(error), error.exit_code
        case KeyboardInterrupt():
            return "interrupted", INTERRUPTED
        case MemoryError():
            return "Memory ran out; take a smaller picture.", LimitError.exit_code
        case OSError() if error.strerror:
            place = f" {error.filename!r}" if error.filename else ""
            return f"Cannot read or write{place}: {error.strerror}.", UsageError.exit_code
        case _:
            return (
                f"Unexpected {type(error).__name__}: {error}; this is a defect of nacre, please report it "
                "with what the command prints under NACRE_DEBUG=1.",
                NacreError.exit_code,
            )


def _leave_pipe() -> int:
    """Let Python's last flush of stdout go nowhere; the reader has left, and there is nobody to tell."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _one_line(sentence: str) -> str:
    return " ".join(sentence.splitlines())
