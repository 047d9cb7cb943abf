"""The command line: parsing and printing only; the work is done by `nacre.api`."""

from __future__ import annotations

from typing import Any

import click

from nacre.cli.lazy import LazyGroup
from nacre.cli.reporting import fail, shown_warnings

_COMMANDS = {
    "encode": "nacre.cli.encode:encode",
    "cut": "nacre.cli.cut:cut",
    "decode": "nacre.cli.decode:decode",
    "info": "nacre.cli.info:info",
    "compare": "nacre.cli.compare:compare",
    "sheet": "nacre.cli.sheet:sheet",
    "codecs": "nacre.cli.codecs:codecs",
    "weights": "nacre.cli.weights:weights",
    "doctor": "nacre.cli.doctor:doctor",
    "bench": "nacre.cli.bench:bench",
    "train": "nacre.cli.train:train",
    "export": "nacre.cli.train:export",
    "completion": "nacre.cli.completion:completion",
}

_HELP = """Learned compression: one file per photograph, which can be cut at any byte and still decodes.

\b
  nacre encode photo.jpg                          photo.nacre
  nacre cut photo.nacre --bytes 20k -o small.nacre
  nacre decode small.nacre                        small.png

"-" stands for stdin and stdout; k is 1000; no file is overwritten without -f.

\b
Exit codes:
  0 well                                5 weights not installed, or damaged
  1 a defect of nacre                   6 picture unreadable or unsupported
  2 usage                               7 over a limit
  3 not a nacre file, or a damaged one  8 target cannot be reached
  4 cut below the first layer           9 output exists already
"""


class Program(LazyGroup):
    """The group of all commands, which turns every error into one sentence and an exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line and exit."""
        extra.setdefault("prog_name", "nacre")
        return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command."""
        with shown_warnings():
            try:
                return super().invoke(ctx)
            except (Exception, KeyboardInterrupt) as error:
                return ctx.exit(fail(error))


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from nacre import __version__

        click.echo(f"nacre {__version__}")
        ctx.exit()


main = Program(
    name="nacre",
    help=_HELP,
    commands_at=_COMMANDS,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version and exit.",
        )
    ],
)
