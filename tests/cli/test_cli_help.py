"""Help and shell completion."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner, Result

from nacre.cli import main
from nacre.codecs.registry import codec_names

Run = Callable[..., Result]


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        yield (*path, name)
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


@pytest.mark.parametrize("command", list(commands(main)), ids=" ".join)
def test_every_command_shows_an_example(run: Run, command: tuple[str, ...]) -> None:
    text = run(*command, "--help").stdout
    example = text.partition("Example: ")[2]
    assert f"nacre {' '.join(command)}" in " ".join(example.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0, result.output
    assert f"_NACRE_COMPLETE={shell}_complete" in result.stdout
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=result.stdout, text=True, check=True, timeout=60)


def test_other_shells(run: Run) -> None:
    assert run("completion", "csh").exit_code == 2


def completed(*words: str) -> list[list[str]]:
    """What bash would be offered for the last word: kind and value of each."""
    environment = {
        "_NACRE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("nacre", *words)),
        "COMP_CWORD": str(len(words)),
    }
    result = CliRunner(env=environment).invoke(main, [])
    return [line.split(",", 1) for line in result.stdout.splitlines()]


def test_what_is_completed() -> None:
    assert completed("enc") == [["plain", "encode"]]
    assert ["plain", "--skip-existing"] in completed("encode", "--sk")
    assert [value for _, value in completed("encode", "--codec", "lstm")] == [
        name for name in codec_names() if name.startswith("lstm")
    ]
    for words in (["encode", "pho"], ["decode", "pho"], ["info", "pho"], ["cut", "a.nacre", "-o", "sm"]):
        assert completed(*words)[0][0] == "file"
