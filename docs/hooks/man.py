"""Man pages of all commands: ``python docs/hooks/man.py FOLDER``, and then ``man FOLDER/nacre-encode.1``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from manual import Manual, Paragraph, exit_codes, read_manual

from nacre import __version__
from nacre.cli import main


def page(manual: Manual, codes: Mapping[int, str]) -> str:
    """Return the man page of a command, in the man macros of roff."""
    return "\n".join(_lines(manual, codes)) + "\n"


def write_pages(folder: Path) -> None:
    """Write a page for every command to a folder, which is made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    codes = exit_codes(main)
    for manual in read_manual(main, "nacre").walk():
        (folder / f"{_title(manual)}.1").write_text(page(manual, codes), encoding="utf-8")


def _lines(manual: Manual, codes: Mapping[int, str]) -> Iterator[str]:
    yield f'.TH {_title(manual).upper()} 1 "" "nacre {__version__}"'
    yield from (".SH NAME", f"{_title(manual)} \\- {_text(manual.summary)}")
    yield from (".SH SYNOPSIS", _text(manual.synopsis))
    yield ".SH DESCRIPTION"
    for paragraph in manual.description:
        yield from _paragraph(paragraph)
    if manual.commands:
        yield ".SH COMMANDS"
        for command in manual.commands:
            yield from (".TP", f"\\fB{_title(command)}\\fR(1)", _text(command.summary))
    yield ".SH OPTIONS"
    for written, what in manual.options:
        yield from (".TP", f"\\fB{_text(written)}\\fR", _text(what))
    if manual.example:
        yield from (".SH EXAMPLE", *_verbatim(manual.example))
    yield ".SH EXIT STATUS"
    for code, meaning in codes.items():
        yield from (".TP", str(code), _text(meaning))


def _title(manual: Manual) -> str:
    return manual.name.replace(" ", "-")


def _paragraph(paragraph: Paragraph) -> tuple[str, ...]:
    return _verbatim(paragraph.text) if paragraph.verbatim else (".PP", _text(paragraph.text))


def _verbatim(text: str) -> tuple[str, ...]:
    return (".PP", ".nf", _text(text), ".fi")


def _text(text: str) -> str:
    """Text in which roff finds nothing to act on, with hyphens that can be copied."""
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text.replace("\\", "\\e").replace("-", "\\-"))
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
