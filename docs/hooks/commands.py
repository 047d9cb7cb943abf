"""A page of the site for every command there is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from manual import Manual, exit_codes, read_manual
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from sources import address

from nacre.cli import main

PROGRAM = read_manual(main, "nacre")
CODES = exit_codes(main)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages in the navigation."""
    entry = next(entry for entry in config.nav or () if "Commands" in entry)
    entry["Commands"] = [{manual.name: _uri(manual.name)} for manual in PROGRAM.walk()]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for manual in PROGRAM.walk():
        file = File.generated(config, _uri(manual.name), content=page(manual, CODES))
        file.dest_uri = address(file)
        files.append(file)
    return files


def page(manual: Manual, codes: Mapping[int, str]) -> str:
    """Return the page of a command in Markdown."""
    return "\n\n".join([f"# {manual.name}", *_sections(manual, codes)]) + "\n"


def _sections(manual: Manual, codes: Mapping[int, str]) -> Iterator[str]:
    yield _fenced(manual.synopsis)
    for paragraph in manual.description:
        yield _fenced(paragraph.text) if paragraph.verbatim else _prose(paragraph.text)
    if manual.commands:
        yield "## Commands"
        yield "| command | what it does |\n|---|---|\n" + "\n".join(
            f"| [`{each.name}`]({_file(each.name)}) | {_prose(each.summary)} |" for each in manual.commands
        )
    yield "## Options"
    yield from (f"`{written}`\n:   {_prose(what)}" for written, what in manual.options)
    if manual.example:
        yield "## Example"
        yield _fenced(manual.example, "sh")
    yield "## Exit codes"
    yield "| code | meaning |\n|--:|---|\n" + "\n".join(f"| {code} | {codes[code]} |" for code in codes)


def _uri(name: str) -> str:
    return f"docs/commands/{_file(name)}"


def _file(name: str) -> str:
    return "-".join(name.split()[1:] or ["index"]) + ".md"


def _fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text}\n```"


_COMMANDS = {manual.name for manual in PROGRAM.walk()}


def _prose(text: str) -> str:
    """Text of a help, safe in Markdown; commands become links to their pages."""
    parts = text.split("`")
    parts[::2] = (_escaped(part) for part in parts[::2])
    parts[1::2] = (f"[`{part}`]({_file(part)})" if part in _COMMANDS else f"`{part}`" for part in parts[1::2])
    return "".join(parts)


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_|\[\]])", r"\\\1", text).replace("<", "&lt;")
