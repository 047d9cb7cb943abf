"""The page about the library: every public name, with what its docstring says."""

from __future__ import annotations

import inspect

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from sources import address

import nacre

LEAD = "Everything below is imported from `nacre`. Functions never print; they warn with `NacreWarning`."
GIVEN = (
    "nacre.api.FileRatePoint",
    "nacre.api.SegmentInfo",
    "nacre.api.FileLayer",
    "nacre.picture.metrics.Comparison",
    "nacre.codecs.contract.CodecInfo",
)
"""Classes that public functions return, and that nobody makes."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the page."""
    file = File.generated(config, "docs/library.md", content=page())
    file.dest_uri = address(file)
    files.append(file)
    return files


def page() -> str:
    """Return the page in Markdown, with a directive of mkdocstrings for each name."""
    public = {name: getattr(nacre, name) for name in nacre.__all__}
    functions = [name for name, value in public.items() if inspect.isfunction(value)]
    classes = {name: value for name, value in public.items() if inspect.isclass(value)}
    errors = [name for name, value in classes.items() if issubclass(value, Exception)]
    results = [f"nacre.{name}" for name in classes if name not in errors]
    return "\n\n".join(
        [
            "# Python",
            LEAD,
            "## Functions",
            *(f"::: nacre.{name}" for name in functions),
            "## What they give",
            *(f"::: {name}" for name in (*results, *GIVEN)),
            "## Errors and warnings",
            *(f"::: nacre.{name}" for name in sorted(errors, key=lambda each: _order(classes[each]))),
        ]
    )


def _order(error: type[Exception]) -> tuple[bool, int]:
    """The base first, then by exit code, warnings last."""
    return issubclass(error, Warning), getattr(error, "exit_code", 0)
