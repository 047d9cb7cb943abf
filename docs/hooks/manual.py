"""The manual of every command, read from the commands themselves, as ``--help`` is."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of prose, or lines that stand as they are."""

    text: str
    verbatim: bool = False


@dataclass(frozen=True)
class Manual:
    """What there is to say of one command.

    Attributes
    ----------
    description
        Without the table of `exit_codes`, which has a section of its own on every page.
    options
        How each is written, and what it does, with its default. Arguments are in the synopsis alone.
    commands
        Manuals of the commands in a group.
    """

    name: str
    summary: str
    synopsis: str
    description: tuple[Paragraph, ...]
    options: tuple[tuple[str, str], ...]
    example: str
    commands: tuple[Manual, ...]

    def walk(self) -> Iterator[Manual]:
        """Yield the manual and those of all commands below it."""
        yield self
        for command in self.commands:
            yield from command.walk()


def read_manual(command: click.Command, name: str, above: click.Context | None = None) -> Manual:
    """Return the manual of a command, or of a group and all its commands."""
    context = click.Context(command, info_name=name, parent=above, **command.context_settings)
    records = (option.get_help_record(context) for option in command.get_params(context))
    return Manual(
        name=context.command_path,
        summary=command.get_short_help_str(limit=1000).removesuffix("."),
        synopsis=" ".join([context.command_path, *command.collect_usage_pieces(context)]),
        description=tuple(part for part in _paragraphs(command.help or "") if not _is_exit_codes(part)),
        options=tuple(record for record in records if record is not None and record[1]),
        example=(command.epilog or "").removeprefix("Example: "),
        commands=tuple(read_manual(each, its, context) for its, each in _commands(command, context)),
    )


def exit_codes(program: click.Command) -> dict[int, str]:
    """Return what the exit codes mean, from the table in the program's help."""
    table = next(part.text for part in _paragraphs(program.help or "") if _is_exit_codes(part))
    found = re.findall(r"(?:^|  )\s*(\d) (.+?)(?=\s{2}|$)", table, re.MULTILINE)
    return {int(code): meaning for code, meaning in sorted(found)}


def _is_exit_codes(part: Paragraph) -> bool:
    return part.text.startswith("Exit codes:")


def _commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield name, found


def _paragraphs(text: str) -> Iterator[Paragraph]:
    for part in inspect.cleandoc(text).split("\n\n"):
        # click's mark of lines that are not to be filled.
        if part.startswith("\b\n"):
            yield Paragraph(textwrap.dedent(part.removeprefix("\b\n")).rstrip(), verbatim=True)
        else:
            yield Paragraph(" ".join(part.split()))
