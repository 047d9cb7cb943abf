"""The man pages: one a command, as groff wants them, with what ``--help`` says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from nacre import errors
from nacre.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def man(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the pages, written as `make man` does."""
    folder = tmp_path_factory.mktemp("man") / "man1"
    subprocess.run([sys.executable, ROOT / "docs" / "hooks" / "man.py", folder], check=True, timeout=120)
    return folder


def test_every_command_has_a_page(man: Path) -> None:
    commands = {f"nacre-{name}.1" for name in main.list_commands(click.Context(main))}
    assert commands | {"nacre.1", "nacre-weights-list.1"} <= {path.name for path in man.iterdir()}


def test_what_a_page_says(man: Path) -> None:
    page = (man / "nacre-encode.1").read_text(encoding="utf-8").replace("\\-", "-")
    sections = re.findall(r"^\.SH (.*)$", page, re.MULTILINE)
    assert sections == ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLE", "EXIT STATUS"]
    assert "nacre encode [OPTIONS] IN..." in page
    assert "\\fB-q, --quality Q\\fR\nQuality, 0 to 100.\n" in page
    assert "[default: progressive]" in page
    assert "\\fB-h, --help\\fR" in page


def test_exit_codes_are_those_of_the_errors(man: Path) -> None:
    status = (man / "nacre.1").read_text(encoding="utf-8").partition(".SH EXIT STATUS\n")[2]
    kinds = [kind for kind in vars(errors).values() if hasattr(kind, "exit_code")]
    assert [int(code) for code in status.split("\n")[1::3]] == [
        0,
        *sorted({kind.exit_code for kind in kinds}),
    ]


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_finds_nothing_to_complain_of(man: Path) -> None:
    words = ["groff", "-man", "-ww", "-Tutf8", *sorted(man.iterdir())]
    shown = subprocess.run(words, capture_output=True, check=True, timeout=60)
    assert shown.stderr == b""
